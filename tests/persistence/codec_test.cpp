// Every kind of input and command survives its bytes; what is damaged is an error, never a crash.

#include <array>
#include <random>
#include <set>
#include <variant>

#include "persistence/lmdb/crc32c.h"
#include "persistence/lmdb/layout.h"
#include "tests/persistence/samples.h"
#include "tests/persistence/support.h"

namespace perdure::persistence {

namespace {

using namespace testing;

}  // namespace

TEST_CASE("codec: every kind of step and command is read as it was written") {
  for (auto& [name, sample] : sample_records()) {
    CAPTURE(name);
    auto encoded = encode_record(sample.entity, sample.step, sample.after, sample.attributes);
    auto step = decode_record(encoded);
    REQUIRE(step);
    CHECK(*step == sample.step);
    auto head = decode_header(encoded);
    REQUIRE(head);
    CHECK(head->entity == sample.entity);
    CHECK(head->first_event == sample.step.event);
    CHECK(head->after == sample.after);
    CHECK(head->attributes == sample.attributes);
  }
}

TEST_CASE("codec: there is a sample of every kind of input and command") {
  std::set<std::size_t> inputs;
  std::set<std::size_t> commands;
  for (auto& [name, sample] : sample_records()) {
    inputs.insert(sample.step.what.index());
    for (auto& command : sample.step.commands) commands.insert(command.index());
  }
  CHECK(inputs.size() == std::variant_size_v<core::input>);
  CHECK(commands.size() == std::variant_size_v<core::command>);
}

TEST_CASE("codec: every error code comes through") {
  for (auto code = errc::malformed; code <= errc::history_full;
       code = static_cast<errc>(static_cast<int>(code) + 1)) {
    core::record step;
    step.event = 1;
    step.what = core::activity_ended{1, {{}, error{code, "why", "what"}}};
    entity_summary after;
    after.last_event = 1;
    CHECK(*decode_record(encode_record({"cart", "x"}, step, after)) == step);
  }
}

TEST_CASE("codec: a reset of a reset of a reset is read as it was written") {
  core::record step;
  step.event = 1;
  step.what = core::signal_received{7, bytes_of("the very first")};
  for (int i = 0; i < 300; ++i) {
    core::record outer;
    outer.event = 1;
    outer.what = core::run_reset{1, "again", {step}, {}};
    step = std::move(outer);
  }
  entity_summary after;
  after.last_event = 1;
  CHECK(*decode_record(encode_record({"cart", "x"}, step, after)) == step);
}

TEST_CASE("codec: attributes and progress are read as they were written") {
  auto attributes = sample_snapshot().carried.attributes;
  CHECK(*decode_attributes(encode_attributes(attributes)) == attributes);
  CHECK(decode_attributes(encode_attributes({}))->empty());
  CHECK(*decode_progress(encode_progress(sample_progress())) == sample_progress());
  CHECK(*decode_progress(encode_progress({})) == activity_progress{});
}

TEST_CASE("codec: a snapshot is read as it was written") {
  auto taken = sample_snapshot();
  auto read = decode_snapshot(encode_snapshot(taken));
  REQUIRE(read);
  CHECK(read->entity == taken.entity);
  CHECK(read->run == taken.run);
  CHECK(read->event == taken.event);
  CHECK(read->run_events == taken.run_events);
  CHECK(read->state_digest == taken.state_digest);
  CHECK(read->carried == taken.carried);
}

TEST_CASE("codec: a record is read from any address") {
  auto sample = sample_records().front().second;
  auto encoded = encode_record(sample.entity, sample.step, sample.after, sample.attributes);
  for (std::size_t shift = 0; shift < 8; ++shift) {
    bytes shifted(shift);
    shifted.insert(shifted.end(), encoded.begin(), encoded.end());
    CHECK(*decode_record(bytes_view(shifted).subspan(shift)) == sample.step);
  }
}

TEST_CASE("codec: a large payload goes through") {
  core::record step;
  step.event = 1;
  step.what = core::update_accepted{1, bytes(8 << 20, std::byte{42})};
  entity_summary after;
  after.last_event = 1;
  auto encoded = encode_record({"cart", "x"}, step, after);
  CHECK(*decode_record(encoded) == step);
}

TEST_CASE("codec: a reset of a run as large as runs may be is read as it was written") {
  core::record reset;
  core::run_reset what{60'000, "a mistake", {}, {}};
  for (event_number event = 1; event <= 60'000; ++event) {
    core::record step;
    step.event = event;
    step.what = core::signal_received{7, bytes(700, static_cast<std::byte>(event))};
    if (event % 2 == 0) step.from = core::origin{{"order", "7"}, at(-5000), event, {}};
    (event % 10 == 0 ? what.signals : what.history).push_back(std::move(step));
  }
  reset.event = 60'001;
  reset.what = std::move(what);
  entity_summary after;
  after.run_began = after.last_event = 60'001;
  auto encoded = encode_record({"cart", "x"}, reset, after);
  CHECK(encoded.size() > 50 * 1024 * 1024);
  CHECK(decode_header(encoded)->after == after);
  auto step = decode_record(encoded);
  REQUIRE(step);
  CHECK(*step == reset);
}

TEST_CASE("codec: a small signal takes few bytes") {
  core::record step;
  step.event = 1;
  step.what = core::signal_received{1, bytes(32)};
  entity_summary after;
  after.last_event = 1;
  CHECK(encode_record({"cart", "user-123456"}, step, after).size() <= 208);
}

TEST_CASE("codec: what is cut short is an error") {
  for (auto& [name, sample] : sample_records()) {
    CAPTURE(name);
    auto encoded = encode_record(sample.entity, sample.step, sample.after, sample.attributes);
    for (std::size_t size = 0; size < encoded.size(); size += 7) {
      auto step = decode_record(bytes_view(encoded).first(size));
      REQUIRE_FALSE(step);
      CHECK(step.error().code == errc::internal);
      CHECK_FALSE(decode_header(bytes_view(encoded).first(size)));
    }
  }
}

TEST_CASE("codec: random damage is never more than an error or another value") {
  MESSAGE("--seed " << seed());
  std::mt19937_64 random(seed());
  std::size_t refused = 0;
  for (int round = 0; round < 200; ++round) {
    for (auto& [name, sample] : sample_records()) {
      auto encoded = encode_record(sample.entity, sample.step, sample.after, sample.attributes);
      for (int flips = 0; flips < 3; ++flips) {
        encoded[random() % encoded.size()] ^= static_cast<std::byte>(1 + random() % 255);
      }
      auto step = decode_record(encoded);
      auto head = decode_header(encoded);
      if (!step || !head) ++refused;
    }
    auto encoded = encode_snapshot(sample_snapshot());
    encoded[random() % encoded.size()] ^= std::byte{8};
    auto read = decode_snapshot(encoded);
    if (!read) ++refused;
  }
  CHECK(refused > 0);
}

TEST_CASE("codec: a kind of a newer version is named, not guessed") {
  core::record step;
  step.event = 1;
  step.what = core::timer_fired{5};
  entity_summary after;
  after.last_event = 1;
  auto encoded = encode_record({"cart", "x"}, step, after);
  // The union's tag: bits [544, 560) of the data, after the segment table and the root pointer.
  encoded[8 + 8 + 544 / 8] = std::byte{200};
  auto read = decode_record(encoded);
  REQUIRE_FALSE(read);
  CHECK(read.error().detail.find("an input of kind 200") != std::string::npos);
  CHECK(decode_header(encoded));
}

TEST_CASE("layout: the checksum is CRC32C") {
  CHECK(lmdb::crc32c(as_bytes_view("123456789")) == 0xE3069283U);
  CHECK(lmdb::crc32c(as_bytes_view("6789"), lmdb::crc32c(as_bytes_view("12345"))) == 0xE3069283U);
}

TEST_CASE("layout: a record of the log is bound to its number") {
  auto encoded = bytes_of("whatever");
  bytes value(lmdb::log_head_bytes + encoded.size());
  auto crc = lmdb::write_log_entry(
      {.number = 7, .crc = 0, .begins_run = true, .back = 3, .encoded = encoded}, value.data());
  auto entry = lmdb::read_log_entry(7, value);
  REQUIRE(entry);
  CHECK(entry->crc == crc);
  CHECK(entry->begins_run);
  CHECK(entry->back == 3);
  CHECK(bytes(entry->encoded.begin(), entry->encoded.end()) == encoded);
  CHECK_FALSE(lmdb::read_log_entry(8, value));
  for (auto& byte : value) {
    byte ^= std::byte{16};
    CHECK_FALSE(lmdb::read_log_entry(7, value));
    byte ^= std::byte{16};
  }
}

TEST_CASE("layout: keys sort as what they stand for") {
  const std::array<entity_id, 5> ordered{
      {{"a", "z"}, {"a", std::string("z\0", 2)}, {"a", "zz"}, {"aa", ""}, {"b", "\xff"}}};
  for (std::size_t i = 0; i + 1 < ordered.size(); ++i) {
    lmdb::entity_key here(ordered[i]);
    lmdb::entity_key next(ordered[i + 1]);
    CHECK(here.text() < next.text());
    CHECK(ordered[i] < ordered[i + 1]);
    CHECK(lmdb::entity_of(here.text()) == ordered[i]);
  }
  CHECK(lmdb::sortable(at(-1'800'000'000'000)) < lmdb::sortable(at(0)));
  CHECK(lmdb::from_sortable(lmdb::sortable(at(-5))) == at(-5));
}

TEST_CASE("layout: a row is read as it was written") {
  lmdb::index_row row;
  row.state.last = 99;
  row.state.summary = sample_records().front().second.after;
  row.state.summary.unsettled = true;
  row.due_indexed = at(17);
  row.snapshot_event = 3;
  auto read = lmdb::read_row(lmdb::write_row(row));
  REQUIRE(read);
  CHECK(read->state.last == 99);
  CHECK(read->state.summary == row.state.summary);
  CHECK(read->due_indexed == row.due_indexed);
  CHECK(read->snapshot_event == 3);
  CHECK_FALSE(lmdb::read_row(bytes(lmdb::index_row_bytes)));
  CHECK_FALSE(lmdb::read_row(bytes(12)));
}

}  // namespace perdure::persistence
