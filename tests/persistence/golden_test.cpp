// The format, held fast: what was written once is written again byte for byte, and read for ever.
// A file that is missing is made, and the test fails: look at it, then keep it.

#include <filesystem>
#include <fstream>
#include <iterator>

#include "persistence/lmdb/layout.h"
#include "tests/persistence/samples.h"
#include "tests/persistence/support.h"

namespace perdure::persistence {

namespace {

using namespace testing;

/// Returns the bytes of a golden file, made from `fresh` when there is none.
bytes golden(const std::string& name, const bytes& fresh) {
  auto path = std::filesystem::path(PERDURE_GOLDEN_DIR) / (name + ".bin");
  if (!std::filesystem::exists(path)) {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << as_text(fresh);
    FAIL_CHECK("made " << path.string());
  }
  std::ifstream in(path, std::ios::binary);
  std::string content{std::istreambuf_iterator<char>(in), {}};
  return bytes_of(content);
}

/// Returns the bytes of a golden file that an earlier version has written.
bytes earlier(const std::string& name) { return golden(name, {}); }

}  // namespace

// The files in the folder itself are of the version before there were activities, messages between
// entities and attributes; those in `2/` of the version before entities had lives with names; those
// of today are in `3/`.

TEST_CASE("golden: records of the first version are read as ever") {
  for (auto& [name, sample] : first_sample_records()) {
    CAPTURE(name);
    auto kept = earlier(name);
    auto step = decode_record(kept);
    REQUIRE(step);
    CHECK(*step == sample.step);
    CHECK(decode_header(kept)->after == sample.after);
    CHECK_FALSE(decode_header(kept)->attributes);
  }
  CHECK(decode_snapshot(earlier("snapshot"))->carried == first_sample_snapshot().carried);
}

TEST_CASE("golden: records of the second version are read as ever") {
  for (auto& [name, sample] : second_sample_records()) {
    CAPTURE(name);
    auto kept = earlier("2/" + name);
    auto step = decode_record(kept);
    REQUIRE(step);
    CHECK(*step == sample.step);
    CHECK(decode_header(kept)->after == sample.after);
    CHECK(decode_header(kept)->attributes == sample.attributes);
  }
  CHECK(decode_snapshot(earlier("2/snapshot_first"))->carried == first_sample_snapshot().carried);
  CHECK(decode_snapshot(earlier("2/snapshot"))->carried == second_sample_snapshot().carried);
}

TEST_CASE("golden: a record that says nothing new is written as the second version did") {
  for (auto& [name, sample] : second_sample_records()) {
    CAPTURE(name);
    auto fresh = encode_record(sample.entity, sample.step, sample.after, sample.attributes);
    bool has_extra = sample.step.from || !sample.step.settles.empty() || sample.attributes;
    bool is_start_of_run = sample.after.run_began == sample.step.event && sample.step.event != 1;
    if (!has_extra && !is_start_of_run) CHECK(fresh == earlier("2/" + name));
  }
}

TEST_CASE("golden: records are written and read as ever") {
  for (auto& [name, sample] : sample_records()) {
    CAPTURE(name);
    auto fresh = encode_record(sample.entity, sample.step, sample.after, sample.attributes);
    auto kept = golden("3/" + name, fresh);
    CHECK(fresh == kept);
    auto step = decode_record(kept);
    REQUIRE(step);
    CHECK(*step == sample.step);
    CHECK(decode_header(kept)->after == sample.after);
    CHECK(decode_header(kept)->attributes == sample.attributes);
  }
}

TEST_CASE("golden: a snapshot is written and read as ever") {
  for (auto& [name, sample] : {std::pair{"3/snapshot_first", first_sample_snapshot()},
                               {"3/snapshot", sample_snapshot()}}) {
    auto kept = golden(name, encode_snapshot(sample));
    CHECK(encode_snapshot(sample) == kept);
    CHECK(decode_snapshot(kept)->carried == sample.carried);
  }
}

TEST_CASE("golden: values of the log and the index are written and read as ever") {
  auto [name, sample] = first_sample_records().front();
  auto encoded = earlier(name);
  bytes entry(lmdb::log_head_bytes + encoded.size());
  lmdb::write_log_entry(
      {.number = 258, .crc = 0, .begins_run = true, .back = 0, .encoded = encoded}, entry.data());
  CHECK(golden("log_entry", entry) == entry);
  CHECK(lmdb::read_log_entry(258, golden("log_entry", entry)));

  lmdb::index_row row{{sample.after, 258}, at(5), 1};
  auto packed = lmdb::write_row(row);
  CHECK(golden("index_row", {packed.begin(), packed.end()}) == bytes(packed.begin(), packed.end()));

  row.state.summary.pending = true;
  row.state.summary.status = entity_status::paused;
  packed = lmdb::write_row(row);
  CHECK(golden("2/index_row", {packed.begin(), packed.end()}) ==
        bytes(packed.begin(), packed.end()));

  row.state.summary.unsettled = true;
  packed = lmdb::write_row(row);
  CHECK(golden("3/index_row", {packed.begin(), packed.end()}) ==
        bytes(packed.begin(), packed.end()));

  auto attributes = lmdb::write_checked(encode_attributes(sample_snapshot().carried.attributes));
  CHECK(golden("2/attributes", attributes) == attributes);
  auto progress = lmdb::write_checked(encode_progress(sample_progress()));
  CHECK(golden("2/progress", progress) == progress);
  auto key = lmdb::progress_key(std::string("cart\0alice", 10), 31);
  CHECK(golden("2/progress_key", key) == key);

  auto stored = lmdb::write_snapshot({258, 0xABCD, earlier("snapshot")});
  CHECK(golden("stored_snapshot", stored) == stored);

  auto ended = lmdb::garbage_key(lmdb::garbage::kind::entity, at(9), 258);
  CHECK(golden("garbage_key", {ended.begin(), ended.end()}) == bytes(ended.begin(), ended.end()));
}

}  // namespace perdure::persistence
