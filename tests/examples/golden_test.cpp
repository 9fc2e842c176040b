// Histories that earlier builds have written replay against the present one: whoever changes what
// the examples do, or what a record means, finds here what would be parked.
//
// To write them anew, on purpose: test_examples -tc="golden: written anew" --no-skip

#include <doctest/doctest.h>

#include <filesystem>
#include <functional>
#include <map>
#include <string>

#include <perdure/history.h>
#include <perdure/testing.h>

#include "examples/approval/approval.h"
#include "examples/shop/account.h"
#include "examples/shop/cart.h"
#include "examples/shop/order.h"
#include "examples/shop/stock.h"
#include "examples/shop/transfer.h"
#include "examples/subscription/subscription.h"

using namespace perdure;
using namespace std::chrono_literals;

namespace {

const std::filesystem::path folder = PERDURE_GOLDEN_DIR;

using replayer = std::optional<error> (*)(const history&);

/// By the type of the entity.
const std::map<std::string, replayer, std::less<>> replayers{
    {"account", replay<shop::account>},     {"cart", replay<shop::cart>},
    {"expense", replay<approval::expense>}, {"order", replay<shop::order>},
    {"plan", replay<subscription::plan>},   {"stock", replay<shop::stock>},
    {"transfer", replay<shop::transfer>}};

std::filesystem::path file_of(const entity_id& entity) {
  return folder / (entity.type + "-" + entity.id + ".history");
}

/// A day of the shop: an order that is paid at the third attempt, one that is declined and undone,
/// one that is cancelled; transfers that come through, are refused, and are put back; a cart that
/// is checked out, and one that is forgotten.
void live(test_environment& env) {
  env.host<shop::account>().host<shop::cart>().host<shop::order>();
  env.host<shop::stock>().host<shop::transfer>();
  env.host<approval::expense>().host<subscription::plan>();
  env.script<approval::mail_contract>("ask").answers([] {}).any_number();
  env.script<subscription::billing_contract>("charge").answers([] {}).any_number();
  env.script<shop::payments_contract>("refund").answers([](activity_context&) {}).any_number();
  env.script<shop::payments_contract>("charge").any_number().answers(
      [](const shop::payments_contract::charge_params& wanted, activity_context& attempt) {
        if (wanted.account == "slow" && attempt.attempt() < 3) throw std::runtime_error("not now");
        if (wanted.account == "poor") {
          throw activity_failure("card_declined", "the card was declined").for_good();
        }
        return shop::payments_contract::charge_results{.receipt = "r-" + wanted.account};
      });

  for (auto sku : {"tea", "pot"}) {
    CHECK(env.entity<shop::stock_contract>(sku).receive({.quantity = 10}).get());
  }
  auto place = [&](const std::string& id, const std::string& account) {
    return env.send(env.entity<shop::order_contract>(id).place(
        {.account = account,
         .lines = {{.sku = "tea", .quantity = 2, .unit_cents = 250},
                   {.sku = "pot", .quantity = 1, .unit_cents = 1'000}}}));
  };
  CHECK(place("paid", "slow").get().value().status == "completed");
  CHECK(place("declined", "poor").get().value().status == "failed");
  auto cancelled = place("cancelled", "slow");
  env.run_until_idle();
  CHECK(env.entity<shop::order_contract>("cancelled").cancel().get());
  CHECK(cancelled.get().value().status == "cancelled");

  CHECK(env.entity<shop::account_contract>("a").deposit({.cents = 100}).get());
  CHECK(env.entity<shop::account_contract>("closed").close().get());
  auto move = [&](const std::string& id, const std::string& to, std::int64_t cents) {
    return env.entity<shop::transfer_contract>(id)
        .move({.from = "a", .to = to, .cents = cents})
        .get()
        .value()
        .status;
  };
  CHECK(move("through", "b", 30) == "completed");
  CHECK(move("refused", "b", 300) == "failed");
  CHECK(move("returned", "closed", 30) == "failed");

  auto cart = env.entity<shop::cart_contract>("bought");
  CHECK(cart.add_item({.sku = "tea", .quantity = 2, .unit_cents = 250}).get());
  CHECK(cart.add_item({.sku = "pot", .quantity = 1, .unit_cents = 900}).get());
  CHECK(cart.remove_item({.sku = "tea"}).get());
  CHECK(cart.checkout({.account = "a"}).get());
  auto left = env.entity<shop::cart_contract>("left");
  CHECK(left.add_item({.sku = "tea", .quantity = 2, .unit_cents = 250}).get());

  auto expense = env.send(env.entity<approval::expense_contract>("late").submit(
      {.cents = 4'200, .approver = "ann", .manager = "max"}));
  auto plan = env.send(
      env.entity<subscription::plan_contract>("ann").subscribe({.customer = "ann", .cents = 900}));
  CHECK(expense.get());
  env.run_for(24h * 30 * 30);
  CHECK(env.entity<subscription::plan_contract>("ann").end().get());
  CHECK(plan.get());
}

const std::vector<entity_id> recorded{
    {"account", "a"},        {"account", "closed"},   {"cart", "bought"},
    {"cart", "left"},        {"expense", "late"},     {"order", "paid"},
    {"order", "declined"},   {"order", "cancelled"},  {"plan", "ann"},
    {"stock", "tea"},        {"transfer", "through"}, {"transfer", "refused"},
    {"transfer", "returned"}};

}  // namespace

TEST_CASE("golden: written anew" * doctest::skip()) {
  test_environment env({.continue_after_events = 40});
  live(env);
  std::filesystem::create_directories(folder);
  for (auto& entity : recorded) {
    CHECK(save_history(file_of(entity), env.history(to_string(entity))));
  }
}

TEST_CASE("golden: the examples replay the histories that earlier builds have written") {
  for (auto& entity : recorded) {
    INFO(to_string(entity));
    auto kept = load_history(file_of(entity));
    REQUIRE(kept);
    CHECK(kept->entity() == entity);
    CHECK(kept->size() > 0);
    const auto why = replayers.find(entity.type)->second(*kept);
    CHECK_MESSAGE(!why, (why ? why->detail : ""));
  }
}

TEST_CASE("golden: what they write now replays as well") {
  test_environment env({.continue_after_events = 40});
  live(env);
  for (auto& entity : recorded) {
    INFO(to_string(entity));
    CHECK(!replayers.find(entity.type)->second(env.history(to_string(entity))));
  }
}
