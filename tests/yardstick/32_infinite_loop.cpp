// A loop without end: it does something, waits for a while, and continues as new before its history
// grows large. A signal ends it.

#include <doctest/doctest.h>

#include <perdure/testing.h>

#include <algorithm>

#include "32_infinite_loop.perdure.h"

namespace yardstick::infinite_loop {

using namespace std::chrono_literals;

class loop final : public loop_entity {
public:
  perdure::task<greet_results> greet(greet_params what) override {
    do {
      co_await continue_point();
      co_await say("Hello " + what.name + '!');
      ++state.greetings;
    } while (!co_await wait_until([this] { return state.exit_requested; }, pause()));
    co_await say("Goodbye " + what.name + '!');
    co_return {.greetings = state.greetings};
  }

  void request_exit() override { state.exit_requested = true; }

private:
  /// Five seconds, one more or less.
  perdure::duration pause() { return perdure::duration{4'000 + random() % 2'001}; }

  perdure::call<> say(std::string text) {
    return activities<greeter_contract>({.start_to_close = 10s}).say({.text = std::move(text)});
  }
};

namespace {

TEST_CASE("infinite loop: an hour of greetings in many short runs, until it is told to stop") {
  const perdure::test_options short_runs{.continue_after_events = 50};
  perdure::crash_everywhere(
      [](perdure::test_environment& env) {
        env.host<loop>();
        auto say = env.script<greeter_contract>("say").returns();
        loop_client client{env, "l"};
        auto greeted = env.send(client.greet({.name = "World"}));
        env.run_for(1h);
        client.request_exit().get().value();
        const auto greetings = greeted.get().value().greetings;

        CHECK(greetings >= 3'600 / 6);
        CHECK(greetings <= 3'600 / 4 + 1);
        const auto said = say.calls<greeter_contract::say_params>();
        REQUIRE(said.size() == greetings + 1);
        CHECK(said.front().text == "Hello World!");
        CHECK(said.back().text == "Goodbye World!");
        CHECK(std::ranges::count(said, said.back()) == 1);

        CHECK(env.run("greeting-loop/l") > 20);
      },
      short_runs);
}

TEST_CASE("infinite loop: who asks it to stop while it greets waits for no pause") {
  perdure::test_environment env;
  env.host<loop>();
  env.script<greeter_contract>("say").returns().takes(2s).times(2);
  const auto start = env.now();
  loop_client client{env, "l"};
  auto greeted = env.send(client.greet({.name = "World"}));
  env.run_for(1s);
  client.request_exit().get().value();
  CHECK(greeted.get().value().greetings == 1);
  CHECK(env.now() - start == 4s);
}

}  // namespace

}  // namespace yardstick::infinite_loop
