#pragma once

/// What the shop must look like, worked out from messages alone: a second, independent telling of
/// the rules of cart.h, account.h and stock.h, in plain maps, to hold the real shop against.

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "examples/shop/demo/day.h"

namespace shop::demo {

/// What the sender of a message must be answered.
struct expected_answer {
  bool refused = false;
  /// The number in an update's result: balance, cents of the order, what is left; 0 for signals.
  std::int64_t number = 0;

  friend bool operator==(const expected_answer&, const expected_answer&) = default;
};

struct cart_account {
  /// (sku, price) to quantity.
  std::map<std::pair<std::string, std::int64_t>, std::int64_t> lines;
  bool checked_out = false;

  std::int64_t cents() const;
  std::int64_t quantity() const;
  friend bool operator==(const cart_account&, const cart_account&) = default;
};

struct stock_account {
  std::int64_t available = 0;
  std::map<std::string, std::int64_t> reservations;

  std::int64_t reserved() const;
  friend bool operator==(const stock_account&, const stock_account&) = default;
};

class ledger {
public:
  /// Books a message and returns what it must be answered. A refused one changes nothing.
  expected_answer book(const message& what);

  /// Returns a ledger that knows this entity alone.
  ledger only(const perdure::entity_id& entity) const;

  bool is_checked_out(const std::string& cart) const {
    auto found = carts_.find(cart);
    return found != carts_.end() && found->second.checked_out;
  }
  const std::map<std::string, cart_account>& carts() const { return carts_; }
  const std::map<std::string, std::int64_t>& balances() const { return balances_; }
  const std::map<std::string, stock_account>& stock() const { return stock_; }

private:
  expected_answer book_cart(cart_account& cart, const message& what);
  expected_answer book_account(std::int64_t& balance, const message& what);
  expected_answer book_stock(stock_account& item, const message& what);

  std::map<std::string, cart_account> carts_;
  std::map<std::string, std::int64_t> balances_;
  std::map<std::string, stock_account> stock_;
};

}  // namespace shop::demo
