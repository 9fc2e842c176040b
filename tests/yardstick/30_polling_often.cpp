// Polling every second or so: a loop within an activity that heartbeats each time. Neither a retry
// nor a history entry is spent on it.

#include <doctest/doctest.h>

#include <perdure/testing.h>

#include <thread>

#include "30_polling_often.perdure.h"

namespace yardstick::polling_often {

using namespace std::chrono_literals;

class polling final : public poll_entity {
public:
  perdure::task<poll_results> poll() override {
    auto polled =
        co_await activities<poller_contract>({.start_to_close = 24h, .heartbeat = 30s}).poll();
    co_return {.answer = polled.answer};
  }
};

/// A service that has no answer the first times it is asked.
struct slow_service {
  int asked = 0;

  std::optional<std::string> ask() {
    if (++asked < 5) return std::nullopt;
    return "the answer";
  }
};

class poller final : public poller_activities {
public:
  poller(std::shared_ptr<slow_service> service, perdure::duration interval)
      : service_(std::move(service)), interval_(interval) {}

  poll_results poll() override {
    while (!context().is_cancelled()) {
      if (auto answer = service_->ask()) return {.answer = *answer};
      context().heartbeat();
      std::this_thread::sleep_for(interval_);
    }
    return {};  // Nobody waits for it any more.
  }

private:
  const std::shared_ptr<slow_service> service_;
  const perdure::duration interval_;
};

namespace {

TEST_CASE("polling often: the service is asked until it answers, in one attempt") {
  perdure::crash_everywhere([](perdure::test_environment& env) {
    auto service = std::make_shared<slow_service>();
    env.host<polling>().provide(std::make_shared<poller>(service, 1ms));
    CHECK(poll_client(env, "p").poll().get().value().answer == "the answer");
    CHECK(service->asked == 5);
    CHECK(env.history("frequent-poll/p").size() == 2);
  });
}

TEST_CASE("polling often: a poller that dies is replaced when its heartbeats stay away") {
  perdure::crash_everywhere([](perdure::test_environment& env) {
    auto other = std::make_shared<poller>(std::make_shared<slow_service>(), 1ms);
    env.host<polling>();
    env.script<poller_contract>("poll").hangs().answers([other] { return other->poll(); }).times(2);
    const auto start = env.now();
    CHECK(poll_client(env, "p").poll().get().value().answer == "the answer");
    CHECK(env.now() - start == 30s + 1s);
  });
}

TEST_CASE("polling often: one that polls for a whole day is cancelled") {
  perdure::test_environment env;
  env.host<polling>();
  auto poll = env.script<poller_contract>("poll").returns().takes(23h).times(1);
  auto polled = env.send(poll_client(env, "p").poll());
  env.run_for(22h);
  CHECK(env.cancel("frequent-poll/p", "not needed any more"));
  CHECK(polled.get().error().type == "cancelled");
  CHECK(env.pending("frequent-poll/p").empty());
}

}  // namespace

}  // namespace yardstick::polling_often
