// A payment in two phases: the caller has his answer after the first, the second goes on without
// him. What cannot be initialized in five seconds is cancelled, again without him.

#include <doctest/doctest.h>

#include <perdure/testing.h>

#include "23_early_return.perdure.h"

namespace yardstick::early_return {

using namespace std::chrono_literals;

class payment final : public payment_entity {
public:
  perdure::task<pay_results> pay(pay_params what) override {
    if (what.cents <= 0) throw perdure::rejected("an amount is more than nothing");
    if (!state.phase.empty()) throw perdure::rejected("this payment was made before");
    state.phase = "initializing";
    auto begun = co_await activities<bank_contract>({.schedule_to_close = 5s})
                     .initialize({what.source, what.target, what.cents})
                     .as_result();
    if (!begun) {
      spawn(cancel(what.source));
      throw perdure::failure(begun.error());
    }
    state.id = begun->id;
    state.phase = "initialized";
    reply(pay_results{.id = state.id});

    co_await activities<bank_contract>({.start_to_close = 30s}).complete({.id = state.id});
    state.phase = "completed";
    co_return {};
  }

private:
  perdure::task<> cancel(std::string source) {
    co_await activities<bank_contract>({.start_to_close = 30s}).cancel({.source = source});
    state.phase = "cancelled";
  }
};

namespace {

const bank_contract::initialize_results begun{.id = "t-1"};

TEST_CASE("early return: the caller is answered before the payment is completed") {
  perdure::crash_everywhere([](perdure::test_environment& env) {
    env.host<payment>();
    env.script<bank_contract>("initialize").returns(begun).takes(500ms).times(1);
    auto complete =
        env.script<bank_contract>("complete").fails("network").returns().takes(10s).times(2);
    const auto start = env.now();

    payment_client client{env, "p"};
    CHECK(client.pay({.source = "a", .target = "b", .cents = 5}).get().value().id == "t-1");
    CHECK(env.now() - start == 500ms);
    CHECK(env.state<payment_state>("early-payment/p").phase == "initialized");

    env.run_to_the_end();
    CHECK(env.now() - start == 500ms + 1s + 10s);
    CHECK(env.state<payment_state>("early-payment/p").phase == "completed");
    CHECK(complete.calls<bank_contract::complete_params>()[1].id == "t-1");
  });
}

TEST_CASE("early return: what cannot be initialized in time is told at once, and cancelled") {
  perdure::crash_everywhere([](perdure::test_environment& env) {
    env.host<payment>();
    env.script<bank_contract>("initialize").fails("no_such_account").times(3);
    env.script<bank_contract>("cancel").returns().takes(10s).times(1);
    const auto start = env.now();

    payment_client client{env, "p"};
    const auto paid = client.pay({.source = "a", .target = "b", .cents = 5}).get();
    CHECK(paid.error().type == "no_such_account");
    CHECK(env.now() - start == 3s);
    CHECK(env.state<payment_state>("early-payment/p").phase == "initializing");

    env.run_to_the_end();
    CHECK(env.state<payment_state>("early-payment/p").phase == "cancelled");
  });
}

TEST_CASE("early return: a second payment and an empty one are refused, the same one is not") {
  perdure::test_environment env;
  env.host<payment>();
  env.script<bank_contract>("initialize").returns(begun).times(1);
  env.script<bank_contract>("complete").returns().times(1);
  payment_client client{env, "p"};
  CHECK(client.pay({.cents = 0}).get().error().code == perdure::errc::rejected);
  CHECK(client.pay({.cents = 5}, {.key = "k"}).get().value().id == "t-1");
  CHECK(client.pay({.cents = 5}).get().error().code == perdure::errc::rejected);
  env.run_to_the_end();
  CHECK(client.pay({.cents = 5}, {.key = "k"}).get().value().id == "t-1");
}

}  // namespace

}  // namespace yardstick::early_return
