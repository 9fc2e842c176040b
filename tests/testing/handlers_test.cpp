// What handlers can await and record, each with crashes after every step.

#include <doctest/doctest.h>

#include <perdure/testing.h>

#include "tests/testing/travel.h"

namespace travel {

namespace {

using perdure::crash_everywhere;
using perdure::test_environment;
using hotels = hotels_contract;

/// Hotels that answer after as many seconds as their names have letters.
perdure::activity_script slow_hotels(test_environment& env) {
  return env.script<hotels>("quote")
      .answers([](const hotels::quote_params& what) {
        if (what.hotel == "closed") throw perdure::activity_failure("closed", "").for_good();
        return price_of(static_cast<std::int64_t>(what.hotel.size()));
      })
      .any_number();
}

}  // namespace

TEST_CASE("handlers: a saga that succeeds undoes nothing") {
  crash_everywhere([](test_environment& env) {
    env.host<trip>();
    auto reserve = env.script<hotels>("reserve").returns(hotels::reserve_results{"r1"}).times(1);
    auto charge = env.script<payments_contract>("charge")
                      .fails("network")
                      .returns(payments_contract::charge_results{"paid"})
                      .times(2);
    trip_client client{env, "t"};
    auto booked = env.send(client.book({.card = "c", .cents = 5}));
    env.run_until_idle();
    client.approve().get().value();
    CHECK(booked.get().value().receipt == "paid");
    CHECK(reserve.calls<hotels::reserve_params>()[0].trip == "t");
    CHECK(env.status("trip/t") == "completed");
  });
}

TEST_CASE("handlers: a saga that fails undoes its steps, last first, and throws") {
  crash_everywhere([](test_environment& env) {
    env.host<trip>();
    env.script<hotels>("reserve").returns(hotels::reserve_results{"r1"}).times(1);
    env.script<payments_contract>("charge").fails_for_good("card_declined", "no").times(1);
    auto undone = env.script<hotels>("cancel").fails("network").returns().times(2);
    trip_client client{env, "t"};
    auto booked = env.send(client.book({.card = "c", .cents = 5}));
    env.run_until_idle();
    client.approve().get().value();
    const auto answer = booked.get();
    CHECK(answer.error().type == "card_declined");
    CHECK(undone.calls<hotels::cancel_params>()[0].reservation == "r1");
    CHECK(env.status("trip/t") == "failed");
    CHECK(client.steps().get().value().steps ==
          std::vector<std::string>{"reserve", "approve", "charge", "cancel"});
  });
}

TEST_CASE("handlers: a cancelled saga is undone, out of reach of the cancellation") {
  crash_everywhere([](test_environment& env) {
    env.host<trip>();
    env.script<hotels>("reserve").returns(hotels::reserve_results{"r1"}).times(1);
    env.script<hotels>("cancel").returns().takes(5s).times(1);
    trip_client client{env, "t"};
    auto booked = env.send(client.book({.card = "c", .cents = 5}));
    env.run_until_idle();
    CHECK(env.cancel("trip/t", "changed my mind"));
    CHECK(booked.get().error().type == "cancelled");
    CHECK(env.status("trip/t") == "cancelled");
  });
}

TEST_CASE("handlers: what is not approved in a day is undone") {
  crash_everywhere([](test_environment& env) {
    env.host<trip>();
    env.script<hotels>("reserve").returns(hotels::reserve_results{"r1"}).times(1);
    env.script<hotels>("cancel").returns().times(1);
    const auto start = env.now();
    const auto booked = trip_client(env, "t").book({.card = "c", .cents = 5}).get();
    CHECK(booked.error().detail == "not approved");
    CHECK(env.now() - start == 24h);
  });
}

TEST_CASE("handlers: all waits for all, in order") {
  crash_everywhere([](test_environment& env) {
    env.host<desk>();
    slow_hotels(env);
    desk_client client{env, "d"};
    CHECK(client.quote_all({.hotels = {"aaa", "b", "cc"}}).get().value().cents ==
          std::vector<std::int64_t>{3, 1, 2});
    CHECK(client.quote_all({.hotels = {"aaa", "closed", "cc"}}).get().error().type == "closed");
  });
}

TEST_CASE("handlers: any takes the first success") {
  crash_everywhere([](test_environment& env) {
    env.host<desk>();
    slow_hotels(env);
    desk_client client{env, "d"};
    CHECK(client.quote_any({.hotels = {"closed", "bb", "c"}}).get().value().hotel == "bb");
    CHECK(client.quote_any({.hotels = {"closed"}}).get().error().type == "closed");
  });
}

TEST_CASE("handlers: race and within end with the time, and cancel the rest") {
  crash_everywhere([](test_environment& env) {
    env.host<desk>();
    env.script<hotels>("quote").returns(price_of(7)).takes(20s).times(4);
    desk_client client{env, "d"};
    const auto start = env.now();
    CHECK(client.quote_race({.hotel = "a", .pause = 5'000}).get().value().cents == -1);
    CHECK(env.now() - start == 5s);
    CHECK(env.pending("desk/d").empty());
    CHECK(client.quote_within({.hotel = "a", .pause = 5'000}).get().value().cents == -1);
    CHECK(client.quote_race({.hotel = "a", .pause = 60'000}).get().value().cents == 7);
    CHECK(client.quote_within({.hotel = "a", .pause = 60'000}).get().value().cents == 7);
    CHECK(env.now() - start == 50s);
    CHECK(env.pending("desk/d").empty());
  });
}

TEST_CASE("handlers: for_each runs so many at once") {
  crash_everywhere([](test_environment& env) {
    env.host<desk>();
    env.script<hotels>("quote").returns(price_of(7)).takes(20s).times(7);
    desk_client client{env, "d"};
    const auto start = env.now();
    const std::vector<std::string> hotels{"a", "b", "c", "d", "e", "f", "g"};
    CHECK(client.quote_each({.hotels = hotels, .at_once = 3}).get().value().most == 3);
    CHECK(env.now() - start == 60s);
  });
}

TEST_CASE("handlers: a mutex lets one in at a time") {
  crash_everywhere([](test_environment& env) {
    env.host<desk>();
    desk_client client{env, "d"};
    const auto start = env.now();
    auto first = env.send(client.visit({.pause = 1'000}));
    auto second = env.send(client.visit({.pause = 1'000}));
    auto third = env.send(client.visit({.pause = 1'000}));
    CHECK(third.get());
    CHECK(first.done());
    CHECK(second.done());
    CHECK(env.now() - start == 3s);
    CHECK(env.state<desk_state>("desk/d").most == 1);
  });
}

TEST_CASE("handlers: version and side effect are recorded, and the same again") {
  crash_everywhere([](test_environment& env) {
    env.host<desk>();
    desk_client client{env, "d"};
    CHECK(client.change().get().value().version == 2);
  });
  test_environment env;
  env.host<desk>();
  auto seen = env.send(desk_client(env, "d").look());
  env.run_until_idle();
  env.crash("desk/d");
  const auto text = seen.get().value().text;
  CHECK(env.state<desk_state>("desk/d").log == std::vector<std::string>{text});
}

TEST_CASE("handlers: an update can answer early, and goes on") {
  crash_everywhere([](test_environment& env) {
    env.host<desk>();
    env.script<hotels>("quote").returns(price_of(7)).takes(5s).times(1);
    const auto start = env.now();
    const auto promised = desk_client(env, "d").promise({.hotel = "a"}).get();
    CHECK(promised.value().ticket.size() == 36);
    CHECK(env.now() == start);
    env.run_to_the_end();
    CHECK(env.state<desk_state>("desk/d").log == std::vector<std::string>{"7"});
  });
}

TEST_CASE("handlers: an activity that is asked to stop is waited for") {
  crash_everywhere([](test_environment& env) {
    env.host<desk>();
    env.script<hotels>("quote").hangs().times(1);
    CHECK(desk_client(env, "d").stopped({.hotel = "a"}).get().value().how == "cancelled");
  });
}

TEST_CASE("handlers: a main continues as new at its continue points") {
  crash_everywhere(
      [](test_environment& env) {
        env.host<tour>();
        CHECK(tour_client(env, "t").travel({.days = 40}).get().value().days == 40);
        CHECK(env.state<tour_state>("tour/t").rounds > 3);
        CHECK(env.history("tour/t").lines().size() > env.state<tour_state>("tour/t").rounds);
      },
      {.continue_after_events = 20});
}

}  // namespace travel
