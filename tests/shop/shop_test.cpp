// The business rules of the example shop.

#include <doctest/doctest.h>

#include <limits>

#include "examples/shop/account.h"
#include "examples/shop/cart.h"
#include "examples/shop/stock.h"
#include "tests/shop/subject.h"

namespace shop {

namespace {

using std::chrono::minutes;
constexpr auto most_cents = std::numeric_limits<std::int64_t>::max();
constexpr auto most_items = std::numeric_limits<std::uint32_t>::max();

struct cart_subject : perdure::testing::subject<cart> {
  std::string add(std::string sku, std::uint32_t quantity, std::int64_t cents) {
    return signal("addItem", item{.sku = sku, .quantity = quantity, .unit_cents = cents});
  }
  std::string remove(std::string sku) {
    return signal("removeItem", cart_contract::remove_item_params{.sku = sku});
  }
  auto checkout(std::string account) {
    return update<cart_contract::checkout_results>(
        "checkout", cart_contract::checkout_params{.account = account});
  }
  auto total() { return query<cart_contract::total_results>("total"); }
  auto contents() { return query<cart_contract::contents_results>("contents"); }
};

struct account_subject : perdure::testing::subject<account> {
  auto deposit(std::int64_t cents) {
    return update<account_contract::deposit_results>(
        "deposit", account_contract::deposit_params{.cents = cents});
  }
  auto withdraw(std::int64_t cents) {
    return update<account_contract::withdraw_results>(
        "withdraw", account_contract::withdraw_params{.cents = cents});
  }
  auto balance() { return query<account_contract::balance_results>("balance").balance_cents; }
};

struct stock_subject : perdure::testing::subject<stock> {
  std::string receive(std::uint32_t quantity) {
    return signal("receive", stock_contract::receive_params{.quantity = quantity});
  }
  auto reserve(std::string name, std::uint32_t quantity) {
    return update<stock_contract::reserve_results>(
        "reserve", stock_contract::reserve_params{.reservation = name, .quantity = quantity});
  }
  std::string release(std::string name) {
    return signal("release", stock_contract::release_params{.reservation = name});
  }
  std::string ship(std::string name) {
    return signal("ship", stock_contract::ship_params{.reservation = name});
  }
  auto available() { return query<stock_contract::available_results>("available"); }
};

}  // namespace

// -- cart ----------------------------------------------------------------------------------------

TEST_CASE("cart: the total is the sum of what was added") {
  cart_subject cart;
  CHECK(cart.add("tea", 2, 450) == "");
  CHECK(cart.add("cup", 1, 1'200) == "");
  CHECK(cart.add("tea", 1, 450) == "");
  CHECK(cart.total().cents == 2'550);
  CHECK(cart.total().quantity == 4);
  CHECK(cart.contents().items.size() == 2);
}

TEST_CASE("cart: the same item at another price is another line") {
  cart_subject cart;
  cart.add("tea", 1, 450);
  cart.add("tea", 1, 400);
  CHECK(cart.total().cents == 850);
  CHECK(cart.contents().items.size() == 2);
  CHECK(cart.remove("tea") == "");
  CHECK(cart.contents().items.empty());
}

TEST_CASE("cart: an item without name, quantity or with a negative price is refused") {
  cart_subject cart;
  CHECK(cart.add("", 1, 450) == "the sku is empty");
  CHECK(cart.add("tea", 0, 450) == "the quantity is 0; it must be at least 1");
  CHECK(cart.add("tea", 1, -1) == "the price of an item cannot be negative");
  CHECK(cart.remove("") == "the sku is empty");
  CHECK(cart.add("gift", 1, 0) == "");
  CHECK(cart.contents().items.size() == 1);
}

TEST_CASE("cart: what could not be summed is refused and leaves nothing") {
  cart_subject cart;
  cart.add("tea", 1, 450);
  CHECK(cart.add("gold", 2, most_cents) == "the price would become too large");
  CHECK(cart.add("gold", 1, most_cents) == "the total of the cart would become too large");
  CHECK(cart.add("tea", most_items, 450) == "the quantity of tea would become too large");
  CHECK(cart.add("pins", most_items, 0) == "the quantity in the cart would become too large");
  CHECK(cart.contents().items.size() == 1);
  CHECK(cart.total().quantity == 1);
}

TEST_CASE("cart: removing what is not there is no error") {
  cart_subject cart;
  CHECK(cart.remove("tea") == "");
}

TEST_CASE("cart: checkout answers an order and what it costs, once") {
  cart_subject cart;
  cart.add("tea", 2, 450);
  auto order = cart.checkout("alice").value();
  CHECK(order.cents == 900);
  CHECK(order.order_id.size() == 36);
  CHECK(cart.contents().checked_out);
  CHECK(cart.checkout("alice").error().detail == "the cart is checked out");
  CHECK(cart.add("tea", 1, 450) == "the cart is checked out");
  CHECK(cart.remove("tea") == "the cart is checked out");
  CHECK(cart.total().cents == 900);
}

TEST_CASE("cart: an empty cart, or one without an account, is not checked out") {
  cart_subject cart;
  CHECK(cart.checkout("alice").error().detail == "the cart is empty");
  CHECK(cart.checkout("alice").error().code == perdure::errc::rejected);
  cart.add("tea", 1, 450);
  CHECK(cart.checkout("").error().detail == "the account is empty");
  cart.remove("tea");
  CHECK(cart.checkout("alice").error().detail == "the cart is empty");
}

TEST_CASE("cart: after 30 idle minutes it is empty, and may be filled again") {
  cart_subject cart;
  cart.add("tea", 1, 450);
  cart.pass(minutes{29});
  CHECK(cart.total().quantity == 1);
  cart.add("cup", 1, 900);
  cart.pass(minutes{29});
  CHECK(cart.total().quantity == 2);
  cart.pass(minutes{1});
  CHECK(cart.total().quantity == 0);
  CHECK(cart.add("tea", 1, 450) == "");
  CHECK(cart.total().quantity == 1);
}

TEST_CASE("cart: what is checked out does not expire") {
  cart_subject cart;
  cart.add("tea", 1, 450);
  cart.checkout("alice").value();
  cart.pass(minutes{60});
  CHECK(cart.contents().items.size() == 1);
}

// -- account -------------------------------------------------------------------------------------

TEST_CASE("account: deposits and withdrawals answer the balance") {
  account_subject account;
  CHECK(account.deposit(1'000).value().balance_cents == 1'000);
  CHECK(account.withdraw(300).value().balance_cents == 700);
  CHECK(account.withdraw(700).value().balance_cents == 0);
  CHECK(account.balance() == 0);
}

TEST_CASE("account: what is not covered is refused") {
  account_subject account;
  CHECK(account.withdraw(1).error().detail == "insufficient funds");
  CHECK(account.deposit(100).has_value());
  CHECK(account.withdraw(101).error().detail == "insufficient funds");
  CHECK(account.balance() == 100);
}

TEST_CASE("account: amounts are positive and sums fit") {
  account_subject account;
  CHECK(account.deposit(0).error().detail == "the amount must be positive, and is 0 cents");
  CHECK(account.deposit(-5).error().detail == "the amount must be positive, and is -5 cents");
  CHECK(account.withdraw(-5).error().code == perdure::errc::rejected);
  CHECK(account.withdraw(0).error().code == perdure::errc::rejected);
  CHECK(account.deposit(most_cents).has_value());
  CHECK(account.deposit(1).error().detail == "the balance would become too large");
  CHECK(account.balance() == most_cents);
}

// -- stock ---------------------------------------------------------------------------------------

TEST_CASE("stock: a reservation is taken from what is available until it is released or shipped") {
  stock_subject tea;
  CHECK(tea.receive(10) == "");
  CHECK(tea.reserve("order-1", 4).value().available_after == 6);
  CHECK(tea.reserve("order-2", 6).value().available_after == 0);
  CHECK(tea.available().reserved == 10);
  CHECK(tea.release("order-1") == "");
  CHECK(tea.available().quantity == 4);
  CHECK(tea.ship("order-2") == "");
  CHECK(tea.available().quantity == 4);
  CHECK(tea.available().reserved == 0);
}

TEST_CASE("stock: a reservation asked for again is answered again, and counts once") {
  stock_subject tea;
  tea.receive(10);
  CHECK(tea.reserve("order-1", 4).value().available_after == 6);
  CHECK(tea.reserve("order-1", 4).value().available_after == 6);
  CHECK(tea.available().reserved == 4);
  CHECK(tea.reserve("order-1", 5).error().detail ==
        "the reservation 'order-1' is known with 4; release it first");
}

TEST_CASE("stock: more than there is cannot be reserved") {
  stock_subject tea;
  CHECK(tea.reserve("order-1", 1).error().detail == "only 0 available, 1 wanted");
  tea.receive(3);
  CHECK(tea.reserve("order-1", 4).error().detail == "only 3 available, 4 wanted");
  CHECK(tea.available().reserved == 0);
}

TEST_CASE("stock: names and quantities are needed") {
  stock_subject tea;
  CHECK(tea.receive(0) == "the quantity is 0; it must be at least 1");
  CHECK(tea.reserve("", 1).error().detail == "the reservation is empty");
  CHECK(tea.reserve("order-1", 0).error().detail == "the quantity is 0; it must be at least 1");
  CHECK(tea.release("") == "the reservation is empty");
  CHECK(tea.ship("") == "the reservation is empty");
}

TEST_CASE("stock: shipping or releasing what is not reserved has no effect") {
  stock_subject tea;
  tea.receive(3);
  CHECK(tea.ship("order-1") == "");
  CHECK(tea.release("order-1") == "");
  tea.reserve("order-1", 2).value();
  CHECK(tea.ship("order-1") == "");
  CHECK(tea.ship("order-1") == "");
  CHECK(tea.release("order-1") == "");
  CHECK(tea.available().quantity == 1);
}

TEST_CASE("stock: what would not fit is not received, reservations counted in") {
  stock_subject tea;
  CHECK(tea.receive(most_items) == "");
  CHECK(tea.receive(1) == "the stock would become too large");
  CHECK(tea.reserve("order-1", 5).has_value());
  CHECK(tea.receive(1) == "the stock would become too large");
  CHECK(tea.ship("order-1") == "");
  CHECK(tea.receive(5) == "");
  CHECK(tea.available().quantity == most_items);
}

}  // namespace shop
