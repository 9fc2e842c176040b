// Scenarios with crashes everywhere, and in every order.

#include <doctest/doctest.h>

#include <perdure/testing.h>

#include <set>

#include "tests/testing/travel.h"

namespace travel {

namespace {

using perdure::crash_everywhere;
using perdure::shuffle;
using perdure::test_environment;
using perdure::test_failure;

/// Does something else each time it is replayed.
class whimsical final : public ghost_entity {
public:
  static inline int mood = 0;
  void haunt() override {
    if (++mood % 2) cancel_reminder("sleep");
  }
};

/// Changes its state otherwise each time it is replayed, and nothing else.
class forgetful final : public ghost_entity {
public:
  static inline std::uint32_t mood = 0;
  void haunt() override { state.done = ++mood; }
};

/// Keeps what is durable in a place that is not.
class careless final : public hotels_activities {
public:
  quote_results quote(const quote_params&) override { return price_of(++quotes); }
  reserve_results reserve(const reserve_params&) override { return {}; }
  void cancel(const cancel_params&) override {}
  static inline std::int64_t quotes = 0;
};

void two_transfers(test_environment& env) {
  env.host<account>().host<transfer>();
  account_client(env, "a").deposit({.cents = 100}).get().value();
  auto first = env.send(transfer_client(env, "t").move({.from = "a", .to = "b", .cents = 60}));
  auto second = env.send(transfer_client(env, "u").move({.from = "a", .to = "c", .cents = 60}));
  CHECK(first.get().has_value() + second.get().has_value() == 1);
  CHECK(env.state<account_state>("account/a").cents == 40);
}

}  // namespace

TEST_CASE("crash_everywhere: an entity that cannot be replayed is named, with the step") {
  CHECK_THROWS_WITH_AS(crash_everywhere([](test_environment& env) {
                         env.host<whimsical>();
                         ghost_client(env, "g").haunt().get().value();
                         ghost_client(env, "g").haunt().get().value();
                       }),
                       doctest::Contains("ghost/g cannot be brought back after step 1: event 2"),
                       test_failure);
}

TEST_CASE("crash_everywhere: a state that depends on what is not recorded is found") {
  CHECK_THROWS_WITH_AS(crash_everywhere([](test_environment& env) {
                         env.host<forgetful>();
                         ghost_client(env, "g").haunt().get().value();
                       }),
                       doctest::Contains("has another state"), test_failure);
}

TEST_CASE("crash_everywhere: what differs between the runs is shown, the first step") {
  CHECK_THROWS_WITH_AS(crash_everywhere([](test_environment& env) {
                         env.host<desk>().provide(std::make_shared<careless>());
                         CHECK(desk_client(env, "d").quote({.hotel = "a"}).get());
                       }),
                       doctest::Contains("with each entity crashed after each of its steps, step 2 "
                                         "differs. Undisturbed: desk/d event 3"),
                       test_failure);
}

TEST_CASE("crash_everywhere: what a scenario throws is not hidden") {
  CHECK_THROWS_WITH_AS(
      crash_everywhere([](test_environment&) { throw std::runtime_error("by the scenario"); }),
      "by the scenario", std::runtime_error);
}

TEST_CASE("shuffle: the same seed makes the same history, other seeds others") {
  const auto digests = shuffle(20, two_transfers);
  CHECK(digests == shuffle(20, two_transfers));
  CHECK(std::set(digests.begin(), digests.end()).size() > 1);
  CHECK(shuffle(1, two_transfers, {.seed = 7}).front() == digests[6]);
}

TEST_CASE("shuffle: a scenario that counts on an order fails, with the seed") {
  auto scenario = [](test_environment& env) {
    env.host<account>().host<transfer>();
    account_client(env, "a").deposit({.cents = 100}).get().value();
    auto first = env.send(transfer_client(env, "t").move({.from = "a", .to = "b", .cents = 60}));
    auto second = env.send(transfer_client(env, "u").move({.from = "a", .to = "c", .cents = 60}));
    first.get().value();
  };
  CHECK_THROWS_WITH_AS(shuffle(50, scenario), doctest::Contains("seed "), test_failure);
}

TEST_CASE("shuffle: what one sender tells one receiver stays in order") {
  shuffle(20, [](test_environment& env) {
    env.host<desk>();
    desk_client client{env, "d"};
    for (auto text : {"1", "2", "3", "4", "5"}) env.send(client.note({.text = text}));
    auto notes = client.wait_for_notes({.count = 5}).get();
    CHECK(notes.value().log == std::vector<std::string>{"1", "2", "3", "4", "5"});
  });
}

TEST_CASE("shuffle: with crashes in between, everything still happens once") {
  const perdure::test_options often{.crashes = 0.3};
  shuffle(50, two_transfers, often);
  shuffle(
      50,
      [](test_environment& env) {
        INFO("seed ", env.seed());
        env.host<group>().host<tour>().host<desk>();
        auto quote = env.script<hotels_contract>("quote").fails("busy").returns(price_of(7));
        auto led = env.send(group_client(env, "g").lead({.tours = {"x", "y"}, .days = 3}));
        auto quotes = env.send(desk_client(env, "d").quote_all({.hotels = {"a", "b", "c"}}));
        auto visits = env.send(desk_client(env, "d").visit({.pause = 1'000}));
        auto other = env.send(desk_client(env, "d").visit({.pause = 1'000}));
        CHECK(led.get().value().days == 6);
        CHECK(quotes.get().value().cents == std::vector<std::int64_t>{7, 7, 7});
        CHECK(visits.get());
        CHECK(other.get());
        CHECK(quote.called() == 4);
        CHECK(env.state<tour_state>("tour/x").rounds == 1);
        CHECK(env.state<desk_state>("desk/d").most == 1);
      },
      often);
  shuffle(
      50,
      [](test_environment& env) {
        INFO("seed ", env.seed());
        env.host<account>().host<transfer>();
        std::vector<perdure::sent_call<perdure::nothing>> sent;
        for (auto id : {"t", "u", "v"}) {
          for (int i = 0; i < 3; ++i) {
            sent.push_back(
                env.send(transfer_client(env, id).sprinkle({.to = {"a", "b", "a"}, .cents = 1})));
          }
        }
        auto audit = env.send(transfer_client(env, "t").audit_both({.slow = "a", .fast = "a"}));
        for (auto& each : sent) each.get().value();
        CHECK(audit.get());
        env.run_to_the_end();
        CHECK(env.state<account_state>("account/a").cents == 18);
        CHECK(env.state<account_state>("account/a").bookings == 20);
        CHECK(env.state<account_state>("account/b").cents == 9);
      },
      often);
}

}  // namespace travel
