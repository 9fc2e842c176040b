#include "examples/shop/demo/day.h"

#include <cstdio>
#include <random>

#include "examples/shop/demo/ledger.h"

namespace shop::demo {

namespace {

/// Chooses the next message by a seed and by what the shop looks like so far.
class imagination {
public:
  explicit imagination(const day_plan& plan) : plan_(plan), random_(plan.seed) {}

  message open_account(std::size_t number) {
    return {.to = account(number), .call = "deposit", .cents = between(1'000, 50'000)};
  }

  message fill_shelf(std::size_t number) {
    return {.to = item(number), .call = "receive", .quantity = between(50, 500)};
  }

  message next(const ledger& shop) {
    auto kind = below(100);
    if (kind < 70) return for_cart(shop);
    if (kind < 85) return for_account();
    return for_item(shop);
  }

private:
  message for_cart(const ledger& shop) {
    message made{.to = numbered("cart", "cart-", below(plan_.carts))};
    // Few touch a cart that they have checked out.
    for (int i = 0; i < 8 && shop.is_checked_out(made.to.id) && below(10) != 0; ++i) {
      made.to = numbered("cart", "cart-", below(plan_.carts));
    }
    auto kind = below(100);
    if (kind < 82) {
      made.call = "addItem", made.text = item(below(plan_.items)).id;
      made.quantity = between(1, 5), made.cents = between(1, 40) * 25;
      if (kind == 0) made.quantity = 0;  // refused
      if (kind == 1) made.cents = -100;  // refused
    } else if (kind < 97) {
      made.call = "removeItem", made.text = item(below(plan_.items)).id;
    } else {
      made.call = "checkout", made.text = account(below(plan_.accounts)).id;
    }
    return made;
  }

  message for_account() {
    bool pays_in = below(2) == 0;
    return {.to = account(below(plan_.accounts)),
            .call = pays_in ? "deposit" : "withdraw",
            .cents = pays_in ? between(0, 5'000) : between(0, 20'000)};  // 0 is refused
  }

  message for_item(const ledger& shop) {
    message made{.to = item(below(plan_.items))};
    auto& open = shop.stock().at(made.to.id).reservations;
    auto kind = below(100);
    if (kind < 10) {
      made.call = "receive", made.quantity = between(0, 60);
    } else if (kind < 60 || open.empty()) {
      made.call = "reserve", made.text = "order-" + std::to_string(++reservations_);
      made.quantity = below(50) == 0 ? 1'000'000 : between(1, 12);
    } else {
      auto chosen = std::next(open.begin(), static_cast<std::ptrdiff_t>(below(open.size())));
      made.text = chosen->first;
      made.call = kind < 80 ? "ship" : kind < 95 ? "release" : "reserve";
      if (made.call == "reserve") made.quantity = chosen->second + (kind == 95 ? 1 : 0);
    }
    return made;
  }

  static perdure::entity_id numbered(const char* type, const char* prefix, std::size_t number) {
    char digits[8];
    std::snprintf(digits, sizeof digits, "%04zu", number + 1);
    return {type, prefix + std::string(digits)};
  }
  static perdure::entity_id account(std::size_t n) { return numbered("account", "customer-", n); }
  static perdure::entity_id item(std::size_t n) { return numbered("stock", "tea-", n); }

  std::size_t below(std::size_t end) { return random_() % end; }
  std::int64_t between(std::int64_t first, std::int64_t last) {
    return first + static_cast<std::int64_t>(below(static_cast<std::size_t>(last - first + 1)));
  }

  const day_plan& plan_;
  std::mt19937_64 random_;
  std::size_t reservations_ = 0;
};

}  // namespace

std::vector<message> make_day(const day_plan& plan) {
  std::vector<message> day;
  day.reserve(plan.messages);
  ledger shop;
  auto add = [&](message made) {
    made.key = std::to_string(plan.seed) + '-' + std::to_string(day.size() + 1);
    shop.book(made);
    day.push_back(std::move(made));
  };
  imagination world(plan);
  for (std::size_t i = 0; i < plan.accounts; ++i) add(world.open_account(i));
  for (std::size_t i = 0; i < plan.items; ++i) add(world.fill_shelf(i));
  while (day.size() < plan.messages) add(world.next(shop));
  return day;
}

}  // namespace shop::demo
