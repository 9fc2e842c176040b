#include <functional>
#include <stdexcept>
#include <utility>

#include "account.perdure.h"
#include "cart.perdure.h"
#include "examples/shop/demo/shoppers.h"
#include "stock.perdure.h"

namespace shop::demo {

namespace {

using number = perdure::result<std::int64_t>;

/// Sends a prepared call; of its outcome `number_of` makes the number to be told.
template <class Outcome, class NumberOf>
void send(perdure::prepared_call<Outcome> call, std::function<void(number)> done,
          NumberOf number_of) {
  std::move(call).then([done = std::move(done), number_of](perdure::result<Outcome> outcome) {
    if (outcome)
      done(static_cast<std::int64_t>(number_of(*outcome)));
    else
      done(std::move(outcome).error());
  });
}

constexpr auto nothing = [](const auto&) { return 0; };

}  // namespace

void deliver(perdure::caller& shop, const message& what, std::function<void(number)> done) {
  perdure::call_options once{.key = what.key};
  auto quantity = static_cast<std::uint32_t>(what.quantity);
  cart_client cart(shop, what.to.id);
  account_client account(shop, what.to.id);
  stock_client stock(shop, what.to.id);

  if (what.call == "addItem") {
    send(cart.add_item({.sku = what.text, .quantity = quantity, .unit_cents = what.cents}, once),
         std::move(done), nothing);
  } else if (what.call == "removeItem") {
    send(cart.remove_item({.sku = what.text}, once), std::move(done), nothing);
  } else if (what.call == "checkout") {
    send(cart.checkout({.account = what.text}, once), std::move(done),
         [](auto& order) { return order.cents; });
  } else if (what.call == "deposit") {
    send(account.deposit({.cents = what.cents}, once), std::move(done),
         [](auto& after) { return after.balance_cents; });
  } else if (what.call == "withdraw") {
    send(account.withdraw({.cents = what.cents}, once), std::move(done),
         [](auto& after) { return after.balance_cents; });
  } else if (what.call == "receive") {
    send(stock.receive({.quantity = quantity}, once), std::move(done), nothing);
  } else if (what.call == "reserve") {
    send(stock.reserve({.reservation = what.text, .quantity = quantity}, once), std::move(done),
         [](auto& left) { return left.available_after; });
  } else if (what.call == "release") {
    send(stock.release({.reservation = what.text}, once), std::move(done), nothing);
  } else if (what.call == "ship") {
    send(stock.ship({.reservation = what.text}, once), std::move(done), nothing);
  } else {
    throw std::invalid_argument("no such call: " + what.call);
  }
}

}  // namespace shop::demo
