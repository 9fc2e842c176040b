// A shopping cart that is made by its first update: each item's price is asked from a catalogue,
// and the checkout waits for the items that are still on their way.

#include <doctest/doctest.h>

#include <perdure/testing.h>

#include "01_shopping_cart.perdure.h"

namespace yardstick::shopping {

using namespace std::chrono_literals;

class cart final : public cart_entity {
public:
  perdure::task<add_item_results> add_item(add_item_params item) override {
    if (item.quantity == 0) throw perdure::rejected("how many?");
    if (state.submitted) throw perdure::rejected("the order is submitted");
    auto price = co_await activities<catalogue_contract>().price_of({.sku = item.sku});
    state.lines.push_back(
        {.sku = item.sku, .quantity = item.quantity, .cents = item.quantity * price.cents});
    co_return {.total_cents = total()};
  }

  perdure::task<checkout_results> checkout() override {
    if (state.submitted) throw perdure::rejected("the order is submitted");
    state.submitted = true;
    co_await handlers_finished();
    if (state.lines.empty()) throw perdure::rejected("the cart is empty");
    co_return {.lines = state.lines, .total_cents = total()};
  }

private:
  std::int64_t total() const {
    std::int64_t cents = 0;
    for (auto& each : state.lines) cents += each.cents;
    return cents;
  }
};

namespace {

perdure::activity_script prices(perdure::test_environment& env) {
  return env.script<catalogue_contract>("priceOf")
      .answers([](const catalogue_contract::price_of_params& of) {
        if (of.sku == "unicorn") {
          throw perdure::activity_failure("unavailable", "no unicorns").for_good();
        }
        return catalogue_contract::price_of_results{.cents = 10};
      })
      .takes(1s)
      .any_number();
}

}  // namespace

TEST_CASE("a cart is made by its first update, and takes many items at once") {
  perdure::crash_everywhere([](perdure::test_environment& env) {
    env.host<cart>();
    prices(env);
    cart_client alice{env, "alice"};
    CHECK(alice.add_item({.sku = "tea", .quantity = 3}).get().value().total_cents == 30);

    const auto start = env.now();
    for (int i = 0; i < 20; ++i) env.send(alice.add_item({.sku = "cup", .quantity = 1}));
    auto order = alice.checkout().get().value();
    CHECK(order.lines.size() == 21);
    CHECK(order.total_cents == 230);
    CHECK(env.now() - start == 1s);
    CHECK(alice.add_item({.sku = "tea", .quantity = 1}).get().error().detail ==
          "the order is submitted");
  });
}

TEST_CASE("an item that is sent twice under one key is in the cart once") {
  perdure::crash_everywhere([](perdure::test_environment& env) {
    env.host<cart>();
    prices(env);
    cart_client alice{env, "alice"};
    for (int i = 0; i < 2; ++i) {
      auto added = alice.add_item({.sku = "tea", .quantity = 3}, {.key = "click 1"}).get();
      CHECK(added.value().total_cents == 30);
    }
    CHECK(alice.checkout().get().value().lines.size() == 1);
  });
}

TEST_CASE("a refused first item makes no cart, and an unavailable one leaves it as it was") {
  perdure::test_environment env;
  env.host<cart>();
  prices(env);
  cart_client alice{env, "alice"};
  CHECK(alice.add_item({.sku = "tea"}).get().error().code == perdure::errc::rejected);
  CHECK(env.status("shopping-cart/alice") == "none");
  CHECK(alice.add_item({.sku = "unicorn", .quantity = 1}).get().error().type == "unavailable");
  CHECK(env.state<cart_state>("shopping-cart/alice").lines.empty());
}

}  // namespace yardstick::shopping
