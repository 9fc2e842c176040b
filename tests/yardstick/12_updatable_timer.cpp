// A timer that can be set again, earlier or later, while somebody sleeps on it.

#include <doctest/doctest.h>

#include <perdure/testing.h>

#include "12_updatable_timer.perdure.h"

namespace yardstick::alarm {

using namespace std::chrono_literals;

class alarm final : public alarm_entity {
public:
  perdure::task<> run(run_params until) override {
    set_to({.time = until.time});
    co_await wait_until([this] { return state.rung; });
  }

  void set_to(const set_to_params& when) override {
    state.time = when.time;
    remind_at("ring", perdure::timestamp{perdure::duration{when.time}}, &alarm::ring);
  }

  void ring() override { state.rung = true; }

  time_results time() const override { return {.time = state.time}; }
};

namespace {

/// Sets the alarm to a day from now, and an hour later to `again`. Returns how long it slept.
perdure::duration slept(perdure::test_environment& env, perdure::duration again) {
  env.host<alarm>();
  alarm_client client{env, "bed"};
  const auto start = env.now();
  auto at = [&](perdure::duration time) { return (start + time).time_since_epoch().count(); };
  auto sleeping = env.send(client.run({.time = at(24h)}));
  env.run_for(1h);
  CHECK(client.time().get().value().time == at(24h));
  client.set_to({.time = at(again)}).get().value();
  CHECK(client.time().get().value().time == at(again));
  CHECK(sleeping.get());
  return std::chrono::duration_cast<perdure::duration>(env.now() - start);
}

}  // namespace

TEST_CASE("an alarm that is set to an earlier time rings earlier") {
  perdure::crash_everywhere([](auto& env) { CHECK(slept(env, 2h) == 2h); });
}

TEST_CASE("an alarm that is set to a later time rings later") {
  perdure::crash_everywhere([](auto& env) { CHECK(slept(env, 24h * 365) == 24h * 365); });
}

TEST_CASE("an alarm that is set to a time that has passed rings at once") {
  perdure::crash_everywhere([](auto& env) { CHECK(slept(env, 10min) == 1h); });
}

TEST_CASE("an alarm that is off takes no time any more") {
  perdure::test_environment env;
  slept(env, 2h);
  CHECK(alarm_client(env, "bed").set_to({}).get().error().code == perdure::errc::completed);
}

}  // namespace yardstick::alarm
