#pragma once

/// Money on its way: taken from one account, put into the other, or put back. It is never lost:
/// while neither account takes it, the transfer holds it and tries again, and once it has begun it
/// is not cancelled.

#include <chrono>

#include "account.perdure.h"
#include "examples/shop/rules.h"
#include "transfer.perdure.h"

namespace shop {

class transfer final : public transfer_entity {
public:
  perdure::task<move_results> move(move_params wanted) override {
    require_name(wanted.from, "from");
    require_name(wanted.to, "to");
    require_amount(wanted.cents);
    // Cancelled at an await, it would not know whether the account has done what it was asked.
    co_return co_await perdure::shielded(carry(wanted));
  }

private:
  perdure::task<move_results> carry(move_params wanted) {
    state.phase = "withdrawing";
    auto taken = co_await entity<account_contract>(wanted.from)
                     .withdraw({.cents = wanted.cents})
                     .as_result();
    if (!taken) co_return end("failed");

    state.phase = "depositing";
    auto given =
        co_await entity<account_contract>(wanted.to).deposit({.cents = wanted.cents}).as_result();
    if (given) co_return end("completed");

    state.phase = "returning";
    while (!co_await entity<account_contract>(wanted.from)
                .deposit({.cents = wanted.cents})
                .as_result()) {
      co_await sleep(std::chrono::hours{1});
    }
    co_return end("failed");
  }

  move_results end(const std::string& status) {
    state.phase = status;
    set_attribute("status", status);
    return {.status = status};
  }
};

}  // namespace shop
