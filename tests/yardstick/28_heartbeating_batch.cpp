// A batch of any size in one activity: its heartbeats say how far it is, so whoever takes it over
// goes on there. The entity needs to do nothing for it.

#include <doctest/doctest.h>

#include <perdure/testing.h>

#include <algorithm>

#include "28_heartbeating_batch.perdure.h"

namespace yardstick::heartbeating_batch {

using namespace std::chrono_literals;

class file final : public file_entity {
public:
  perdure::task<process_results> process() override {
    // Long enough for all records; who is not heard of for ten seconds is dead.
    auto done =
        co_await activities<records_contract>({.start_to_close = 1h, .heartbeat = 10s}).process();
    co_return {.records = done.records};
  }
};

/// Records, and how often each was processed.
struct record_store {
  std::vector<int> processed = std::vector<int>(1'000);

  void process(std::uint32_t record) { ++processed.at(record); }
  bool has(std::uint32_t record) const { return record < processed.size(); }
};

class record_processor final : public records_activities {
public:
  explicit record_processor(std::shared_ptr<record_store> store) : store_(std::move(store)) {}

  process_results process() override {
    const auto told = context().heartbeat_details();
    auto offset = told.empty() ? 0 : perdure::decode<place>(told).offset;
    while (store_->has(offset)) {
      if (disk_fails_at && offset == *disk_fails_at) {
        disk_fails_at.reset();
        throw std::runtime_error("the disk does not answer");
      }
      store_->process(offset++);
      context().heartbeat(perdure::encode(place{.offset = offset}));
    }
    return {.records = offset};
  }

  std::optional<std::uint32_t> disk_fails_at;

private:
  const std::shared_ptr<record_store> store_;
};

namespace {

TEST_CASE("heartbeating batch: each record is processed once, though the activity fails midway") {
  perdure::crash_everywhere([](perdure::test_environment& env) {
    auto store = std::make_shared<record_store>();
    auto processor = std::make_shared<record_processor>(store);
    processor->disk_fails_at = 600;
    env.host<file>().provide(processor);
    const auto start = env.now();
    CHECK(file_client(env, "f").process().get().value().records == 1'000);
    CHECK(env.now() - start == 1s);
    CHECK(store->processed == std::vector<int>(1'000, 1));
  });
}

TEST_CASE("heartbeating batch: when a worker dies another one takes over after ten seconds") {
  perdure::crash_everywhere([](perdure::test_environment& env) {
    auto store = std::make_shared<record_store>();
    auto other = std::make_shared<record_processor>(store);
    env.host<file>();
    env.script<records_contract>("process")
        .answers([store](perdure::activity_context& attempt) {
          for (std::uint32_t i = 0; i < 300; ++i) store->process(i);
          attempt.heartbeat(perdure::encode(place{.offset = 299}));
          (void)attempt.complete_later();  // Nobody will: it is dead.
          return records_contract::process_results{};
        })
        .answers([other] { return other->process(); })
        .times(2);
    const auto start = env.now();
    CHECK(file_client(env, "f").process().get().value().records == 1'000);
    CHECK(env.now() - start == 10s + 1s);
    // What it did after its last sign of life is done again.
    CHECK(std::ranges::count(store->processed, 1) == 999);
    CHECK(store->processed[299] == 2);
  });
}

}  // namespace

}  // namespace yardstick::heartbeating_batch
