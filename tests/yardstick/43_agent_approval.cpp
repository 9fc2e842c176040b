// An agent's loop: ask the model what is next, have a person approve what is risky, use the tool,
// tell the model what came of it, until it has the answer. Who is silent for a day disapproves.

#include <doctest/doctest.h>

#include <perdure/testing.h>

#include "43_agent_approval.perdure.h"

namespace yardstick::agent_approval {

using namespace std::chrono_literals;

class agent final : public agent_entity {
public:
  perdure::task<run_results> run(run_params what) override {
    state.conversation.push_back("user: " + what.goal);
    for (std::uint32_t steps = 0; steps < most_steps; ++steps) {
      auto next = co_await activities<model_contract>({.start_to_close = 2min})
                      .next({.conversation = state.conversation});
      if (next.tool.empty()) co_return {.answer = next.input, .steps = steps};
      co_await take(next);
    }
    throw perdure::rejected("there is no answer after 10 steps");
  }

  pending_results pending() const override { return {.step = state.waiting}; }

  perdure::task<> decide(decide_params what) override {
    if (!state.waiting) throw perdure::rejected("nothing waits for a decision");
    state.waiting.reset();
    state.approved = what.approve;
    state.decided_by = what.by;
    co_return;
  }

private:
  static constexpr std::uint32_t most_steps = 10;

  perdure::task<> take(step next) {
    if (next.risky && !co_await approved(next)) {
      state.conversation.push_back(next.tool + ": not approved");
      co_return;
    }
    auto used = co_await activities<tools_contract>({.retry = {.attempts = 3}})
                    .use({.tool = next.tool, .input = next.input})
                    .as_result();
    state.conversation.push_back(next.tool + ": " + (used ? used->output : used.error().detail));
  }

  perdure::task<bool> approved(step next) {
    state.waiting = next;
    state.approved = false;
    co_await wait_until([this] { return !state.waiting; }, 24h);
    state.waiting.reset();
    co_return state.approved;
  }
};

namespace {

struct office {
  explicit office(perdure::test_environment& in) : env(in) {
    env.host<agent>();
    env.script<model_contract>("next")
        .returns(step{.tool = "search", .input = "old files"})
        .returns(step{.tool = "delete", .input = "old files", .risky = true})
        .returns(step{.input = "done"})
        .any_number();
    use.returns(tools_contract::use_results{.output = "3 files"});
  }

  perdure::test_environment& env;
  perdure::activity_script use = env.script<tools_contract>("use");
  agent_client client{env, "a"};
};

TEST_CASE("agent: what is risky waits for a person, and is done once") {
  perdure::crash_everywhere([](perdure::test_environment& env) {
    office o(env);
    auto run = env.send(o.client.run({.goal = "tidy up"}));
    env.run_for(20h);
    CHECK(o.client.pending().get().value().step->tool == "delete");
    CHECK(o.use.called() == 1);
    CHECK(o.client.decide({.by = "ann", .approve = true}).get());
    CHECK(run.get().value().answer == "done");
    CHECK(o.use.calls<tools_contract::use_params>()[1].tool == "delete");
    CHECK(env.state<agent_state>("approved-agent/a").decided_by == "ann");
  });
}

TEST_CASE("agent: what is disapproved, or not decided in a day, is not done; the model is told") {
  for (bool silent : {false, true}) {
    perdure::crash_everywhere([silent](perdure::test_environment& env) {
      office o(env);
      const auto start = env.now();
      auto run = env.send(o.client.run({.goal = "tidy up"}));
      env.run_until_idle();
      if (!silent) o.client.decide({.by = "ann", .approve = false}).get().value();
      CHECK(run.get().value().steps == 2);
      CHECK(env.now() - start == (silent ? 24h : 0h));
      CHECK(o.use.called() == 1);
      CHECK(env.state<agent_state>("approved-agent/a").conversation ==
            std::vector<std::string>{"user: tidy up", "search: 3 files", "delete: not approved"});
    });
  }
}

TEST_CASE("agent: a decision that nobody asked for is refused") {
  perdure::test_environment env;
  office o(env);
  CHECK(o.client.decide({.by = "ann"}).get().error().code == perdure::errc::rejected);
}

}  // namespace

}  // namespace yardstick::agent_approval
