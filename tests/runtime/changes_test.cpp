// Code that changes while an entity runs: each kind of difference is found when the entity comes
// back, the entity waits as it is, and goes on with the build that is right again.

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <thread>

#include "examples/shop/account.h"
#include "fixture.h"
#include "payments.perdure.h"
#include "transfer.perdure.h"

using namespace perdure;
using namespace perdure::runtime;

namespace {

class no_payments final : public shop::payments_activities {
public:
  charge_results charge(const charge_params&) override { return {.receipt = "receipt"}; }
  void refund(const refund_params&) override {}
};

/// A day in the life of a transfer: an activity, two messages, a long sleep, and a last message.
class transfer : public shop::transfer_entity {
public:
  using charge_results = shop::payments_contract::charge_results;

  task<move_results> move(move_params wanted) override {
    co_await before(wanted);
    co_await sleep(std::chrono::hours{1});
    auto left = co_await account(wanted.to).deposit({.cents = wanted.cents});
    co_return {.status = std::to_string(left.balance_cents)};
  }

protected:
  virtual task<> before(move_params wanted) {
    co_await charge(wanted.cents);
    co_await account(wanted.from).deposit({.cents = 10});
    state.phase = "waiting";
  }

  shop::account_stub account(std::string id) {
    return entity<shop::account_contract>(std::move(id));
  }
  call<charge_results> charge(std::int64_t cents) {
    return activities<shop::payments_contract>().charge({.account = "a", .cents = cents});
  }
};

struct in_another_order final : transfer {
  task<> before(move_params wanted) override {
    co_await account(wanted.from).deposit({.cents = 10});
    co_await charge(wanted.cents);
    state.phase = "waiting";
  }
};

struct with_other_parameters final : transfer {
  task<> before(move_params wanted) override {
    co_await charge(wanted.cents + 1);
    co_await account(wanted.from).deposit({.cents = 10});
    state.phase = "waiting";
  }
};

struct of_another_kind final : transfer {
  task<> before(move_params wanted) override {
    co_await charge(wanted.cents);
    co_await sleep(std::chrono::seconds{1});
    state.phase = "waiting";
  }
};

struct with_less final : transfer {
  task<> before(move_params wanted) override {
    co_await charge(wanted.cents);
    state.phase = "waiting";
  }
};

struct with_more final : transfer {
  task<> before(move_params wanted) override {
    co_await charge(wanted.cents);
    co_await account(wanted.from).deposit({.cents = 10});
    account(wanted.from).cancel();
    state.phase = "waiting";
  }
};

/// Has the same effects, and leaves another state.
struct with_another_state final : transfer {
  task<> before(move_params wanted) override {
    co_await charge(wanted.cents);
    co_await account(wanted.from).deposit({.cents = 10});
    state.phase = "asleep";
  }
};

struct refusing final : transfer {
  task<> before(move_params) override { throw rejected("not any more"); }
};

/// One entity, and nodes of one build after the other.
struct deployments {
  template <class Transfer>
  void deploy() {
    running.reset();
    running = std::make_unique<engine>(store, clock);
    running->host(type_of<shop::account>());
    running->host(type_of<Transfer>());
    running->provide(std::make_shared<no_payments>());
    running->start();
  }

  entity_description about() {
    answer_box<result<entity_description>> box;
    running->describe({"transfer", "t"}, box.box());
    return box.get().value();
  }

  /// Starts transfer/t and lets it come to its sleep.
  void begin() {
    deploy<transfer>();
    shop::transfer_client client(*running, "t");
    REQUIRE(client.move({.from = "a", .to = "b", .cents = 5}, {.until_accepted = true}).get());
    while (about().timers.empty()) std::this_thread::yield();
  }

  /// Deploys `Transfer` while transfer/t sleeps; returns why it is parked.
  template <class Transfer>
  error change_to() {
    begin();
    running.reset();
    const auto before = store.find({"transfer", "t"});
    REQUIRE(before);
    deploy<Transfer>();
    const auto parked = about();
    CHECK(parked.status == "parked");
    REQUIRE(parked.parked);
    CHECK(parked.summary == *before);
    // Its time passes, and nothing happens to it.
    clock.pass(std::chrono::hours{2});
    running->look_at_clock();
    CHECK(about().summary == parked.summary);
    running.reset();
    CHECK(store.find({"transfer", "t"}) == before);
    deploy<transfer>();
    answer_box<result<answer>> box;
    running->await_result({"transfer", "t"}, forever, box.box());
    CHECK(box.get());
    CHECK(about().status == "completed");
    CHECK(shop::account_client(*running, "a").balance().get()->balance_cents == 10);
    CHECK(shop::account_client(*running, "b").balance().get()->balance_cents == 5);
    return *parked.parked;
  }

  manual_clock clock;
  persistence::memory_journal store;
  std::unique_ptr<engine> running;
};

void check_is(const error& why, std::string_view event, std::string_view expected,
              std::string_view got) {
  INFO(why.detail);
  CHECK(why.code == errc::nondeterministic);
  CHECK(why.detail.find("transfer/t is parked: " + std::string(event)) == 0);
  CHECK(why.detail.find("expected " + std::string(expected)) != std::string::npos);
  CHECK(why.detail.find("got " + std::string(got)) != std::string::npos);
}

}  // namespace

TEST_CASE("changes: another order parks the entity, and the build before brings it back") {
  check_is(deployments().change_to<in_another_order>(), "event 2 ", "activity", "update");
}

TEST_CASE("changes: other arguments do") {
  check_is(deployments().change_to<with_other_parameters>(), "event 2 ", "activity", "activity");
}

TEST_CASE("changes: another kind does") {
  check_is(deployments().change_to<of_another_kind>(), "event 4 ", "update", "timer");
}

TEST_CASE("changes: something missing does") {
  check_is(deployments().change_to<with_less>(), "event 4 ", "update", "timer");
}

TEST_CASE("changes: something more does") {
  check_is(deployments().change_to<with_more>(), "event 6 ", "timer", "cancel");
}

TEST_CASE("changes: a refusal of what was accepted does") {
  check_is(deployments().change_to<refusing>(), "event 1", "start", "rejected");
}

TEST_CASE("changes: another state with the same effects does, though the handler is suspended") {
  const auto why = deployments().change_to<with_another_state>();
  check_is(why, "event 7: ", "the state that was recorded", "another one");
  CHECK(why.detail.find("the code has the effects that it had, but a handler that ran up to event "
                        "7 changes the state differently. What to do: \"Changing code\"") !=
        std::string::npos);
}
