// An activity that fails now and then, and tells by heartbeats how far it came: the next attempt
// goes on there.

#include <doctest/doctest.h>

#include <perdure/testing.h>

#include "24_heartbeat_resume.perdure.h"

namespace yardstick::heartbeat_resume {

using namespace std::chrono_literals;

class batch final : public batch_entity {
public:
  perdure::task<> run(run_params what) override {
    co_await activities<tasks_contract>({.start_to_close = 2min,
                                         .heartbeat = 10s,
                                         .retry = {.first = 1s, .most = 1min, .attempts = 5}})
        .process({.first = what.first, .count = what.count});
  }
};

/// Loses its strength after a part of the tasks.
class weak_tasks final : public tasks_activities {
public:
  explicit weak_tasks(std::uint32_t strength) : strength_(strength) {}

  void process(const process_params& what) override {
    ++attempts;
    const auto end = what.first + what.count;
    const auto told = context().heartbeat_details();
    auto next = told.empty() ? what.first : perdure::decode<progress>(told).next;
    for (std::uint32_t done_now = 0; next < end; ++done_now) {
      if (done_now == strength_) throw perdure::activity_failure("tired", "had enough");
      done.push_back(next++);
      context().heartbeat(perdure::encode(progress{.next = next}));
    }
  }

  std::vector<std::uint32_t> done;
  int attempts = 0;

private:
  const std::uint32_t strength_;
};

namespace {

TEST_CASE("heartbeat resume: twenty tasks, six an attempt, each of them once") {
  perdure::crash_everywhere([](perdure::test_environment& env) {
    auto tasks = std::make_shared<weak_tasks>(6);
    env.host<batch>().provide(tasks);
    const auto start = env.now();

    CHECK(batch_client(env, "b").run({.first = 100, .count = 20}).get());
    CHECK(tasks->attempts == 4);
    REQUIRE(tasks->done.size() == 20);
    for (std::uint32_t i = 0; i < 20; ++i) CHECK(tasks->done[i] == 100 + i);
    CHECK(env.now() - start == 1s + 2s + 4s);
  });
}

TEST_CASE("heartbeat resume: after five attempts the batch has failed") {
  perdure::test_environment env;
  auto tasks = std::make_shared<weak_tasks>(3);
  env.host<batch>().provide(tasks);
  CHECK(batch_client(env, "b").run({.first = 0, .count = 20}).get().error().type == "tired");
  CHECK(tasks->attempts == 5);
  CHECK(tasks->done.size() == 15);
  CHECK(env.status("task-batch/b") == "failed");
}

TEST_CASE("heartbeat resume: an attempt that is not heard of for ten seconds is made again") {
  perdure::test_environment env;
  env.host<batch>();
  env.script<tasks_contract>("process").hangs().returns().times(2);
  const auto start = env.now();
  CHECK(batch_client(env, "b").run({.first = 0, .count = 20}).get());
  CHECK(env.now() - start == 10s + 1s);
}

}  // namespace

}  // namespace yardstick::heartbeat_resume
