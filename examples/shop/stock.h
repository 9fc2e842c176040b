#pragma once

/// One item of the stock: what is available, and what is reserved under a name until it is shipped
/// or released.

#include <algorithm>
#include <string>
#include <vector>

#include "examples/shop/rules.h"
#include "stock.perdure.h"

namespace shop {

class stock final : public stock_entity {
public:
  void receive(const receive_params& delivered) override {
    require_quantity(delivered.quantity);
    state.quantity = sum(state.quantity, delivered.quantity, "stock");
  }

  /// The same reservation asked for again is answered again; it counts once.
  perdure::task<reserve_results> reserve(reserve_params wanted) override {
    require_name(wanted.reservation, "reservation");
    require_quantity(wanted.quantity);
    auto left = available().quantity;
    auto place = find(wanted.reservation);
    if (place != state.reservations.end() && place->name == wanted.reservation) {
      if (place->quantity != wanted.quantity) {
        throw perdure::rejected("the reservation '" + wanted.reservation + "' is known with " +
                                std::to_string(place->quantity) + "; release it first");
      }
      co_return {.available_after = left};
    }
    if (wanted.quantity > left) {
      throw perdure::rejected("only " + std::to_string(left) + " available, " +
                              std::to_string(wanted.quantity) + " wanted");
    }
    state.reservations.insert(place, {.name = wanted.reservation, .quantity = wanted.quantity});
    co_return {.available_after = left - wanted.quantity};
  }

  void release(const release_params& released) override { take(released.reservation); }

  void ship(const ship_params& shipped) override { state.quantity -= take(shipped.reservation); }

  available_results available() const override {
    std::uint32_t reserved = 0;
    for (auto& each : state.reservations) reserved += each.quantity;
    return {.quantity = state.quantity - reserved, .reserved = reserved};
  }

private:
  /// Returns where the reservation is, or would be: they are in order of their names.
  std::vector<reservation>::iterator find(const std::string& name) {
    return std::ranges::lower_bound(state.reservations, name, {}, &reservation::name);
  }

  /// Ends a reservation and returns its quantity; 0 for one that has been shipped or released.
  std::uint32_t take(const std::string& name) {
    require_name(name, "reservation");
    auto place = find(name);
    if (place == state.reservations.end() || place->name != name) return 0;
    auto quantity = place->quantity;
    state.reservations.erase(place);
    return quantity;
  }
};

}  // namespace shop
