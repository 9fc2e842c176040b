#pragma once

/// An order. What it did is undone when a step is refused, fails for good, or nobody pays in time.

#include <chrono>
#include <cstdint>
#include <string>

#include "examples/shop/rules.h"
#include "order.perdure.h"
#include "payments.perdure.h"
#include "stock.perdure.h"

namespace shop {

using namespace std::chrono_literals;

class order final : public order_entity {
public:
  perdure::task<place_results> place(place_params wanted) override {
    state.cents = total_of(wanted);
    try {
      co_await perdure::saga([&](perdure::compensations& undo) { return fulfil(wanted, undo); });
      state.phase = "completed";
    } catch (const perdure::rejected&) {
      state.phase = "cancelled";
    } catch (const perdure::failure&) {
      state.phase = "failed";
    }
    set_attribute("status", state.phase);
    co_return {.status = state.phase, .cents = state.cents, .receipt = state.receipt};
  }

  void cancel() override { state.cancelled = true; }

  progress_results progress() const override { return {.phase = state.phase}; }

private:
  static constexpr auto time_to_pay = 15min;
  static constexpr std::size_t most_lines = 500;  // Far below the messages that may be under way.

  perdure::task<> fulfil(const place_params& wanted, perdure::compensations& undo) {
    state.phase = "reserving";
    for (std::uint32_t line = 0; line < wanted.lines.size(); ++line) {
      auto& [sku, quantity, price] = wanted.lines[line];
      undo.add("release " + sku, [this, sku, line] {
        entity<stock_contract>(sku).release({.reservation = reservation(line)});
      });
      co_await entity<stock_contract>(sku).reserve(
          {.reservation = reservation(line), .quantity = quantity});
      require_wanted();
    }

    state.phase = "paying";
    undo.add("refund", [this]() -> perdure::task<> {
      if (state.receipt.empty()) co_return;
      co_await activities<payments_contract>().refund({.receipt = state.receipt});
      state.receipt.clear();
    });
    co_await perdure::race(pay(wanted.account), wait_until([this] { return state.cancelled; }),
                           sleep(time_to_pay));
    // The payment may have come through while it was being stopped.
    if (state.receipt.empty()) throw perdure::rejected("not paid");

    state.phase = "shipping";
    for (std::uint32_t line = 0; line < wanted.lines.size(); ++line) {
      entity<stock_contract>(wanted.lines[line].sku).ship({.reservation = reservation(line)});
    }
  }

  perdure::task<> pay(const std::string& account) {
    // Whether a charge that was stopped has been made, only its end can tell.
    auto paid = co_await activities<payments_contract>({.start_to_close = 30s,
                                                        .retry = {.final_types = {"card_declined"}},
                                                        .on_cancel = perdure::cancellation::wait})
                    .charge({.account = account, .cents = state.cents});
    state.receipt = paid.receipt;
  }

  void require_wanted() const {
    if (state.cancelled) throw perdure::rejected("the order was cancelled");
  }

  std::string reservation(std::uint32_t line) const {
    return self().id + '/' + std::to_string(line);
  }

  static std::int64_t total_of(const place_params& wanted) {
    require_name(wanted.account, "account");
    if (wanted.lines.empty()) throw perdure::rejected("the order has no lines");
    if (wanted.lines.size() > most_lines) {
      throw perdure::rejected("an order has at most " + std::to_string(most_lines) + " lines");
    }
    std::int64_t total = 0;
    for (auto& line : wanted.lines) {
      require_name(line.sku, "sku");
      require_quantity(line.quantity);
      if (line.unit_cents < 0) throw perdure::rejected("the price of an item cannot be negative");
      total = sum(total, product(line.unit_cents, line.quantity), "total of the order");
    }
    return total;
  }
};

}  // namespace shop
