// The LMDB engine against the one in memory: thousands of random operations, the directory closed
// and opened, flushed and robbed of its index at random points. Both give the same answers
// throughout.

#include <algorithm>
#include <random>

#include "tests/persistence/support.h"

namespace perdure::persistence {

namespace {

using namespace testing;

constexpr int entity_count = 40;
constexpr std::uint32_t shards = 16;

class comparison {
public:
  explicit comparison(std::uint64_t seed) : random_(seed) {
    options_ = quiet(directory_.path());
    options_.history_retention = 500ms;
    options_.terminated_retention = 700ms;
    options_.rows_kept = 64;
    reopen();
  }

  void step() {
    switch (pick(23)) {
      case 0:
        return reopen();
      case 1:
        return lmdb_->flush();
      case 2:
        return collect();
      case 3:
        return compare_lists();
      case 4:
        return compare_due();
      case 5:
        return keep();
      case 6:
        return out_of_turn();
      case 7:
      case 8:
      case 9:
        return compare(entity());
      case 10:
        return note();
      case 11:
        return compare_pending();
      case 12:
        return compare_held();
      default:
        return tell();
    }
  }

  void compare_all() {
    for (int i = 0; i < entity_count; ++i) compare(entity_at(i));
    compare_lists();
    compare_due();
    compare_pending();
    compare_held();
  }

  void verify() {
    lmdb_->flush();
    lmdb_.reset();
    auto report = verify_lmdb_journal(directory_.path());
    REQUIRE(report);
    CHECK_MESSAGE(report->sound(), report->findings.front().what);
    CHECK(report->index_checked);
    CHECK(report->records == memory_.stats().records);
    reopen();
  }

private:
  std::uint64_t pick(std::uint64_t below) { return random_() % below; }
  static entity_id entity_at(int i) { return {i % 3 == 0 ? "cart" : "order", std::to_string(i)}; }
  entity_id entity() { return entity_at(static_cast<int>(pick(entity_count))); }

  void reopen() {
    // Progress is what the index alone has: written, or lost.
    if (lmdb_) lmdb_->flush();
    lmdb_.reset();
    if (pick(4) == 0) {
      std::filesystem::remove_all(directory_.path() / "index");
      for (int i = 0; i < entity_count; ++i) {
        for (auto& lost : memory_.noted(entity_at(i))) memory_.forget(entity_at(i), lost.activity);
      }
    }
    lmdb_ = open(options_);
    story_.epoch = lmdb_->acquire_all().front();
    REQUIRE(memory_.acquire_all().front() == story_.epoch);
  }

  batch next_of(const entity_id& of) {
    if (!story_.knows(of)) return story_.signal(of, pick(100), pick(3));
    if (has_ended(story_.summary(of).status)) {
      return pick(2) == 0 ? story_.started(of) : story_.settled(of, pick(3) == 0, pick(3) == 0);
    }
    switch (pick(16)) {
      case 0:
        return story_.continued(of);
      case 1:
        if (pick(2) == 0) return story_.signal(of, 5000);
        if (pick(2) == 0) return story_.ended_open(of, pick(2) == 0, pick(2) == 0);
        return pick(2) == 0 ? story_.terminated(of) : story_.ended(of, entity_status::failed);
      case 2:
      case 3:
      case 4:
        return story_.due(of, at(story_.now + static_cast<std::int64_t>(pick(400)) - 100));
      case 5:
        return story_.due(of, std::nullopt);
      case 6:
        return story_.attributed(of, some_attributes());
      case 7:
        return story_.pending(of, pick(2) == 0);
      default:
        return story_.signal(of, pick(300), pick(4));
    }
  }

  void tell() {
    std::vector<batch> batches;
    for (auto count = 1 + pick(8); count > 0; --count) {
      auto of = entity();
      if (story_.knows(of) && has_ended(story_.summary(of).status) && pick(4) != 0) continue;
      batches.push_back(next_of(of));
    }
    must_append(*lmdb_, batches);
    must_append(memory_, batches);
  }

  core::attributes some_attributes() {
    core::attributes some;
    if (pick(2) == 0) some.emplace("gold", pick(2) == 0);
    if (pick(2) == 0) some.emplace("n", static_cast<std::int64_t>(pick(5)));
    return some;
  }

  void note() {
    auto of = entity();
    auto activity = 1 + pick(3);
    if (pick(3) == 0) {
      lmdb_->forget(of, activity);
      memory_.forget(of, activity);
      return;
    }
    activity_progress progress;
    progress.activity = activity;
    progress.attempt = static_cast<std::uint32_t>(pick(100));
    lmdb_->note(of, progress);
    memory_.note(of, progress);
  }

  void compare_pending() { CHECK(pending_of(*lmdb_) == pending_of(memory_)); }

  void compare_held() {
    lmdb_->flush();
    auto now = at(story_.now);
    auto sorted = [&](const journal& from) {
      auto all = held_of(from, now);
      std::ranges::sort(all);
      return all;
    };
    CHECK(sorted(*lmdb_) == sorted(memory_));
  }

  void out_of_turn() {
    auto of = entity();
    if (!story_.knows(of)) return;
    auto copy = story_;
    auto skipped = copy.signal(of);
    auto batches = std::vector{copy.signal(of), copy.signal(entity())};
    auto outcomes = append(*lmdb_, batches);
    CHECK(outcomes == append(memory_, batches));
    CHECK(outcomes[0] == append_outcome::out_of_sequence);
    if (outcomes[1] == append_outcome::ok) story_ = copy_with(batches[1]);
  }

  /// The story in which `told` happened and nothing else.
  storyteller copy_with(const batch& told) {
    auto copy = story_;
    auto again = copy.signal(told.entity);
    CHECK(again.first_event == told.first_event);
    return copy;
  }

  void keep() {
    auto of = entity();
    if (!story_.knows(of)) return;
    lmdb_->keep(story_.take(of));
    memory_.keep(story_.take(of));
  }

  void collect() {
    auto now = at(story_.now);
    collect_all(*lmdb_, now);
    while (memory_.collect(now)) {
    }
    for (int i = 0; i < entity_count; ++i) {
      if (!memory_.find(entity_at(i))) story_.forget(entity_at(i));
    }
    CHECK(lmdb_->stats().records == memory_.stats().records);
  }

  void compare(const entity_id& of) {
    auto here = memory_.find(of);
    REQUIRE(lmdb_->find(of) == here);
    CHECK(lmdb_->noted(of) == memory_.noted(of));
    auto at_event = here && pick(2) == 0 ? 1 + pick(here->last_event + 1) : 0;
    auto expected = memory_.load(of, at_event);
    auto found = lmdb_->load(of, at_event);
    REQUIRE(found.has_value() == expected.has_value());
    if (!expected) {
      CHECK(found.error().code == expected.error().code);
      return;
    }
    CHECK(found->summary == expected->summary);
    // A snapshot may be lost, which makes more records, never others.
    auto& records = found->records;
    auto& fewer = records.size() < expected->records.size() ? records : expected->records;
    auto& more = records.size() < expected->records.size() ? expected->records : records;
    CHECK(std::equal(fewer.rbegin(), fewer.rend(), more.rbegin()));
    if (found->base) CHECK(found->base->event + 1 <= found->summary.last_event + 1);
    auto from = pick(here->last_event + 2);
    auto limit = 1 + pick(20);
    CHECK(*lmdb_->history(of, from, limit, {}) == *memory_.history(of, from, limit, {}));
    auto run = static_cast<run_number>(1 + pick(here->run));
    CHECK(*lmdb_->history(of, 0, 1000, run) == *memory_.history(of, 0, 1000, run));
  }

  void compare_lists() {
    list_filter filter{.type = "", .status = {}, .after = {}, .limit = 1 + pick(30)};
    if (pick(2) == 0) filter.type = "cart";
    if (pick(3) == 0) filter.status = entity_status::terminated;
    if (pick(2) == 0) filter.after = entity();
    if (pick(2) == 0) {
      filter.where = [](const core::attributes& own) { return own.contains("gold"); };
    }
    auto found = lmdb_->list(filter);
    auto expected = memory_.list(filter);
    REQUIRE(found.size() == expected.size());
    for (std::size_t i = 0; i < found.size(); ++i) {
      CHECK(found[i].entity == expected[i].entity);
      CHECK(found[i].summary == expected[i].summary);
      CHECK(found[i].attributes == expected[i].attributes);
    }
    CHECK(lmdb_->count(filter) == memory_.count(filter));
  }

  void compare_due() {
    auto until = at(story_.now + static_cast<std::int64_t>(pick(500)) - 200);
    CHECK(due_of(*lmdb_, until) == due_of(memory_, until));
  }

  std::mt19937_64 random_;
  temporary_directory directory_;
  lmdb_options options_;
  memory_journal memory_{
      {.shard_count = shards, .history_retention = 500ms, .terminated_retention = 700ms}};
  std::unique_ptr<journal> lmdb_;
  storyteller story_{shards};
};

}  // namespace

void compare_engines(std::uint64_t seed) {
  comparison both(seed);
  for (int i = 0; i < 4000; ++i) {
    both.step();
    if (i % 500 == 499) both.compare_all();
    if (i % 1000 == 999) both.verify();
  }
}

TEST_CASE("random: both engines give the same answers") {
  MESSAGE("--seed " << seed());
  compare_engines(seed());
}

TEST_CASE("random: both engines collect an entity that settled after its end, index lost or not") {
  compare_engines(879191563);
}

}  // namespace perdure::persistence
