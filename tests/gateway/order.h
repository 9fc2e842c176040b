#pragma once

/// The entity of these tests; see order.capnp.

#include "ledger.perdure.h"
#include "order.perdure.h"

namespace orders {

class order final : public order_entity {
public:
  perdure::task<place_results> place(place_params what) override {
    if (what.cents < 0) throw perdure::rejected("a negative amount");
    state.cents = what.cents;
    set_attribute("status", std::string("placed"));
    set_attribute("total", what.cents);
    set_attribute("account", what.account);
    set_attribute("vip", what.cents > 1'000);
    set_attribute("share", static_cast<double>(what.cents) / 4);
    if (what.hold) co_await wait_until([this] { return state.released; });
    if (what.cents > 0) {
      auto payments = activities<payments_contract>(
          {.start_to_close = std::chrono::minutes{1}, .heartbeat = std::chrono::seconds{30}});
      state.receipt =
          (co_await payments.charge({.account = what.account, .cents = what.cents})).receipt;
    }
    for (auto& part : what.parts) {
      auto sent = co_await activities<shipping_contract>({.queue = "vans"}).ship({.part = part});
      state.receipt += ' ' + sent.tracking;
    }
    if (!what.tell.empty()) {
      auto book = entity<ledger::ledger_contract>(what.tell);
      book.add({.amount = what.cents});
      auto left = co_await book.take({.amount = 1});
      state.receipt += " left " + std::to_string(left.left);
    }
    set_attribute("status", std::string("paid"));
    co_return {.receipt = state.receipt};
  }

  void release() override { state.released = true; }
  look_results look() const override { return {.state = state}; }
  void note(const note_params& what) override {
    if (what.text == "bad") throw perdure::rejected("a bad note");
    ++state.heard;
    set_attribute("note", what.text);
  }
};

}  // namespace orders
