// A main waits for all handlers before it ends: in success, in failure, and when it is cancelled.

#include <doctest/doctest.h>

#include <perdure/testing.h>

#include "02_wait_for_handlers.perdure.h"

namespace yardstick::waiting {

using namespace std::chrono_literals;

class workshop final : public workshop_entity {
public:
  perdure::task<open_results> open(open_params how) override {
    std::exception_ptr failed;
    try {
      co_await wait_until([this] { return state.closing; });
      if (how.broken) throw perdure::rejected("the roof came down");
    } catch (...) {
      failed = std::current_exception();
    }
    co_await perdure::shielded(handlers_finished());
    if (failed) std::rethrow_exception(failed);
    co_return {.finished = state.finished};
  }

  perdure::task<repair_results> repair(repair_params what) override {
    if (state.closing) throw perdure::rejected("the workshop is closing");
    auto done = co_await activities<mechanic_contract>().repair({.item = what.item});
    state.finished.push_back(what.item);
    co_return {.bill = done.bill};
  }

  void close() override { state.closing = true; }
};

namespace {

/// A workshop with one repair under way, which ends `close`; the repair takes a minute.
void closed_by(perdure::test_environment& env, bool broken,
               void (*close)(perdure::test_environment&), const std::string& status) {
  env.host<workshop>();
  env.script<mechanic_contract>("repair")
      .returns(mechanic_contract::repair_results{.bill = "5 euros"})
      .takes(60s)
      .times(1);
  workshop_client client{env, "w"};
  auto open = env.send(client.open({.broken = broken}));
  auto repair = env.send(client.repair({.item = "bicycle"}));
  env.run_for(10s);
  close(env);
  env.run_until_idle();
  CHECK(!open.done());
  CHECK(repair.get().value().bill == "5 euros");
  env.run_until_idle();
  REQUIRE(open.done());
  CHECK(open.get().has_value() == (status == "completed"));
  CHECK(env.status("workshop/w") == status);
  CHECK(env.state<workshop_state>("workshop/w").finished == std::vector<std::string>{"bicycle"});
}

void close_it(perdure::test_environment& env) {
  workshop_client(env, "w").close().get().value();
  CHECK(workshop_client(env, "w").repair({.item = "car"}).get().error().code ==
        perdure::errc::rejected);
}

void cancel_it(perdure::test_environment& env) { CHECK(env.cancel("workshop/w", "no rent paid")); }

}  // namespace

TEST_CASE("a main that succeeds waits for its handlers") {
  perdure::crash_everywhere([](auto& env) { closed_by(env, false, close_it, "completed"); });
}

TEST_CASE("a main that fails waits for its handlers") {
  perdure::crash_everywhere([](auto& env) { closed_by(env, true, close_it, "failed"); });
}

TEST_CASE("a main that is cancelled waits for its handlers") {
  perdure::crash_everywhere([](auto& env) { closed_by(env, false, cancel_it, "cancelled"); });
}

}  // namespace yardstick::waiting
