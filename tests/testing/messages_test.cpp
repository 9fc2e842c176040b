// Entities that talk to entities, with and without crashes.

#include <doctest/doctest.h>

#include <perdure/testing.h>

#include "tests/testing/travel.h"

namespace travel {

namespace {

using perdure::crash_everywhere;
using perdure::errc;
using perdure::test_environment;
using lead_params = group_contract::lead_params;

std::int64_t cents(test_environment& env, const std::string& account) {
  return env.state<account_state>("account/" + account).cents;
}

}  // namespace

TEST_CASE("messages: a transfer moves money exactly once, wherever there are crashes") {
  crash_everywhere([](test_environment& env) {
    env.host<account>().host<transfer>();
    account_client(env, "a").deposit({.cents = 100}).get().value();
    const auto moved =
        transfer_client(env, "t").move({.from = "a", .to = "b", .cents = 40}).get().value();
    CHECK(moved.left == 60);
    CHECK(moved.id.size() == 36);
    CHECK(cents(env, "a") == 60);
    CHECK(cents(env, "b") == 40);
    CHECK(env.state<account_state>("account/a").bookings == 2);
    env.run_until_idle();
    CHECK(env.pending("transfer/t").empty());
  });
}

TEST_CASE("messages: what the receiver refuses is thrown in the sender's handler") {
  crash_everywhere([](test_environment& env) {
    env.host<account>().host<transfer>();
    const auto moved = transfer_client(env, "t").move({.from = "a", .to = "b", .cents = 1}).get();
    CHECK(moved.error().code == errc::failed);
    CHECK(moved.error().detail.find("not that much") != std::string::npos);
    CHECK(env.status("account/b") == "none");
  });
}

TEST_CASE("messages: signals arrive once each, in order of one sender") {
  crash_everywhere([](test_environment& env) {
    env.host<account>().host<transfer>();
    transfer_client client{env, "t"};
    client.sprinkle({.to = {"a", "b", "a", "a"}, .cents = 1}).get().value();
    client.sprinkle({.to = {"b", "c"}, .cents = 10}).get().value();
    env.run_until_idle();
    CHECK(cents(env, "a") == 3);
    CHECK(cents(env, "b") == 11);
    CHECK(cents(env, "c") == 10);
    CHECK(env.state<account_state>("account/a").bookings == 3);
    CHECK(env.pending("transfer/t").empty());
  });
}

TEST_CASE("messages: an early answer to a later message leaves the earlier one alone") {
  crash_everywhere([](test_environment& env) {
    env.host<account>().host<transfer>();
    transfer_client(env, "t").audit_both({.slow = "a", .fast = "a"}).get().value();
    CHECK(env.state<account_state>("account/a").bookings == 2);
  });
}

TEST_CASE("messages: a paused receiver is asked again until it is resumed") {
  test_environment env;
  env.host<account>().host<transfer>();
  account_client(env, "a").deposit({.cents = 100}).get().value();
  env.pause("account/a").value();
  const auto start = env.now();
  auto moved = env.send(transfer_client(env, "t").move({.from = "a", .to = "b", .cents = 40}));
  env.run_for(100s);
  CHECK(env.pending("transfer/t").back().find("sent 7 times") != std::string::npos);
  env.resume("account/a").value();
  CHECK(moved.get().value().left == 60);
  CHECK(env.now() - start == 123s);  // 1 + 2 + 4 + 8 + 16 + 32 + 60
  CHECK(env.state<account_state>("account/a").bookings == 2);
}

TEST_CASE("messages: a group waits for its children, one for each tour") {
  crash_everywhere([](test_environment& env) {
    env.host<group>().host<tour>();
    const auto start = env.now();
    const auto led = group_client(env, "g").lead({.tours = {"x", "y", "z"}, .days = 5}).get();
    CHECK(led.value().days == 15);
    CHECK(env.now() - start == 24h * 5);
    CHECK(env.state<tour_state>("tour/y").rounds == 1);
    CHECK(env.status("group/g") == "completed");
  });
}

TEST_CASE("messages: children end with their parent") {
  crash_everywhere([](test_environment& env) {
    env.host<group>().host<tour>();
    auto led = env.send(group_client(env, "g").lead({.tours = {"x", "y"}, .days = 50}));
    env.run_for(49h);
    CHECK(env.cancel("group/g", "rain"));
    CHECK(led.get().error().type == "cancelled");
    env.run_until_idle();
    CHECK(env.status("tour/x") != "running");
    CHECK(env.status("tour/y") != "running");
    CHECK(env.state<tour_state>("tour/x").days == 2);
  });
}

TEST_CASE("messages: a failing child fails its parent, and the others are stopped") {
  crash_everywhere([](test_environment& env) {
    env.host<group>().host<tour>();
    auto led = env.send(group_client(env, "g").lead({.tours = {"x", "y"}, .days = 50}));
    env.run_for(25h);
    CHECK(env.terminate("tour/x", "storm"));
    CHECK(led.get().error().detail.find("storm") != std::string::npos);
    env.run_until_idle();
    CHECK(env.status("group/g") == "failed");
    CHECK(env.status("tour/y") != "running");
  });
}

TEST_CASE("messages: what becomes of children is the parent's choice") {
  // parent_close: terminate, cancel, abandon
  for (auto [close, status] : {std::pair(0, "terminated"), {1, "cancelled"}, {2, "completed"}}) {
    INFO(status);
    crash_everywhere([close = close, status = status](test_environment& env) {
      env.host<group>().host<tour>();
      const lead_params what{.tours = {"x"}, .days = 3, .close = std::uint8_t(close)};
      CHECK(group_client(env, "g").lead(what, {.until_accepted = true}).get());
      env.run_for(25h);
      CHECK(env.terminate("group/g", "rain"));
      env.run_to_the_end();
      CHECK(env.status("tour/x") == status);
    });
  }
}

TEST_CASE("messages: a cancelled parent may wait for how its children end") {
  // cancellation: try_cancel, wait, abandon
  for (auto [policy, status] : {std::pair(0, "cancelled"), {1, "cancelled"}, {2, "terminated"}}) {
    INFO(policy);
    crash_everywhere([policy = policy, status = status](test_environment& env) {
      env.host<group>().host<tour>();
      const lead_params what{.tours = {"x"}, .days = 3, .cancel = std::uint8_t(policy)};
      auto led = env.send(group_client(env, "g").lead(what));
      env.run_for(25h);
      CHECK(env.cancel("group/g"));
      CHECK(led.get().error().type == "cancelled");
      env.run_to_the_end();
      CHECK(env.status("group/g") == "cancelled");
      CHECK(env.status("tour/x") == status);
    });
  }
}

TEST_CASE("messages: a child that was started runs on by itself") {
  crash_everywhere([](test_environment& env) {
    env.host<group>().host<tour>();
    group_client client{env, "g"};
    CHECK(client.leave({.tour = "x", .days = 2}).get());
    CHECK(env.status("tour/x") == "running");
    CHECK(client.leave({.tour = "x", .days = 2}).get().error().code == errc::failed);
    env.run_to_the_end();
    CHECK(env.status("tour/x") == "completed");
    CHECK(env.state<tour_state>("tour/x").rounds == 1);
  });
}

TEST_CASE("messages: a start with a key that joined is answered again after the end") {
  crash_everywhere([](test_environment& env) {
    env.host<tour>();
    tour_client client{env, "x"};
    const perdure::start_options join{.when_running = perdure::id_conflict::use_existing};
    auto first = env.send(client.travel({.days = 1}));
    env.run_for(23h);
    auto joined = env.send(client.travel({.days = 9}, {.key = "k", .start = join}));
    CHECK(first.get().value().days == 1);
    CHECK(joined.get().value().days == 1);
    CHECK(client.travel({.days = 9}, {.key = "k", .start = join}).get().value().days == 1);
    CHECK(client.travel({.days = 8}, {.key = "k", .start = join}).get().error().code ==
          errc::idempotency_conflict);
    CHECK(env.state<tour_state>("tour/x").rounds == 1);
    // Without the key it is a new start.
    CHECK(client.travel({.days = 2}, {.start = join}).get().value().days == 2);
  });
}

TEST_CASE("messages: a start that joins a running entity does not start it again") {
  crash_everywhere([](test_environment& env) {
    env.host<group>().host<tour>();
    auto tour = env.send(tour_client(env, "x").travel({.days = 3}));
    env.run_until_idle();
    CHECK(group_client(env, "g").join({.tour = "x", .days = 5}).get().value().days == 3);
    CHECK(tour.get().value().days == 3);
    env.run_to_the_end();
    CHECK(env.state<tour_state>("tour/x").rounds == 1);
  });
}

}  // namespace travel
