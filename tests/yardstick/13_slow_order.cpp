// An order races against a timer: when the timer wins, the customer is told, and the order goes on.

#include <doctest/doctest.h>

#include <perdure/testing.h>

#include "13_slow_order.perdure.h"

namespace yardstick::slow {

using namespace std::chrono_literals;

class slow_order final : public slow_order_entity {
public:
  perdure::task<process_results> process(process_params of) override {
    auto [processed, told] = co_await perdure::all(finish(), notify_when_slow(of.email));
    co_return {.processor = processed.processor};
  }

private:
  using processing = processing_contract;

  perdure::task<processing::process_results> finish() {
    auto done = co_await activities<processing>().process({.order = self().id});
    state.processed = true;
    co_return done;
  }

  perdure::task<> notify_when_slow(std::string email) {
    if (co_await wait_until([this] { return state.processed; }, 3s)) co_return;
    co_await activities<processing>().notify({.email = email, .text = "please bear with us"});
  }
};

namespace {

/// Processes an order that takes so long. Returns how often the customer was told.
std::size_t told(perdure::test_environment& env, perdure::duration time) {
  env.host<slow_order>();
  env.script<processing_contract>("process")
      .returns(processing_contract::process_results{.processor = "bob"})
      .takes(time)
      .times(1);
  auto notify = env.script<processing_contract>("notify").returns().takes(1s);
  const auto start = env.now();
  slow_order_client order{env, "o1"};
  CHECK(order.process({.email = "ada@example.org"}).get().value().processor == "bob");
  CHECK(env.now() - start == time);
  CHECK(env.pending("slow-order/o1").empty());
  return notify.called();
}

}  // namespace

TEST_CASE("of an order that is processed in time nobody is told, and the timer is gone") {
  perdure::crash_everywhere([](auto& env) { CHECK(told(env, 2s) == 0); });
}

TEST_CASE("of an order that takes long the customer is told once, and it goes on") {
  perdure::crash_everywhere([](auto& env) { CHECK(told(env, 50s) == 1); });
}

TEST_CASE("an order that fails is told of by its failure alone") {
  perdure::test_environment env;
  env.host<slow_order>();
  env.script<processing_contract>("process").fails_for_good("sold_out").times(1);
  CHECK(slow_order_client(env, "o1").process({}).get().error().type == "sold_out");
  env.run_to_the_end();
  CHECK(env.status("slow-order/o1") == "failed");
}

}  // namespace yardstick::slow
