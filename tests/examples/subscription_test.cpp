#include <doctest/doctest.h>

#include <perdure/testing.h>

#include "examples/subscription/subscription.h"

using namespace perdure;
using namespace std::chrono_literals;
using subscription::plan_contract;

namespace {

auto subscribed(test_environment& env) {
  env.host<subscription::plan>();
  env.script<subscription::billing_contract>("charge").answers([] {}).any_number();
  return env.send(env.entity<plan_contract>("ann").subscribe({.customer = "ann", .cents = 900}));
}

}  // namespace

TEST_CASE("subscription: every month is charged until it ends") {
  crash_everywhere([](test_environment& env) {
    auto end = subscribed(env);
    env.run_for(24h * 30 * 6);
    CHECK(env.entity<plan_contract>("ann").end().get());
    CHECK(end.get().value().months == 7);
  });
}

TEST_CASE("subscription: years of it are many runs, and no month is lost") {
  test_environment env({.continue_after_events = 64});
  auto end = subscribed(env);
  env.run_for(24h * 30 * 120);
  CHECK(env.entity<plan_contract>("ann").end().get());
  CHECK(end.get().value().months == 121);
}

TEST_CASE("subscription: paused months are free, and a new price holds from the next month on") {
  test_environment env;
  auto end = subscribed(env);
  env.run_for(24h);
  auto plan = env.entity<plan_contract>("ann");
  CHECK(plan.pause().get());
  env.run_for(24h * 30 * 3);
  CHECK(plan.about().get().value().months == 1);
  CHECK(plan.change({.cents = 1'200}).get());
  CHECK(plan.unpause().get());
  env.run_for(1h);
  CHECK(plan.about().get().value().months == 2);
  CHECK(plan.end().get());
  CHECK(end.get().value().months == 2);
}
