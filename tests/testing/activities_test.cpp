// Activities in virtual time: attempts, retries, time-outs, cancellation.

#include <doctest/doctest.h>

#include <perdure/testing.h>

#include "tests/testing/travel.h"

namespace travel {

namespace {

using perdure::test_environment;
using hotels = hotels_contract;

struct desk_world {
  desk_world() { env.host<desk>(); }

  test_environment env;
  desk_client client{env, "d"};
  perdure::activity_script quote = env.script<hotels>("quote");
  perdure::timestamp start = env.now();
  perdure::duration passed() const { return env.now() - start; }
};

/// An implementation with a memory.
class booking_system final : public hotels_activities {
public:
  quote_results quote(const quote_params& what) override {
    attempts.push_back(context().attempt());
    keys.push_back(context().key());
    if (what.hotel == "later") {
      token = context().complete_later();
      return {};
    }
    if (!context().heartbeat_details().empty()) return {.cents = 9};
    context().heartbeat(perdure::as_bytes_view("half way"));
    throw perdure::activity_failure("busy", "try again").again_after(7s);
  }
  reserve_results reserve(const reserve_params&) override { return {}; }
  void cancel(const cancel_params&) override {}

  std::vector<std::uint32_t> attempts;
  std::vector<std::string> keys;
  std::string token;
};

}  // namespace

TEST_CASE("activity: what it returns is what the handler awaits") {
  desk_world world;
  world.quote.returns(price_of(120));
  CHECK(world.client.quote({.hotel = "ritz"}).get().value().cents == 120);
  const auto calls = world.quote.calls<hotels::quote_params>();
  REQUIRE(calls.size() == 1);
  CHECK(calls[0].hotel == "ritz");
  CHECK(world.passed() == 0s);
}

TEST_CASE("activity: a failed attempt is repeated after one second, then two, as the policy says") {
  desk_world world;
  world.quote.fails_times(2).returns(price_of(120)).times(3);
  CHECK(world.client.quote({.hotel = "ritz"}).get().value().cents == 120);
  CHECK(world.passed() == 3s);
}

TEST_CASE("activity: when its attempts are spent the handler gets the last failure") {
  desk_world world;
  world.quote.fails("busy").fails("full").times(3);
  CHECK(world.client.quote({.hotel = "ritz"}).get().value().failure == "full");
}

TEST_CASE("activity: a final failure is not repeated, by the script or by the policy") {
  desk_world world;
  world.quote.fails_for_good("closed").fails("no_such_hotel").times(2);
  CHECK(world.client.quote({.hotel = "ritz"}).get().value().failure == "closed");
  CHECK(world.client.quote({.hotel = "ritz"}).get().value().failure == "no_such_hotel");
  CHECK(world.passed() == 0s);
}

TEST_CASE("activity: one that hangs is ended by its time-outs and tried again") {
  desk_world world;
  world.quote.hangs().returns(price_of(5)).times(2);
  CHECK(world.client.quote({.hotel = "ritz"}).get().value().cents == 5);
  CHECK(world.passed() == 11s);  // No heartbeat for ten seconds, and the pause.
}

TEST_CASE("activity: one that takes too long is a time-out, one that takes long is not") {
  desk_world world;
  world.quote.returns(price_of(1)).takes(29s).returns(price_of(2)).takes(31s).times(4);
  CHECK(world.client.quote({.hotel = "ritz"}).get().value().cents == 1);
  CHECK(world.passed() == 29s);
  CHECK(world.client.quote({.hotel = "ritz"}).get().value().failure == "start_to_close");
}

TEST_CASE("activity: the time for all attempts together ends with the last failure") {
  desk_world world;
  auto charge = world.env.script<hotels>("reserve").fails("busy").any_number();
  auto failed = world.client.patient({.limit = 60'000}).get();
  CHECK(failed.error().type == "busy");
  CHECK(failed.error().detail == "hotels.reserve failed after 6 attempts: busy");
  CHECK(world.passed() == 31s);  // 1 + 2 + 4 + 8 + 16, and 32 would be too long.
  charge.hangs();
  (void)world.client.patient({.limit = 1}).get();
  failed = world.client.patient({.limit = 30'000}).get();
  CHECK(failed.error().type == "schedule_to_close");
  CHECK(failed.error().detail ==
        "hotels.reserve timed out: not completed within 30000 ms, after 1 attempt "
        "(schedule_to_close)");
}

TEST_CASE("activity: where two times are over at once, the one that ends the activity counts") {
  desk_world world;
  world.env.script<hotels>("reserve").hangs().any_number();
  const auto failed = world.client.patient({.limit = 60'000}).get();
  CHECK(failed.error().type == "schedule_to_close");
  CHECK(world.passed() == 60s);
}

TEST_CASE("activity: the end of the time for all attempts tells of the last failure") {
  desk_world world;
  world.env.script<hotels>("reserve").fails("busy", "come back").hangs().any_number();
  CHECK(world.client.patient({.limit = 30'000}).get().error().detail ==
        "hotels.reserve timed out: not completed within 30000 ms, after 2 attempts "
        "(schedule_to_close); the last failure: busy: come back");
}

TEST_CASE("activity: an attempt sees that it is asked to stop") {
  desk_world world;
  std::vector<bool> seen;
  world.quote
      .answers([&](const hotels::quote_params&, perdure::activity_context& attempt) {
        seen.push_back(attempt.is_cancelled());
        world.env.run_for(2s);
        seen.push_back(attempt.is_cancelled());
        return price_of(1);
      })
      .times(1);
  auto call = world.env.send(world.client.stopped({.hotel = "ritz"}));
  world.env.run_for(3s);
  CHECK(call.done());
  CHECK(seen == std::vector<bool>{false, true});
}

TEST_CASE("activity: a function answers, and sees the attempt") {
  desk_world world;
  world.quote
      .answers([](const hotels::quote_params& what, perdure::activity_context& attempt) {
        if (attempt.attempt() == 1) throw std::runtime_error("first");
        return price_of(static_cast<std::int64_t>(what.hotel.size()));
      })
      .answers([](perdure::activity_context&) { return price_of(7); })
      .answers([] { return price_of(8); })
      .any_number();
  CHECK(world.client.quote({.hotel = "ritz"}).get().value().cents == 7);
  CHECK(world.client.quote({.hotel = "ritz"}).get().value().cents == 8);
}

TEST_CASE("activity: a class runs for real: its context, heartbeats, pauses of its own") {
  test_environment env;
  auto system = std::make_shared<booking_system>();
  env.host<desk>().provide(system);
  const auto start = env.now();
  CHECK(desk_client{env, "d"}.quote({.hotel = "ritz"}).get().value().cents == 9);
  CHECK(system->attempts == std::vector<std::uint32_t>{1, 2});
  CHECK(system->keys[0] == system->keys[1]);
  CHECK(env.now() - start == 7s);
}

TEST_CASE("activity: is completed by someone else, with its token") {
  test_environment env;
  auto system = std::make_shared<booking_system>();
  env.host<desk>().provide(system);
  auto call = env.send(desk_client{env, "d"}.quote({.hotel = "later"}));
  env.run_until_idle();
  CHECK(!call.done());
  CHECK(env.complete("another", price_of(3)).error().code == perdure::errc::completed);
  CHECK(env.complete(system->token, price_of(3)));
  CHECK(call.get().value().cents == 3);
  CHECK(!env.complete(system->token, price_of(3)));
}

TEST_CASE("activity: a scripted one is completed, or fails, later") {
  desk_world world;
  world.quote.completes_later().times(2);
  auto call = world.env.send(world.client.quote({.hotel = "ritz"}));
  world.env.run_until_idle();
  REQUIRE(world.quote.waiting().size() == 1);
  CHECK(world.quote.fail("busy"));
  world.env.run_for(2s);
  CHECK(world.quote.complete(price_of(8)));
  CHECK(!world.quote.complete(price_of(8)));
  CHECK(call.get().value().cents == 8);
}

TEST_CASE("activity: one that nobody scripted or provides fails the test, by name") {
  test_environment env;
  env.host<desk>();
  CHECK_THROWS_WITH_AS(
      (void)desk_client(env, "d").quote({.hotel = "ritz"}).get(),
      doctest::Contains("desk/d calls the activity hotels.@0, which is neither scripted nor"),
      perdure::test_failure);
}

TEST_CASE("activity: an abandoned one runs on, and its end is nobody's") {
  perdure::crash_everywhere(
      [](test_environment& env) {
        env.host<desk>();
        env.script<hotels>("quote").returns(price_of(1)).takes(20s).times(1);
        desk_client client{env, "d"};
        CHECK(client.abandoned({.hotel = "ritz"}).get());
        client.note({.text = "meanwhile"}).get().value();
        CHECK(env.pending("desk/d").size() == 1);
        env.run_to_the_end();
        CHECK(env.pending("desk/d").empty());
        CHECK(env.state<desk_state>("desk/d").log ==
              std::vector<std::string>{"abandoned", "meanwhile"});
      },
      {.snapshot_every_events = 1});
}

TEST_CASE("activity: one that is asked to stop is waited for, and may end all the same") {
  desk_world world;
  world.quote.returns(price_of(1)).takes(20s).times(2);
  CHECK(world.client.stopped({.hotel = "ritz"}).get().value().how == "cancelled");
  CHECK(world.passed() == 1s);
  world.quote.ignores_cancellation();
  CHECK(world.client.stopped({.hotel = "ritz"}).get().value().how == "quoted");
  CHECK(world.passed() == 21s);
}

}  // namespace travel
