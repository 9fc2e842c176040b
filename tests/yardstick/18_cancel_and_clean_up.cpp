// What is cancelled stops its activity, waits for how it ends, and cleans up out of the reach of
// its cancellation.

#include <doctest/doctest.h>

#include <perdure/testing.h>

#include "18_cancel_and_clean_up.perdure.h"

namespace yardstick::cleaning {

using namespace std::chrono_literals;

class computation final : public computation_entity {
public:
  perdure::task<run_results> run() override {
    std::exception_ptr cancelled;
    try {
      auto cluster = activities<cluster_contract>(
          {.start_to_close = 30min, .heartbeat = 5s, .on_cancel = perdure::cancellation::wait});
      state.result = (co_await cluster.compute()).result;
      co_await cluster.publish({.result = state.result});
    } catch (const perdure::cancelled&) {
      cancelled = std::current_exception();
    }
    if (cancelled) {
      co_await perdure::shielded(activities<cluster_contract>().clean_up());
      std::rethrow_exception(cancelled);
    }
    co_return {.result = state.result};
  }
};

namespace {

using cluster = cluster_contract;

const cluster::compute_results answer{.result = "42"};

}  // namespace

TEST_CASE("a computation that is cancelled is stopped, cleaned up, and publishes nothing") {
  perdure::crash_everywhere([](perdure::test_environment& env) {
    env.host<computation>();
    env.script<cluster>("compute").returns(answer).takes(10min).times(1);
    env.script<cluster>("publish").times(0);
    auto cleaned = env.script<cluster>("cleanUp").fails("busy").returns().takes(3s);
    auto run = env.send(computation_client(env, "c").run());
    env.run_for(1min);
    const auto cancelled = env.now();
    CHECK(env.cancel("computation/c", "too dear"));
    CHECK(run.get().error().type == "cancelled");
    CHECK(cleaned.called() == 2);
    CHECK(env.now() - cancelled == 4s);  // Of cleaning up; it was stopped at once.
    CHECK(env.status("computation/c") == "cancelled");
  });
}

TEST_CASE("an activity that does not stop is waited for, and what it returns is kept") {
  perdure::crash_everywhere([](perdure::test_environment& env) {
    env.host<computation>();
    env.script<cluster>("compute").returns(answer).takes(10min).ignores_cancellation().times(1);
    env.script<cluster>("publish").times(0);
    env.script<cluster>("cleanUp").returns().times(1);
    const auto start = env.now();
    auto run = env.send(computation_client(env, "c").run());
    env.run_for(1min);
    CHECK(env.cancel("computation/c"));
    CHECK(run.get().error().type == "cancelled");
    CHECK(env.now() - start == 10min);
    CHECK(env.state<computation_state>("computation/c").result == "42");
  });
}

TEST_CASE("a computation that is left alone publishes, and has nothing to clean up") {
  perdure::crash_everywhere([](perdure::test_environment& env) {
    env.host<computation>();
    env.script<cluster>("compute").returns(answer).takes(10min).times(1);
    auto published = env.script<cluster>("publish").returns().times(1);
    env.script<cluster>("cleanUp").times(0);
    CHECK(computation_client(env, "c").run().get().value().result == "42");
    CHECK(published.calls<cluster::publish_params>()[0].result == "42");
    CHECK(env.cancel("computation/c").error().code == perdure::errc::completed);
  });
}

}  // namespace yardstick::cleaning
