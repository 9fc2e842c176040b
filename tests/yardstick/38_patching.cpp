// A change of code in three stages: what there was; both, each for those that began with it; and,
// when nothing of old is under way any more, the new one alone.

#include <doctest/doctest.h>

#include <perdure/history.h>
#include <perdure/testing.h>

#include "38_patching.perdure.h"

namespace yardstick::patching {

using namespace std::chrono_literals;

/// Stage 1.
class initial_job final : public job_entity {
public:
  perdure::task<run_results> run() override {
    co_await activities<steps_contract>().clean();
    state.done = "clean";
    co_await sleep(24h);
    co_return {.done = state.done};
  }
};

/// Stage 2: those that began before still clean.
class patched_job final : public job_entity {
public:
  perdure::task<run_results> run() override {
    if (version("scrub", 0, 1) == 0) {
      co_await activities<steps_contract>().clean();
      state.done = "clean";
    } else {
      co_await activities<steps_contract>().scrub();
      state.done = "scrubbed";
    }
    co_await sleep(24h);
    co_return {.done = state.done};
  }
};

/// Stage 3: none of them is left. Without the version it would not fit those of stage 2.
class final_job final : public job_entity {
public:
  perdure::task<run_results> run() override {
    version("scrub", 1, 1);
    co_await activities<steps_contract>().scrub();
    state.done = "scrubbed";
    co_await sleep(24h);
    co_return {.done = state.done};
  }
};

namespace {

/// The history of a job that this class runs, up to the middle of its day.
template <class Job>
perdure::history under_way() {
  perdure::test_environment env;
  env.host<Job>();
  env.script<steps_contract>("clean").returns().any_number();
  env.script<steps_contract>("scrub").returns().any_number();
  auto job = env.send(job_client(env, "j").run());
  env.run_for(12h);
  return env.history("patched-job/j");
}

TEST_CASE("patching: whoever began with a stage ends with it, across two deployments") {
  perdure::crash_everywhere([](perdure::test_environment& env) {
    env.host<initial_job>();
    env.script<steps_contract>("clean").returns().times(1);
    env.script<steps_contract>("scrub").returns().times(2);
    auto first = env.send(job_client(env, "first").run());
    env.run_for(12h);

    env.deploy<patched_job>();
    auto second = env.send(job_client(env, "second").run());
    CHECK(first.get().value().done == "clean");

    env.deploy<final_job>();
    auto third = env.send(job_client(env, "third").run());
    CHECK(second.get().value().done == "scrubbed");
    CHECK(third.get().value().done == "scrubbed");
  });
}

TEST_CASE("patching: each stage replays the histories of the one before, and of no other") {
  const auto initial = under_way<initial_job>();
  const auto patched = under_way<patched_job>();
  const auto last = under_way<final_job>();
  CHECK(!perdure::replay<patched_job>(initial));
  CHECK(!perdure::replay<final_job>(patched));
  CHECK(!perdure::replay<patched_job>(last));
  CHECK(perdure::replay<initial_job>(patched)->code == perdure::errc::nondeterministic);
  CHECK(perdure::replay<final_job>(initial)->code == perdure::errc::nondeterministic);
}

}  // namespace

}  // namespace yardstick::patching
