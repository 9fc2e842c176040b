// A purchase by one click: who cancels within five seconds is not charged.

#include <doctest/doctest.h>

#include <perdure/testing.h>

#include "36_one_click_buy.perdure.h"

namespace yardstick::one_click_buy {

using namespace std::chrono_literals;

class purchase final : public purchase_entity {
public:
  perdure::task<buy_results> buy(buy_params what) override {
    auto store = activities<store_contract>({.start_to_close = 1min});
    if (co_await wait_until([this] { return state.phase == phase::cancelled; }, 5s)) {
      auto done = co_await store.put_back({.item = what.item});
      co_return {.message = done.message};
    }
    state.phase = phase::confirmed;
    auto done = co_await store.checkout({.item = what.item});
    co_return {.message = done.message};
  }

  perdure::task<cancel_results> cancel() override {
    if (state.phase == phase::confirmed) throw perdure::rejected("it is too late to cancel");
    state.phase = phase::cancelled;
    co_return {.phase = state.phase};
  }

  phase_results phase() const override { return {.phase = state.phase}; }
};

namespace {

TEST_CASE("one click: after five seconds it is bought, and cannot be cancelled any more") {
  perdure::crash_everywhere([](perdure::test_environment& env) {
    env.host<purchase>();
    env.script<store_contract>("checkout")
        .fails("network")
        .returns(store_contract::checkout_results{.message = "bought"})
        .takes(1s)
        .times(2);
    purchase_client client{env, "p"};
    const auto start = env.now();
    auto bought = env.send(client.buy({.item = "tea"}));
    env.run_for(4'999ms);
    CHECK(client.phase().get().value().phase == phase::pending);
    env.run_for(1ms);
    CHECK(client.phase().get().value().phase == phase::confirmed);
    CHECK(client.cancel().get().error().detail == "it is too late to cancel");
    CHECK(bought.get().value().message == "bought");
    CHECK(env.now() - start == 5s + 1s + 1s);
  });
}

TEST_CASE("one click: who cancels in time buys nothing") {
  perdure::crash_everywhere([](perdure::test_environment& env) {
    env.host<purchase>();
    env.script<store_contract>("putBack")
        .returns(store_contract::put_back_results{.message = "put back"})
        .times(1);
    auto checkout = env.script<store_contract>("checkout");
    purchase_client client{env, "p"};
    const auto start = env.now();
    auto bought = env.send(client.buy({.item = "tea"}));
    env.run_for(4'999ms);
    CHECK(client.cancel().get().value().phase == phase::cancelled);
    CHECK(bought.get().value().message == "put back");
    CHECK(env.now() - start == 4'999ms);
    env.run_to_the_end();
    CHECK(checkout.called() == 0);
  });
}

TEST_CASE("one click: two clicks are one purchase") {
  perdure::test_environment env;
  env.host<purchase>();
  env.script<store_contract>("checkout").returns().times(1);
  purchase_client client{env, "p"};
  auto bought = env.send(client.buy({.item = "tea"}, {.key = "click"}));
  CHECK(client.buy({.item = "tea"}, {.key = "click"}).get());
  CHECK(bought.done());
  CHECK(client.buy({.item = "tea"}, {.start = {.when_ended = perdure::id_reuse::reject}})
            .get()
            .error()
            .code == perdure::errc::already_exists);
}

}  // namespace

}  // namespace yardstick::one_click_buy
