// Polling every minute: the activity asks once and fails where there is no answer yet; the pause
// between its attempts is the interval.

#include <doctest/doctest.h>

#include <perdure/testing.h>

#include "31_polling_rarely.perdure.h"

namespace yardstick::polling_rarely {

using namespace std::chrono_literals;

class polling final : public poll_entity {
public:
  perdure::task<poll_results> poll() override {
    auto polled =
        co_await activities<service_contract>(
            {.start_to_close = 2s, .retry = {.first = 60s, .factor = 1, .final_types = {"gone"}}})
            .ask();
    co_return {.answer = polled.answer};
  }
};

namespace {

const service_contract::ask_results answer{.answer = "the answer"};

TEST_CASE("polling rarely: once a minute until there is an answer, without growing a history") {
  perdure::crash_everywhere([](perdure::test_environment& env) {
    env.host<polling>();
    auto ask = env.script<service_contract>("ask").fails_times(500, "not_yet").returns(answer);
    const auto start = env.now();
    CHECK(poll_client(env, "p").poll().get().value().answer == "the answer");
    CHECK(env.now() - start == 500min);

    const auto asked = ask.attempts();
    REQUIRE(asked.size() == 501);
    CHECK(asked[1].time - start == 1min);
    CHECK(asked.back().attempt == 501);
    CHECK(asked.back().key == asked.front().key);
    CHECK(env.history("infrequent-poll/p").size() == 2);
  });
}

TEST_CASE("polling rarely: a service that hangs is given two seconds") {
  perdure::test_environment env;
  env.host<polling>();
  env.script<service_contract>("ask").hangs().returns(answer).times(2);
  const auto start = env.now();
  CHECK(poll_client(env, "p").poll().get());
  CHECK(env.now() - start == 2s + 60s);
}

TEST_CASE("polling rarely: what will never come is not asked for again") {
  perdure::test_environment env;
  env.host<polling>();
  env.script<service_contract>("ask").fails("not_yet").fails("gone").times(2);
  CHECK(poll_client(env, "p").poll().get().error().type == "gone");
  CHECK(env.status("infrequent-poll/p") == "failed");
}

}  // namespace

}  // namespace yardstick::polling_rarely
