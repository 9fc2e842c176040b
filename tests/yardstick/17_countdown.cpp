// While an entity sleeps, a query tells how long it still will.

#include <doctest/doctest.h>

#include <perdure/testing.h>

#include "17_countdown.perdure.h"

namespace yardstick::countdown {

using namespace std::chrono_literals;

class countdown final : public countdown_entity {
public:
  perdure::task<> run(run_params from) override {
    if (from.seconds == 0) throw perdure::rejected("nothing to count");
    const auto time = std::chrono::seconds{from.seconds};
    state.end = (now() + time).time_since_epoch().count();
    co_await sleep(time);
    state.lifted = true;
  }

  left_results left() const override {
    const auto left = perdure::timestamp{perdure::duration{state.end}} - now();
    if (left <= 0s) return {};
    return {.seconds = std::uint32_t(std::chrono::ceil<std::chrono::seconds>(left).count())};
  }
};

TEST_CASE("a countdown says how much is left, down to nothing") {
  perdure::crash_everywhere([](perdure::test_environment& env) {
    env.host<countdown>();
    countdown_client rocket{env, "rocket"};
    auto lift_off = env.send(rocket.run({.seconds = 10}));
    auto left = [&] { return rocket.left().get().value().seconds; };
    env.run_until_idle();
    CHECK(left() == 10);
    env.run_for(3s);
    CHECK(left() == 7);
    env.advance(6'500ms);  // Nothing runs meanwhile; time goes on all the same.
    CHECK(left() == 1);
    CHECK(!lift_off.done());
    CHECK(lift_off.get());
    CHECK(left() == 0);
    CHECK(env.state<countdown_state>("countdown/rocket").lifted);
  });
}

TEST_CASE("queries leave nothing in the history") {
  perdure::test_environment env;
  env.host<countdown>();
  countdown_client rocket{env, "rocket"};
  auto lift_off = env.send(rocket.run({.seconds = 10}));
  env.run_until_idle();
  const auto before = env.history("countdown/rocket").size();
  for (int i = 0; i < 100; ++i) CHECK(rocket.left().get().value().seconds == 10);
  CHECK(env.history("countdown/rocket").size() == before);
  CHECK(lift_off.get());
}

TEST_CASE("a countdown from nothing is refused") {
  perdure::test_environment env;
  env.host<countdown>();
  CHECK(countdown_client(env, "rocket").run({}).get().error().code == perdure::errc::rejected);
  CHECK(env.status("countdown/rocket") == "none");
}

}  // namespace yardstick::countdown
