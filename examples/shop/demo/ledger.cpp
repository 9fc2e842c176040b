#include "examples/shop/demo/ledger.h"

#include <stdexcept>

namespace shop::demo {

namespace {

constexpr expected_answer refused{.refused = true};

expected_answer answered(std::int64_t number = 0) { return {.number = number}; }

[[noreturn]] void unknown(const message& what) {
  throw std::invalid_argument("no such message: " + what.to.type + "." + what.call);
}

}  // namespace

std::int64_t cart_account::cents() const {
  std::int64_t sum = 0;
  for (auto& [line, quantity] : lines) sum += line.second * quantity;
  return sum;
}

std::int64_t cart_account::quantity() const {
  std::int64_t sum = 0;
  for (auto& [line, quantity] : lines) sum += quantity;
  return sum;
}

std::int64_t stock_account::reserved() const {
  std::int64_t sum = 0;
  for (auto& [name, quantity] : reservations) sum += quantity;
  return sum;
}

expected_answer ledger::book(const message& what) {
  if (what.to.type == "cart") return book_cart(carts_[what.to.id], what);
  if (what.to.type == "account") return book_account(balances_[what.to.id], what);
  if (what.to.type == "stock") return book_stock(stock_[what.to.id], what);
  unknown(what);
}

ledger ledger::only(const perdure::entity_id& entity) const {
  ledger part;
  auto copy = [&](auto& from, auto& to) {
    if (auto found = from.find(entity.id); found != from.end()) to.insert(*found);
  };
  if (entity.type == "cart") copy(carts_, part.carts_);
  if (entity.type == "account") copy(balances_, part.balances_);
  if (entity.type == "stock") copy(stock_, part.stock_);
  return part;
}

expected_answer ledger::book_cart(cart_account& cart, const message& what) {
  if (what.call == "addItem") {
    if (cart.checked_out || what.quantity == 0 || what.cents < 0) return refused;
    cart.lines[{what.text, what.cents}] += what.quantity;
    return answered();
  }
  if (what.call == "removeItem") {
    if (cart.checked_out) return refused;
    std::erase_if(cart.lines, [&](auto& line) { return line.first.first == what.text; });
    return answered();
  }
  if (what.call == "checkout") {
    if (cart.checked_out || cart.lines.empty()) return refused;
    cart.checked_out = true;
    return answered(cart.cents());
  }
  unknown(what);
}

expected_answer ledger::book_account(std::int64_t& balance, const message& what) {
  if (what.cents <= 0) return refused;
  if (what.call == "deposit") return answered(balance += what.cents);
  if (what.call == "withdraw") {
    return what.cents > balance ? refused : answered(balance -= what.cents);
  }
  unknown(what);
}

expected_answer ledger::book_stock(stock_account& item, const message& what) {
  if (what.call == "receive") {
    if (what.quantity == 0) return refused;
    item.available += what.quantity;
    return answered();
  }
  auto known = item.reservations.find(what.text);
  bool is_known = known != item.reservations.end();
  if (what.call == "reserve") {
    if (what.quantity == 0) return refused;
    if (is_known) return known->second == what.quantity ? answered(item.available) : refused;
    if (what.quantity > item.available) return refused;
    item.reservations[what.text] = what.quantity;
    return answered(item.available -= what.quantity);
  }
  if (what.call == "release") {
    if (is_known) item.available += known->second, item.reservations.erase(known);
    return answered();
  }
  if (what.call == "ship") {
    if (is_known) item.reservations.erase(known);
    return answered();
  }
  unknown(what);
}

}  // namespace shop::demo
