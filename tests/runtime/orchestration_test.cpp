#include <doctest/doctest.h>

#include <atomic>
#include <stdexcept>
#include <thread>

#include "examples/shop/account.h"
#include "examples/shop/order.h"
#include "examples/shop/stock.h"
#include "examples/shop/transfer.h"
#include "fixture.h"

using namespace perdure;
using namespace perdure::runtime;

namespace {

/// Payments that fail as often as they are told to, and count.
class scripted_payments final : public shop::payments_activities {
public:
  charge_results charge(const charge_params& wanted) override {
    ++charges;
    if (failures > 0) {
      --failures;
      throw std::runtime_error("not now");
    }
    if (wanted.account == "declined") {
      throw activity_failure("card_declined", "the card was declined").for_good();
    }
    return {.receipt = "receipt"};
  }
  void refund(const refund_params&) override { ++refunds; }

  std::atomic<int> charges{0}, refunds{0}, failures{0};
};

/// Tells the stock of a delivery, and sleeps.
class waiting_sender final : public shop::transfer_entity {
public:
  task<move_results> move(move_params) override {
    entity<shop::stock_contract>("tea").receive({.quantity = 1});
    co_await sleep(std::chrono::hours{24});
    co_return {.status = "slept"};
  }
};

struct shop_fixture {
  shop_fixture() { start(); }

  void start() {
    running = std::make_unique<engine>(store, clock, limits);
    running->host(type_of<shop::account>());
    running->host(type_of<shop::stock>());
    running->host(type_of<shop::order>());
    running->host(type_of<shop::transfer>());
    running->provide(payments);
    running->start();
  }
  void restart() {
    running.reset();
    start();
  }

  shop::account_client account(std::string id) { return {*running, std::move(id)}; }
  shop::stock_client stock(std::string id) { return {*running, std::move(id)}; }
  shop::order_client order(std::string id) { return {*running, std::move(id)}; }
  shop::transfer_client transfer(std::string id) { return {*running, std::move(id)}; }

  std::int64_t balance(std::string id) {
    return account(std::move(id)).balance().get().value().balance_cents;
  }
  entity_description describe(const entity_id& entity) {
    answer_box<result<entity_description>> box;
    running->describe(entity, box.box());
    return box.get().value();
  }
  result<answer> result_of(const entity_id& entity) {
    answer_box<result<answer>> box;
    running->await_result(entity, forever, box.box());
    return box.get();
  }
  template <class Condition>
  void until(Condition condition) {
    while (!condition()) std::this_thread::yield();
  }
  void jump(duration time) {
    clock.pass(time);
    running->look_at_clock();
  }
  static shop::order_client::place_params wanted(std::string account = "alice") {
    return {.account = std::move(account),
            .lines = {{.sku = "tea", .quantity = 2, .unit_cents = 250},
                      {.sku = "pot", .quantity = 1, .unit_cents = 1'000}}};
  }
  void fill() {
    REQUIRE(stock("tea").receive({.quantity = 10}).get());
    REQUIRE(stock("pot").receive({.quantity = 1}).get());
  }

  manual_clock clock;
  persistence::memory_journal store;
  engine_limits limits;
  std::shared_ptr<scripted_payments> payments = std::make_shared<scripted_payments>();
  std::unique_ptr<engine> running;
};

}  // namespace

TEST_CASE("orchestration: a transfer moves the money and answers") {
  shop_fixture f;
  REQUIRE(f.account("a").deposit({.cents = 100}).get());
  auto moved = f.transfer("t1").move({.from = "a", .to = "b", .cents = 30}).get();
  REQUIRE(moved);
  CHECK(moved->status == "completed");
  CHECK(f.balance("a") == 70);
  CHECK(f.balance("b") == 30);
  CHECK(f.describe({"transfer", "t1"}).status == "completed");
  CHECK(f.result_of({"transfer", "t1"}));
}

TEST_CASE("orchestration: a transfer to a closed account puts the money back") {
  shop_fixture f;
  REQUIRE(f.account("a").deposit({.cents = 100}).get());
  REQUIRE(f.account("b").close().get());
  auto moved = f.transfer("t1").move({.from = "a", .to = "b", .cents = 30}).get();
  REQUIRE(moved);
  CHECK(moved->status == "failed");
  CHECK(f.balance("a") == 100);
}

TEST_CASE("orchestration: an order reserves, charges and ships") {
  shop_fixture f;
  f.fill();
  auto placed = f.order("o1").place(f.wanted()).get();
  REQUIRE(placed);
  CHECK(placed->status == "completed");
  CHECK(placed->cents == 1'500);
  CHECK(placed->receipt == "receipt");
  f.until([&] { return f.stock("pot").available().get()->reserved == 0; });
  f.until([&] { return f.stock("tea").available().get()->reserved == 0; });
  CHECK(f.stock("tea").available().get()->quantity == 8);
  CHECK(f.payments->charges == 1);
}

TEST_CASE("orchestration: an order that cannot be paid gives back what it reserved") {
  shop_fixture f;
  f.fill();
  auto placed = f.order("o1").place(f.wanted("declined")).get();
  REQUIRE(placed);
  CHECK(placed->status == "failed");
  f.until([&] { return f.stock("tea").available().get()->quantity == 10; });
  f.until([&] { return f.stock("pot").available().get()->quantity == 1; });
}

TEST_CASE("orchestration: an order that wants too much fails and keeps nothing") {
  shop_fixture f;
  REQUIRE(f.stock("tea").receive({.quantity = 10}).get());
  auto placed = f.order("o1").place(f.wanted()).get();
  REQUIRE(placed);
  CHECK(placed->status == "failed");
  CHECK(f.payments->charges == 0);
  f.until([&] { return f.stock("tea").available().get()->quantity == 10; });
}

TEST_CASE("orchestration: a failed charge is tried again, and an order not paid in time is over") {
  shop_fixture f;
  f.fill();
  f.payments->failures = 1'000'000;
  auto begun = f.order("o1").place(f.wanted(), {.until_accepted = true}).get();
  REQUIRE(begun);
  f.until([&] { return f.payments->charges == 1; });
  CHECK(f.order("o1").progress().get()->phase == "paying");
  f.until([&] {
    auto pending = f.describe({"order", "o1"}).activities;
    return pending.size() == 1 && pending[0].next_try;
  });
  CHECK(f.describe({"order", "o1"}).activities[0].last_failure == "not now");
  f.jump(1s);
  f.until([&] { return f.payments->charges == 2; });
  f.jump(15min);
  auto placed = f.result_of({"order", "o1"});
  REQUIRE(placed);
  CHECK(decode<shop::order_client::place_results>(placed->results).status == "cancelled");
  f.until([&] { return f.stock("tea").available().get()->quantity == 10; });
}

TEST_CASE("orchestration: an order can be cancelled while it is being paid") {
  shop_fixture f;
  f.fill();
  f.payments->failures = 1'000'000;
  REQUIRE(f.order("o1").place(f.wanted(), {.until_accepted = true}).get());
  f.until([&] { return f.order("o1").progress().get()->phase == "paying"; });
  REQUIRE(f.order("o1").cancel().get());
  auto placed = f.result_of({"order", "o1"});
  REQUIRE(placed);
  CHECK(decode<shop::order_client::place_results>(placed->results).status == "cancelled");
}

TEST_CASE("orchestration: what was under way goes on after a restart") {
  shop_fixture f;
  f.fill();
  f.payments->failures = 1;
  REQUIRE(f.order("o1").place(f.wanted(), {.until_accepted = true}).get());
  f.until([&] {
    auto pending = f.describe({"order", "o1"}).activities;
    return pending.size() == 1 && pending[0].next_try;
  });
  f.restart();
  f.jump(1s);
  auto placed = f.result_of({"order", "o1"});
  REQUIRE(placed);
  CHECK(decode<shop::order_client::place_results>(placed->results).status == "completed");
  CHECK(f.payments->charges == 2);
}

TEST_CASE(
    "orchestration: a second start is refused, and a new one after the end begins a new run") {
  shop_fixture f;
  REQUIRE(f.account("a").deposit({.cents = 100}).get());
  REQUIRE(f.transfer("t").move({.from = "a", .to = "b", .cents = 10}).get());
  auto again =
      f.transfer("t")
          .move({.from = "a", .to = "b", .cents = 10}, {.start = {.when_ended = id_reuse::reject}})
          .get();
  REQUIRE(!again);
  CHECK(again.error().code == errc::already_exists);
  REQUIRE(f.transfer("t").move({.from = "a", .to = "b", .cents = 10}).get());
  CHECK(f.balance("b") == 20);
  CHECK(f.describe({"transfer", "t"}).summary.run == 2);
}

TEST_CASE("orchestration: a start with the same key is one start") {
  shop_fixture f;
  REQUIRE(f.account("a").deposit({.cents = 100}).get());
  for (int i = 0; i < 3; ++i) {
    auto moved = f.transfer("t").move({.from = "a", .to = "b", .cents = 10}, {.key = "k"}).get();
    REQUIRE(moved);
    CHECK(moved->status == "completed");
  }
  CHECK(f.balance("b") == 10);
}

TEST_CASE("orchestration: a paused entity takes up its messages when it is resumed") {
  shop_fixture f;
  f.fill();
  f.payments->failures = 1;
  REQUIRE(f.order("o1").place(f.wanted(), {.until_accepted = true}).get());
  f.until([&] { return f.payments->charges == 1; });
  answer_box<result<answer>> paused;
  f.running->pause({"order", "o1"}, "look at it", paused.box());
  REQUIRE(paused.get());
  CHECK(f.describe({"order", "o1"}).status == "paused");
  REQUIRE(f.order("o1").cancel().get());
  CHECK(f.order("o1").progress().get()->phase == "paying");
  answer_box<result<answer>> resumed;
  f.running->resume({"order", "o1"}, resumed.box());
  REQUIRE(resumed.get());
  auto placed = f.result_of({"order", "o1"});
  REQUIRE(placed);
  CHECK(decode<shop::order_client::place_results>(placed->results).status == "cancelled");
}

TEST_CASE("orchestration: a main is cancelled, and cleans up") {
  shop_fixture f;
  f.fill();
  f.payments->failures = 1'000'000;
  REQUIRE(f.order("o1").place(f.wanted(), {.until_accepted = true}).get());
  f.until([&] { return f.payments->charges == 1; });
  answer_box<result<answer>> asked;
  f.running->cancel({"order", "o1"}, "no more", asked.box());
  REQUIRE(asked.get());
  auto placed = f.result_of({"order", "o1"});
  REQUIRE(!placed);
  CHECK(placed.error().code == errc::failed);
  CHECK(placed.error().type == "cancelled");
  f.until([&] { return f.stock("tea").available().get()->quantity == 10; });
  CHECK(f.describe({"order", "o1"}).status == "cancelled");
}

TEST_CASE("orchestration: one entity takes messages of any number of others that come and go") {
  shop_fixture f;
  f.limits.senders_per_entity = 10;
  f.restart();
  REQUIRE(f.stock("tea").receive({.quantity = 100}).get());
  std::atomic<int> ended{0};
  for (int i = 0; i < 100; ++i) {
    f.order("o" + std::to_string(i))
        .place({.account = "a", .lines = {{.sku = "tea", .quantity = 1, .unit_cents = 5}}})
        .then([&](const auto& placed) { ended += placed.has_value(); });
  }
  f.until([&] {
    f.jump(1s);
    return ended == 100;
  });
  f.until([&] { return f.running->stats().messages_under_way == 0; });
}

TEST_CASE("orchestration: what was delivered is settled, though its sender only waits") {
  manual_clock clock;
  persistence::memory_journal store;
  engine running(store, clock);
  running.host(type_of<shop::stock>());
  running.host(type_of<waiting_sender>());
  running.start();
  shop::transfer_client{running, "t"}.move({}).then([](const auto&) {});
  shop::stock_client tea{running, "tea"};
  while (!tea.available().get()) std::this_thread::yield();
  CHECK(running.stats().messages_under_way == 1);
  while (running.stats().messages_under_way > 0) {
    clock.pass(1s);
    running.look_at_clock();
    std::this_thread::yield();
  }
}

TEST_CASE("orchestration: a reset goes back to an event and goes on from there") {
  shop_fixture f;
  f.fill();
  auto placed = f.order("o1").place(f.wanted("declined")).get();
  REQUIRE(placed);
  CHECK(placed->status == "failed");
  f.until([&] { return f.stock("tea").available().get()->quantity == 10; });
  answer_box<result<answer>> reset;
  f.running->reset({"order", "o1"}, 1, "try again", reset.box());
  auto done = reset.get();
  REQUIRE(done);
  CHECK(done->run == 2);
  f.until([&] { return f.payments->charges == 2; });
  CHECK(f.result_of({"order", "o1"}));
}
