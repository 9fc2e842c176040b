// A child that continues as new now and then, so that its history stays short. Its parent waits for
// the result, and knows nothing of it.

#include <doctest/doctest.h>

#include <perdure/testing.h>

#include "26_child_continues.perdure.h"

namespace yardstick::child_continues {

using namespace std::chrono_literals;

class child final : public child_entity {
public:
  perdure::task<count_results> count(count_params what) override {
    if (what.rounds == 0) throw perdure::rejected("there is nothing to count");
    while (state.rounds < what.rounds) {
      co_await continue_point();
      co_await sleep(1h);
      ++state.rounds;
    }
    co_return {.rounds = state.rounds};
  }
};

class parent final : public parent_entity {
public:
  perdure::task<count_results> count(count_params what) override {
    auto counted =
        co_await child<child_contract>(self().id + "/child").count({.rounds = what.rounds});
    co_return {.rounds = counted.rounds};
  }
};

namespace {

const perdure::test_options short_histories{.continue_after_events = 20};

TEST_CASE("child continues: a hundred rounds in many runs are one child to its parent") {
  perdure::crash_everywhere(
      [](perdure::test_environment& env) {
        env.host<parent>().host<child>();
        const auto start = env.now();
        CHECK(parent_client(env, "p").count({.rounds = 100}).get().value().rounds == 100);
        CHECK(env.now() - start == 100h);

        CHECK(env.run("counting-child/p/child") > 5);
        CHECK(env.history("counting-parent/p").size() <= 3);
      },
      short_histories);
}

TEST_CASE("child continues: the parent's end reaches the run that goes on") {
  perdure::crash_everywhere(
      [](perdure::test_environment& env) {
        env.host<parent>().host<child>();
        auto counted = env.send(parent_client(env, "p").count({.rounds = 100}));
        env.run_for(50h + 30min);
        CHECK(env.cancel("counting-parent/p"));
        CHECK(counted.get().error().type == "cancelled");
        env.run_until_idle();
        CHECK(env.status("counting-child/p/child") == "cancelled");
        CHECK(env.state<child_state>("counting-child/p/child").rounds == 50);
      },
      short_histories);
}

TEST_CASE("child continues: a child that refuses fails its parent") {
  perdure::test_environment env;
  env.host<parent>().host<child>();
  const auto counted = parent_client(env, "p").count({.rounds = 0}).get();
  CHECK(counted.error().detail.find("there is nothing to count") != std::string::npos);
  CHECK(env.status("counting-child/p/child") == "none");
}

}  // namespace

}  // namespace yardstick::child_continues
