#pragma once

/// A shopping cart. It takes items until it is checked out, and forgets them after half an hour in
/// which nobody touched it.

#include <algorithm>
#include <chrono>
#include <string>

#include "cart.perdure.h"
#include "examples/shop/rules.h"

namespace shop {

class cart final : public cart_entity {
public:
  /// One more line, or more of a line: a line is a sku at a price, so the total is what was shown.
  void add_item(const item& added) override {
    require_open();
    require_name(added.sku, "sku");
    require_quantity(added.quantity);
    if (added.unit_cents < 0) throw perdure::rejected("the price of an item cannot be negative");

    auto line = std::ranges::find_if(state.items, [&](const item& known) {
      return known.sku == added.sku && known.unit_cents == added.unit_cents;
    });
    if (line == state.items.end()) {
      state.items.push_back(added);
    } else {
      line->quantity = sum(line->quantity, added.quantity, "quantity of " + added.sku);
    }
    total();  // Refuses what could not be summed; the line above is then undone.
    expire_when_idle();
  }

  /// All lines of a sku; one that is not there is gone already.
  void remove_item(const remove_item_params& removed) override {
    require_open();
    require_name(removed.sku, "sku");
    std::erase_if(state.items, [&](const item& line) { return line.sku == removed.sku; });
    expire_when_idle();
  }

  total_results total() const override {
    total_results so_far;
    for (auto& line : state.items) {
      auto price = product(line.unit_cents, line.quantity);
      so_far.cents = sum(so_far.cents, price, "total of the cart");
      so_far.quantity = sum(so_far.quantity, line.quantity, "quantity in the cart");
    }
    return so_far;
  }

  contents_results contents() const override {
    return {.items = state.items, .checked_out = state.checked_out};
  }

  perdure::task<checkout_results> checkout(checkout_params request) override {
    require_name(request.account, "account");
    require_open();
    if (state.items.empty()) throw perdure::rejected("the cart is empty");
    state.checked_out = true;
    state.order_id = uuid();
    state.account = request.account;
    cancel_reminder(idle_reminder);
    co_return {.order_id = state.order_id, .cents = total().cents};
  }

  /// The reminder's signal.
  void expire() override {
    if (!state.checked_out) state.items.clear();
  }

private:
  static constexpr auto idle_reminder = "expire";

  void require_open() const {
    if (state.checked_out) throw perdure::rejected("the cart is checked out");
  }

  void expire_when_idle() { remind(idle_reminder, std::chrono::minutes{30}, &cart::expire); }
};

}  // namespace shop
