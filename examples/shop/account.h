#pragma once

/// Money of a customer. The balance is never negative.

#include <string>

#include "account.perdure.h"
#include "examples/shop/rules.h"

namespace shop {

class account final : public account_entity {
public:
  perdure::task<deposit_results> deposit(deposit_params paid) override {
    require_amount(paid.cents);
    require_open();
    state.balance_cents = sum(state.balance_cents, paid.cents, "balance");
    co_return {.balance_cents = state.balance_cents};
  }

  perdure::task<withdraw_results> withdraw(withdraw_params taken) override {
    require_amount(taken.cents);
    require_open();
    if (taken.cents > state.balance_cents) throw perdure::rejected("insufficient funds");
    state.balance_cents -= taken.cents;
    co_return {.balance_cents = state.balance_cents};
  }

  balance_results balance() const override { return {.balance_cents = state.balance_cents}; }

  void close() override { state.closed = true; }

private:
  void require_open() const {
    if (state.closed) throw perdure::rejected("the account is closed");
  }
};

}  // namespace shop
