// Signals that belong together are collected, each once, until none has come for a while; then they
// are worked on together.

#include <doctest/doctest.h>

#include <perdure/testing.h>

#include <algorithm>

#include "04_accumulator.perdure.h"

namespace yardstick::accumulating {

using namespace std::chrono_literals;

class accumulator final : public accumulator_entity {
public:
  perdure::task<collect_results> collect() override {
    expect_more();
    while (true) {
      co_await wait_until([this] { return state.idle; });
      state.idle = false;
      greeter_contract::greet_params all;
      for (auto& each : state.robots) all.names.push_back(each.name);
      auto greeted = co_await activities<greeter_contract>().greet(all);
      // Others may have come meanwhile.
      if (all.names.size() == state.robots.size()) co_return {.greeting = greeted.greeting};
    }
  }

  void add(const add_params& what) override {
    if (what.colour != self().id) throw perdure::rejected("only those who are " + self().id);
    expect_more();
    if (std::ranges::count(state.robots, what.robot.key, &robot::key) > 0) return;
    state.robots.push_back(what.robot);
  }

  void finish() override {
    state.finishing = true;
    expect_more();
  }

  void idle() override { state.idle = true; }

private:
  void expect_more() {
    remind("idle", state.finishing ? perdure::duration{1s} : 60s, &accumulator::idle);
  }
};

namespace {

using names = std::vector<std::string>;

struct reds {
  explicit reds(perdure::test_environment& in) : env(in) {
    env.host<accumulator>();
    greet.answers([](const greeter_contract::greet_params& robots) {
      greeter_contract::greet_results all{.greeting = "hello"};
      for (auto& each : robots.names) all.greeting += ' ' + each;
      return all;
    });
  }

  /// A signal that starts its receiver: whoever comes first begins the collection.
  void add(std::string key, std::string name) {
    collecting.push_back(
        env.send(client.collect({.start = {.when_running = perdure::id_conflict::use_existing}})));
    client.add({.colour = "red", .robot = {.key = key, .name = name}}).get().value();
  }

  perdure::test_environment& env;
  accumulator_client client{env, "red"};
  perdure::activity_script greet = env.script<greeter_contract>("greet");
  std::vector<perdure::sent_call<accumulator_contract::collect_results>> collecting;
};

}  // namespace

TEST_CASE("robots are greeted together, each once, a minute after the last") {
  perdure::crash_everywhere([](perdure::test_environment& env) {
    reds red(env);
    const auto start = env.now();
    for (std::string each : {"r2", "c3", "r2", "k9"}) {
      red.add(each, each);
      env.run_for(40s);
    }
    CHECK(red.collecting[0].get().value().greeting == "hello r2 c3 k9");
    CHECK(red.collecting[3].get().value().greeting == "hello r2 c3 k9");
    CHECK(env.now() - start == 40s * 3 + 60s);
    CHECK(red.greet.called() == 1);
  });
}

TEST_CASE("who comes while the others are greeted is greeted with them") {
  perdure::crash_everywhere([](perdure::test_environment& env) {
    reds red(env);
    red.greet.takes(10s);
    red.add("r2", "R2");
    red.client.finish().get().value();
    env.run_for(5s);
    red.add("c3", "C3");
    CHECK(red.collecting[0].get().value().greeting == "hello R2 C3");
    CHECK(red.greet.called() == 2);
  });
}

TEST_CASE("a robot of another colour is refused") {
  perdure::test_environment env;
  reds red(env);
  CHECK(red.client.add({.colour = "blue", .robot = {.key = "b1"}}).get().error().detail ==
        "only those who are red");
  CHECK(env.status("accumulator/red") == "none");
}

}  // namespace yardstick::accumulating
