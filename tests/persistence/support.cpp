#include "tests/persistence/support.h"

#include <stdlib.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <random>

#include "sharding/shard.h"

namespace perdure::persistence::testing {

temporary_directory::temporary_directory() {
  auto name = (std::filesystem::temp_directory_path() / "perdure-test-XXXXXX").string();
  REQUIRE(::mkdtemp(name.data()) != nullptr);
  path_ = name;
}

temporary_directory::~temporary_directory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

timestamp at(std::int64_t ms) { return timestamp{duration{1'700'000'000'000 + ms}}; }

bytes bytes_of(std::string_view text) {
  auto view = as_bytes_view(text);
  return {view.begin(), view.end()};
}

std::uint64_t seed() {
  static const std::uint64_t value = [] {
    std::ifstream line("/proc/self/cmdline", std::ios::binary);
    std::string argument;
    bool next = false;
    while (std::getline(line, argument, '\0')) {
      if (next) return static_cast<std::uint64_t>(std::stoull(argument));
      next = argument == "--seed";
    }
    return static_cast<std::uint64_t>(std::random_device{}());
  }();
  return value;
}

// -- storyteller ---------------------------------------------------------------------------------

batch storyteller::tell(const entity_id& entity, core::input what, telling with) {
  auto& told = told_[entity];
  auto& summary = told.summary;
  bool begins_again = std::holds_alternative<core::main_started>(what) && has_ended(summary.status);
  bool begins_run = begins_again || std::holds_alternative<core::run_continued>(what) ||
                    std::holds_alternative<core::run_reset>(what);
  core::record step;
  step.event = summary.last_event + 1;
  step.time = at(now++);
  if (step.event == 1) summary.created = step.time;
  if (begins_run) {
    ++summary.run;
    summary.run_began = step.event;
    told.run_bytes = 0;
    // The records that set them may be removed.
    if (!with.attributes) with.attributes = told.attributes;
  }
  if (begins_again) summary.status = entity_status::running;
  if (std::holds_alternative<core::terminated>(what)) summary.status = entity_status::terminated;
  summary.status = with.status.value_or(summary.status);
  step.run = summary.run;
  step.what = std::move(what);
  step.commands = std::move(with.commands);
  step.state_digest = with.state_digest;
  summary.last_event = step.last_event();
  summary.run_bytes = told.run_bytes;
  summary.last_active = step.time;
  summary.next_due = with.due.value_or(summary.next_due);
  bool alive = !has_ended(summary.status);
  summary.pending = with.pending.value_or(alive && summary.pending);
  summary.unsettled = with.unsettled.value_or(alive && summary.unsettled);
  if (!alive) summary.next_due.reset();
  told.attributes = with.attributes.value_or(told.attributes);
  auto encoded = encode_record(entity, step, summary, with.attributes);
  batch made{.shard = sharding::shard_of(entity, shard_count_),
             .epoch = epoch,
             .entity = entity,
             .first_event = step.event,
             .after = summary,
             .attributes = std::move(with.attributes),
             .encoded = encoded};
  told.run_bytes += encoded.size();
  told.records.push_back(std::move(step));
  return made;
}

batch storyteller::signal(const entity_id& entity, std::size_t size, std::size_t commands) {
  auto number = knows(entity) ? summary(entity).last_event : 0;
  bytes params(size, static_cast<std::byte>('a' + number % 26));
  std::vector<core::command> caused(commands, core::timer_cancelled{number});
  return tell(entity, core::signal_received{7, params}, {.commands = caused});
}

batch storyteller::due(const entity_id& entity, std::optional<timestamp> due) {
  return tell(entity, core::signal_received{7, bytes_of("due")}, {.due = due});
}

batch storyteller::digested(const entity_id& entity, std::uint64_t state_digest) {
  return tell(entity, core::signal_received{7, bytes_of("digest")}, {.state_digest = state_digest});
}

batch storyteller::continued(const entity_id& entity) {
  core::carried_state carried;
  carried.state = bytes_of("carried");
  carried.created = at(0);
  return tell(entity, core::run_continued{std::move(carried)});
}

batch storyteller::terminated(const entity_id& entity) {
  return tell(entity, core::terminated{"enough"});
}

batch storyteller::started(const entity_id& entity) {
  return tell(entity, core::main_started{3, bytes_of("go"), {}, false});
}

batch storyteller::ended(const entity_id& entity, entity_status how) {
  return tell(
      entity, core::main_due{},
      {.commands = {core::main_ended{static_cast<core::life_status>(how), {}}}, .status = how});
}

batch storyteller::ended_open(const entity_id& entity, bool pending, bool unsettled) {
  return tell(entity, core::main_due{},
              {.commands = {core::main_ended{core::life_status::completed, {}}},
               .pending = pending,
               .unsettled = unsettled,
               .status = entity_status::completed});
}

batch storyteller::settled(const entity_id& entity, bool pending, bool unsettled) {
  return tell(entity, core::settled{}, {.pending = pending, .unsettled = unsettled});
}

batch storyteller::attributed(const entity_id& entity, core::attributes attributes) {
  return tell(entity, core::signal_received{7, bytes_of("attributes")},
              {.attributes = std::move(attributes)});
}

batch storyteller::pending(const entity_id& entity, bool pending) {
  return tell(entity, core::signal_received{7, bytes_of("pending")}, {.pending = pending});
}

snapshot storyteller::take(const entity_id& entity) const {
  auto& now_is = summary(entity);
  snapshot taken;
  taken.entity = entity;
  taken.run = now_is.run;
  taken.event = now_is.last_event;
  taken.run_events = now_is.last_event - now_is.run_began + 1;
  taken.state_digest = 1000 + now_is.last_event;
  taken.carried.state = bytes_of("state at " + std::to_string(now_is.last_event));
  return taken;
}

// -- journals ------------------------------------------------------------------------------------

std::vector<append_outcome> append(journal& to, const std::vector<batch>& batches) {
  std::vector<append_outcome> outcomes(batches.size(), append_outcome::unknown);
  to.append(batches, outcomes);
  return outcomes;
}

batch under(sharding::epoch_number epoch, batch told) {
  told.epoch = epoch;
  return told;
}

void must_append(journal& to, const std::vector<batch>& batches) {
  for (auto outcome : append(to, batches)) REQUIRE(outcome == append_outcome::ok);
}

lmdb_options quiet(const std::filesystem::path& directory) {
  lmdb_options options;
  options.directory = directory;
  options.shard_count = 16;
  options.background = false;
  options.journal_map_bytes = std::size_t{64} << 20;
  options.index_map_bytes = std::size_t{64} << 20;
  return options;
}

std::unique_ptr<journal> open(const lmdb_options& options) {
  auto opened = open_lmdb_journal(options);
  REQUIRE_MESSAGE(opened, (opened ? std::string() : opened.error().detail));
  return std::move(*opened);
}

std::vector<std::pair<entity_id, timestamp>> due_of(const journal& from, timestamp until) {
  std::vector<std::pair<entity_id, timestamp>> found;
  auto read = from.due(until);
  while (read([&](const entity_id& entity, timestamp due) { found.emplace_back(entity, due); })) {
  }
  std::ranges::sort(found);
  return found;
}

std::vector<entity_id> pending_of(const journal& from) {
  std::vector<entity_id> found;
  from.pending([&](const entity_id& entity) { found.push_back(entity); });
  std::ranges::sort(found);
  return found;
}

std::vector<entity_id> held_of(const journal& from, timestamp now) {
  constexpr std::size_t most = 3;
  std::vector<entity_id> all;
  for (auto page = std::vector<entity_id>(most); page.size() == most;) {
    page = from.held_back(now, most);
    CHECK(page.size() <= most);
    all.insert(all.end(), page.begin(), page.end());
  }
  return all;
}

void collect_all(journal& in, timestamp now) {
  in.flush();
  while (in.collect(now)) in.flush();
  in.flush();
}

std::size_t flip_bit(const std::filesystem::path& directory, std::string_view marker) {
  auto path = directory / "journal" / "data.mdb";
  std::ifstream in(path, std::ios::binary);
  std::string content{std::istreambuf_iterator<char>(in), {}};
  std::size_t places = 0;
  for (auto found = content.find(marker); found != std::string::npos;
       found = content.find(marker, found + 1)) {
    std::fstream out(path, std::ios::binary | std::ios::in | std::ios::out);
    out.seekp(static_cast<std::streamoff>(found));
    out.put(static_cast<char>(content[found] ^ 1));
    ++places;
  }
  return places;
}

}  // namespace perdure::persistence::testing
