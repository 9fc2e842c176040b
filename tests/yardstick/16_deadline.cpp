// A deadline of its own, not of the runtime: when it passes, what runs is stopped and waited for, a
// child as well as an activity, and cleaned up before the main ends as it likes.

#include <doctest/doctest.h>

#include <perdure/testing.h>

#include "16_deadline.perdure.h"

namespace yardstick::printing {

using namespace std::chrono_literals;

class print_job final : public print_job_entity {
public:
  perdure::task<print_results> print(print_params what) override {
    if (co_await within(8s, work(what.pages))) co_return {.outcome = "printed"};
    co_await activities<printer_contract>().throw_away({.phase = state.phase});
    co_return {.outcome = "given up while " + state.phase};
  }

private:
  perdure::task<> work(std::uint32_t pages) {
    state.phase = "rendering";
    co_await activities<printer_contract>(
        {.heartbeat = 2s, .on_cancel = perdure::cancellation::wait})
        .render({.pages = pages});
    state.phase = "binding";
    co_await child<binding_contract>(self().id, {.on_cancel = perdure::cancellation::wait})
        .bind({.time = 5'000});
  }
};

class binding final : public binding_entity {
public:
  perdure::task<> bind(bind_params what) override {
    co_await sleep(perdure::duration{what.time});
    state.bound = true;
  }
};

namespace {

using strings = std::vector<std::string>;

/// Prints something whose rendering takes so long. Returns the outcome; `thrown_away`: the phases.
std::string printed(perdure::test_environment& env, perdure::duration rendering,
                    const strings& thrown_away) {
  env.host<print_job>().host<binding>();
  env.script<printer_contract>("render").returns().takes(rendering).times(1);
  auto cleaned = env.script<printer_contract>("throwAway").returns();
  auto outcome = print_job_client(env, "p").print({.pages = 3}).get().value().outcome;
  strings phases;
  for (auto& each : cleaned.calls<printer_contract::throw_away_params>()) {
    phases.push_back(each.phase);
  }
  CHECK(phases == thrown_away);
  CHECK(env.status("print-job/p") == "completed");
  CHECK(env.pending("print-job/p").empty());
  return outcome;
}

}  // namespace

TEST_CASE("what is done before its deadline needs no cleaning up") {
  perdure::crash_everywhere([](perdure::test_environment& env) {
    const auto start = env.now();
    CHECK(printed(env, 2s, {}) == "printed");
    CHECK(env.now() - start == 7s);
    CHECK(env.state<binding_state>("binding/p").bound);
  });
}

TEST_CASE("an activity is stopped at the deadline") {
  perdure::crash_everywhere([](perdure::test_environment& env) {
    CHECK(printed(env, 20s, {"rendering"}) == "given up while rendering");
    CHECK(env.status("binding/p") == "none");
  });
}

TEST_CASE("a child is stopped at the deadline, and waited for") {
  perdure::crash_everywhere([](perdure::test_environment& env) {
    const auto start = env.now();
    CHECK(printed(env, 4s, {"binding"}) == "given up while binding");
    CHECK(env.now() - start == 8s);
    CHECK(env.status("binding/p") == "cancelled");
    CHECK(!env.state<binding_state>("binding/p").bound);
  });
}

}  // namespace yardstick::printing
