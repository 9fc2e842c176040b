// Something is done every thirty days, until it is told to stop.

#include <doctest/doctest.h>

#include <perdure/testing.h>

#include "14_sleep_loop.perdure.h"

namespace yardstick::newsletter {

using namespace std::chrono_literals;

class newsletter final : public newsletter_entity {
public:
  perdure::task<subscribe_results> subscribe(subscribe_params by) override {
    while (!state.stopped) {
      co_await continue_point();
      co_await activities<mail_contract>().send({.email = by.email, .issue = ++state.sent});
      co_await wait_until([this] { return state.stopped; }, 24h * 30);
    }
    co_return {.sent = state.sent};
  }

  void stop() override { state.stopped = true; }
};

TEST_CASE("a mail is sent each month, for years, until it is told to stop") {
  perdure::crash_everywhere(
      [](perdure::test_environment& env) {
        env.host<newsletter>();
        auto sent = env.script<mail_contract>("send").returns();
        newsletter_client ada{env, "ada"};
        auto subscription = env.send(ada.subscribe({.email = "ada@example.org"}));
        env.run_for(24h * 30 * 36 + 1h);
        const auto stopped = env.now();
        ada.stop().get().value();
        CHECK(subscription.get().value().sent == 37);
        CHECK(env.now() == stopped);
        auto calls = sent.calls<mail_contract::send_params>();
        REQUIRE(calls.size() == 37);
        for (std::size_t i = 0; i < calls.size(); ++i) CHECK(calls[i].issue == i + 1);
        CHECK(calls.back().email == "ada@example.org");
      },
      {.continue_after_events = 20});
}

TEST_CASE("a mail that cannot be sent does not move the others") {
  perdure::crash_everywhere([](perdure::test_environment& env) {
    env.host<newsletter>();
    auto sent = env.script<mail_contract>("send").returns().fails_times(3, "offline").returns();
    newsletter_client ada{env, "ada"};
    auto subscription = env.send(ada.subscribe({}));
    env.run_for(24h * 30 + 1h);
    ada.stop().get().value();
    CHECK(subscription.get().value().sent == 2);
    const auto attempts = sent.attempts();
    REQUIRE(attempts.size() == 5);
    CHECK(attempts[1].time - attempts[0].time == 24h * 30);
    CHECK(attempts[4].time - attempts[1].time == 7s);
    CHECK(attempts[4].key == attempts[1].key);
  });
}

TEST_CASE("a subscription that is stopped before it begins sends nothing") {
  perdure::test_environment env;
  env.host<newsletter>();
  newsletter_client ada{env, "ada"};
  ada.stop().get().value();
  CHECK(ada.subscribe({}).get().value().sent == 0);
}

}  // namespace yardstick::newsletter
