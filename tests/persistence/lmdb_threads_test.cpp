// One writer, many readers, and the index written meanwhile: every answer is one that was true.

#include <atomic>
#include <thread>

#include "tests/persistence/support.h"

namespace perdure::persistence {

namespace {

using namespace testing;

constexpr int entity_count = 50;
constexpr int rounds = 60;

entity_id entity_at(int i) { return {"cart", std::to_string(i)}; }

/// Loads one entity and says whether the answer is whole: its snapshot and records without a gap.
bool is_whole(const journal& from, const entity_id& entity, event_number at_least) {
  auto loaded = from.load(entity);
  if (!loaded || loaded->summary.last_event < at_least) return false;
  auto next = loaded->base ? loaded->base->event + 1 : loaded->summary.run_began;
  for (auto& record : loaded->records) {
    if (record.event != next) return false;
    next = record.last_event() + 1;
  }
  return next == loaded->summary.last_event + 1;
}

}  // namespace

TEST_CASE("threads: readers see whole entities while the writer appends and the index is written") {
  temporary_directory directory;
  storyteller story(16);
  auto options = quiet(directory.path());
  options.background = true;
  options.flush_records = 100;
  options.flush_interval = 5ms;
  options.rows_kept = 64;
  auto journal = open(options);
  story.epoch = journal->acquire_all().front();
  std::vector<batch> first;
  for (int i = 0; i < entity_count; ++i) first.push_back(story.signal(entity_at(i)));
  must_append(*journal, first);

  std::atomic<bool> done{false};
  std::atomic<std::uint64_t> returned{1};  // Events that every entity has, whose append returned.
  std::atomic<int> wrong{0};
  auto read = [&](int offset) {
    for (int i = offset; !done; i = (i + 7) % entity_count) {
      auto at_least = returned.load();
      if (!is_whole(*journal, entity_at(i), at_least)) ++wrong;
      auto found = journal->find(entity_at(i));
      if (!found || found->last_event < at_least) ++wrong;
      if (journal->list({.type = "cart", .status = {}, .after = {}, .limit = 1000}).size() !=
          entity_count) {
        ++wrong;
      }
      due_of(*journal, at(1'000'000));
    }
  };
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) readers.emplace_back(read, i);
  for (int round = 0; round < rounds; ++round) {
    std::vector<batch> batches;
    for (int i = 0; i < entity_count; ++i) {
      bool continues = round % 20 == 19;
      batches.push_back(continues ? story.continued(entity_at(i))
                                  : story.due(entity_at(i), at(round * 100 + i)));
    }
    must_append(*journal, batches);
    returned = story.summary(entity_at(0)).last_event;
    if (round % 10 == 5) {
      for (int i = 0; i < entity_count; ++i) journal->keep(story.take(entity_at(i)));
    }
    journal->collect(at(1'000'000));
    if (round % 7 == 0) story.epoch = journal->acquire_all().front();
  }
  done = true;
  for (auto& reader : readers) reader.join();
  CHECK(wrong == 0);
  journal->flush();
  for (int i = 0; i < entity_count; ++i) {
    CHECK(journal->find(entity_at(i)) == story.summary(entity_at(i)));
  }
}

TEST_CASE("threads: attributes, what is pending and progress are never missed meanwhile") {
  temporary_directory directory;
  storyteller story(16);
  auto options = quiet(directory.path());
  options.background = true;
  options.flush_records = 100;
  options.flush_interval = 2ms;
  options.rows_kept = 64;
  auto journal = open(options);
  story.epoch = journal->acquire_all().front();
  auto tell_all = [&](std::int64_t round) {
    std::vector<batch> batches;
    for (int i = 0; i < entity_count; ++i) {
      batches.push_back(
          story.tell(entity_at(i), core::signal_received{1, {}},
                     {.attributes = core::attributes{{"round", round}}, .pending = true}));
    }
    must_append(*journal, batches);
  };
  tell_all(0);

  std::atomic<bool> done{false};
  std::atomic<std::int64_t> returned{0};
  std::atomic<int> wrong{0};
  auto read = [&](event_number activity) {
    for (std::uint32_t attempt = 1; !done; ++attempt) {
      auto at_least = returned.load();
      auto has = [&](const core::attributes& own) {
        auto round = own.find("round");
        return round != own.end() && std::get<std::int64_t>(round->second) >= at_least;
      };
      if (journal->count({.where = has}) != entity_count) ++wrong;
      if (pending_of(*journal).size() != entity_count) ++wrong;
      auto entity = entity_at(static_cast<int>(attempt % 3));
      journal->note(entity, {.activity = activity, .attempt = attempt});
      bool seen = false;
      for (auto& progress : journal->noted(entity)) {
        seen = seen || (progress.activity == activity && progress.attempt == attempt);
      }
      if (!seen) ++wrong;
      if (attempt % 2 == 0) journal->forget(entity, activity);
    }
  };
  std::vector<std::thread> readers;
  for (event_number i = 1; i <= 3; ++i) readers.emplace_back(read, i);
  for (int round = 1; round < rounds; ++round) {
    tell_all(round);
    returned = round;
  }
  done = true;
  for (auto& reader : readers) reader.join();
  CHECK(wrong == 0);
}

}  // namespace perdure::persistence
