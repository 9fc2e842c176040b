// Calls, virtual time, and what the test kit says when a test is not complete.

#include <doctest/doctest.h>

#include <perdure/testing.h>

#include "tests/testing/travel.h"

namespace travel {

namespace {

using perdure::errc;
using perdure::test_environment;
using perdure::test_failure;

/// Rests an hour where the other rests a day.
class quick_tour final : public tour_entity {
public:
  task<travel_results> travel(travel_params what) override {
    ++state.rounds;
    while (state.days < what.days) {
      co_await continue_point();
      co_await sleep(version("hours", 0, 1) == 0 ? 24h : 1h);
      ++state.days;
    }
    co_return {.days = state.days};
  }
};

/// Stores everything inverted.
class masking final : public perdure::payload_codec {
public:
  perdure::bytes encode(perdure::bytes_view plain) const override { return inverted(plain); }
  perdure::bytes decode(perdure::bytes_view stored) const override { return inverted(stored); }

private:
  static perdure::bytes inverted(perdure::bytes_view of) {
    perdure::bytes made;
    for (auto each : of) made.push_back(~each);
    return made;
  }
};

/// Keeps everybody but Ann from tours, and a list of what is answered.
class doorman final : public perdure::interceptor {
public:
  std::optional<perdure::error> before(const perdure::request& what) override {
    if (what.target.id == "ann") return std::nullopt;
    return perdure::error{errc::forbidden, "not " + what.target.id};
  }
  void after(const perdure::entity_id& who, const perdure::method& what,
             const perdure::result<perdure::answer>& how) override {
    log.push_back(who.id + ' ' + std::string(what.name) + (how ? "" : " refused"));
  }

  std::vector<std::string> log;
};

}  // namespace

TEST_CASE("environment: a generated client calls through it") {
  test_environment env;
  env.host<account>();
  CHECK(account_client(env, "a").deposit({.cents = 5}).get().value().cents == 5);
  CHECK(env.entity<account_contract>("a").balance().get().value().cents == 5);
  CHECK(env.entity<account_contract>("a").withdraw({.cents = 6}).get().error().code ==
        errc::rejected);
  CHECK(env.entity<account_contract>("b").balance().get().error().code == errc::entity_not_found);
  CHECK(env.state<account_state>("account/a").cents == 5);
  CHECK(env.status("account/a") == "running");
  CHECK(env.status("account/b") == "none");
}

TEST_CASE("environment: a type that is not hosted is an answer to who calls it") {
  test_environment env;
  CHECK(env.entity<account_contract>("a").balance().get().error().code == errc::unknown_type);
}

TEST_CASE("environment: a year of sleep takes no time") {
  test_environment env;
  env.host<tour>();
  const auto start = env.now();
  CHECK(tour_client(env, "t").travel({.days = 365}).get().value().days == 365);
  CHECK(env.now() - start == 24h * 365);
  CHECK(env.status("tour/t") == "completed");
}

TEST_CASE("environment: a new version of a class goes on with what has begun") {
  test_environment env;
  env.host<tour>();
  tour_client(env, "before").travel({.days = 1}).get().value();
  auto old = env.send(tour_client(env, "old").travel({.days = 3}));
  env.run_for(36h);
  env.deploy<quick_tour>();
  const auto start = env.now();
  CHECK(tour_client(env, "new").travel({.days = 3}).get());
  CHECK(env.now() - start == 3h);
  CHECK(old.get().value().days == 3);
  CHECK(env.now() - start == 36h);
  CHECK(env.state<tour_state>("tour/before").days == 1);
  CHECK_THROWS_AS(env.deploy<account>(), std::invalid_argument);

  auto other = env.send(tour_client(env, "other").travel({.days = 3}));
  env.run_until_idle();
  CHECK_THROWS_WITH_AS(env.deploy<tour>(), doctest::Contains("tour/other cannot be brought back"),
                       test_failure);
}

TEST_CASE("environment: an interceptor sees calls, their answers, and denies") {
  test_environment env;
  auto door = std::make_shared<doorman>();
  env.host<tour>().intercept(door);
  CHECK(tour_client(env, "ann").travel({.days = 1}).get());
  CHECK(tour_client(env, "bob").travel({.days = 1}).get().error().code == errc::forbidden);
  CHECK(!tour_client(env, "ann")
             .travel({.days = 1}, {.start = {.when_ended = perdure::id_reuse::reject}})
             .get());
  CHECK(door->log == std::vector<std::string>{"ann travel", "ann travel refused"});
  CHECK(env.ids("tour") == std::vector<std::string>{"ann"});
}

TEST_CASE("environment: what is stored is as the codec makes it, and no crash shows that") {
  auto mask = std::make_shared<masking>();
  perdure::crash_everywhere(
      [](test_environment& env) {
        env.host<desk>();
        desk_client client{env, "d"};
        client.note({.text = "a secret"}).get().value();
        auto notes = env.send(client.wait_for_notes({.count = 2}));
        client.note({.text = "a secret"}).get().value();
        CHECK(notes.get().value().log == std::vector<std::string>{"a secret", "a secret"});
        CHECK(env.stored("desk/d").size() == env.history("desk/d").size());
        for (auto& each : env.stored("desk/d")) {
          CHECK(perdure::as_text(each).find("a secret") == std::string_view::npos);
        }
      },
      {.snapshot_every_events = 1, .codec = mask});
  test_environment plain;
  plain.host<desk>();
  desk_client(plain, "d").note({.text = "a secret"}).get().value();
  CHECK(perdure::as_text(plain.stored("desk/d")[0]).find("a secret") != std::string_view::npos);
}

TEST_CASE("environment: it tells who exists, and in which run") {
  test_environment env({.continue_after_events = 20});
  env.host<tour>().host<account>();
  CHECK(env.ids("tour").empty());
  tour_client(env, "y").travel({.days = 1}).get().value();
  tour_client(env, "x").travel({.days = 100}).get().value();
  (void)account_client(env, "a").balance().get();
  CHECK(env.ids("tour") == std::vector<std::string>{"x", "y"});
  CHECK(env.ids("account").empty());
  CHECK(env.run("tour/y") == 1);
  CHECK(env.run("tour/x") == env.state<tour_state>("tour/x").rounds);
}

TEST_CASE("environment: reminders and delayed signals come in their time") {
  test_environment env;
  env.host<desk>();
  desk_client client{env, "d"};
  client.remind_me({.pause = 60'000}).get().value();
  client.note({.text = "late"}, {.delay = 2min}).get().value();
  env.run_for(59s);
  CHECK(env.state<desk_state>("desk/d").log.empty());
  CHECK(env.pending("desk/d") == std::vector<std::string>{"reminder \"ring\" in 1000 ms",
                                                          "delayed signal note in 61000 ms"});
  env.advance(1s);
  CHECK(env.state<desk_state>("desk/d").log.empty());
  env.run_until_idle();
  CHECK(env.state<desk_state>("desk/d").log == std::vector<std::string>{"ring"});
  env.run_to_the_end();
  CHECK(env.state<desk_state>("desk/d").log == std::vector<std::string>{"ring", "late"});
}

TEST_CASE("environment: several calls are under way at once") {
  test_environment env;
  env.host<desk>();
  desk_client client{env, "d"};
  auto notes = env.send(client.wait_for_notes({.count = 2}));
  auto first = env.send(client.note({.text = "one"}));
  CHECK(!first.done());
  env.run_until_idle();
  CHECK(first.done());
  CHECK(!notes.done());
  env.send(client.note({.text = "two"}));
  CHECK(notes.get().value().log == std::vector<std::string>{"one", "two"});
}

TEST_CASE("environment: a call that nothing can answer any more says who waits for what") {
  test_environment env;
  env.host<desk>();
  const auto answer = desk_client(env, "d").wait_for_notes({.count = 1}).get();
  REQUIRE(!answer);
  CHECK(answer.error().code == errc::timeout);
  CHECK(answer.error().detail ==
        "nothing can happen any more: desk/d: handler waitForNotes (event 1) is suspended");
}

TEST_CASE("environment: a call is as patient as it says, and the update goes on") {
  test_environment env;
  env.host<account>();
  account_client client{env, "a"};
  const auto start = env.now();
  const auto late = client.audit({.pause = 60'000}, {.key = "k", .patience = 10s}).get();
  CHECK(late.error().code == errc::timeout);
  CHECK(env.now() - start == 10s);
  CHECK(client.audit({.pause = 60'000}, {.key = "k"}).get());
  CHECK(env.now() - start == 60s);
  CHECK(env.state<account_state>("account/a").bookings == 1);
}

TEST_CASE("environment: until accepted, and no longer") {
  test_environment env;
  env.host<trip>();
  trip_client client{env, "t"};
  env.script<hotels_contract>("reserve").completes_later().any_number();
  CHECK(client.book({.card = "c", .cents = 5}, {.until_accepted = true}).get());
  CHECK(client.steps().get().value().steps == std::vector<std::string>{"reserve"});
  CHECK(client.book({.card = "c", .cents = 5}).get().error().code == errc::already_exists);
}

TEST_CASE("environment: a key counts once, also for starts") {
  test_environment env;
  env.host<account>().host<tour>();
  account_client client{env, "a"};
  CHECK(client.deposit({.cents = 5}, {.key = "k"}).get().value().cents == 5);
  CHECK(client.deposit({.cents = 5}, {.key = "k"}).get().value().cents == 5);
  CHECK(client.deposit({.cents = 6}, {.key = "k"}).get().error().code ==
        errc::idempotency_conflict);
  CHECK(client.balance().get().value().cents == 5);
  tour_client other{env, "t"};
  CHECK(other.travel({.days = 2}, {.key = "s"}).get().value().days == 2);
  CHECK(other.travel({.days = 2}, {.key = "s"}).get().value().days == 2);
  CHECK(env.state<tour_state>("tour/t").rounds == 1);
}

TEST_CASE("environment: an entity is cancelled, paused, resumed and terminated") {
  test_environment env;
  env.host<tour>().host<desk>();
  tour_client client{env, "t"};
  auto call = env.send(client.travel({.days = 3}));
  env.run_for(25h);
  CHECK(env.pause("tour/t", "holidays"));
  CHECK(env.status("tour/t") == "paused");
  env.run_for(25h * 10);
  CHECK(!call.done());
  CHECK(env.resume("tour/t"));
  env.run_for(1s);
  CHECK(env.state<tour_state>("tour/t").days == 2);
  CHECK(env.cancel("tour/t", "enough"));
  CHECK(call.get().error().type == "cancelled");
  CHECK(env.status("tour/t") == "cancelled");
  CHECK(client.travel({.days = 1}).get().value().days == 1);
  CHECK(env.terminate("tour/t").error().code == errc::completed);

  desk_client(env, "d").note({.text = "x"}).get().value();
  CHECK(env.cancel("desk/d").error().code == errc::rejected);
  CHECK(env.terminate("desk/d", "enough"));
  CHECK(desk_client(env, "d").note({.text = "x"}).get().error().code == errc::completed);
}

TEST_CASE("environment: a running entity is replaced by a new start") {
  test_environment env;
  env.host<tour>();
  tour_client client{env, "t"};
  auto old = env.send(client.travel({.days = 100}));
  env.run_for(25h);
  const perdure::start_options replace{.when_running = perdure::id_conflict::terminate_existing};
  CHECK(client.travel({.days = 2}, {.start = replace}).get().value().days == 2);
  CHECK(old.get().error().type == "terminated");
  auto third = env.send(client.travel({.days = 1}));
  const perdure::start_options join{.when_running = perdure::id_conflict::use_existing};
  CHECK(client.travel({.days = 9}, {.start = join}).get().value().days == 1);
  CHECK(third.get().value().days == 1);
}

TEST_CASE("environment: a start is delayed, and ends with its time") {
  perdure::crash_everywhere([](test_environment& env) {
    env.host<tour>();
    tour_client client{env, "t"};
    auto late = env.send(client.travel({.days = 1}, {.start = {.delay = 48h}}));
    env.run_for(47h);
    CHECK(env.state<tour_state>("tour/t").rounds == 0);
    const auto start = env.now();
    CHECK(late.get());
    CHECK(env.now() - start == 25h);
    const auto over = client.travel({.days = 5}, {.start = {.execution_timeout = 72h}}).get();
    CHECK(over.error().type == "execution_timeout");
    CHECK(env.now() - start == 25h + 72h);
    CHECK(env.status("tour/t") == "failed");
    CHECK(client.travel({.days = 5}, {.start = {.run_timeout = 72h}}).get().error().type ==
          "run_timeout");
  });
}

TEST_CASE("environment: the time of a run begins again with each run") {
  perdure::crash_everywhere(
      [](test_environment& env) {
        env.host<tour>();
        tour_client client{env, "t"};
        CHECK(client.travel({.days = 40}, {.start = {.run_timeout = 24h * 20}}).get());
      },
      {.continue_after_events = 20});
}

TEST_CASE("environment: attributes are those of the entity") {
  test_environment env;
  env.host<desk>();
  desk_client client{env, "d"};
  client.tag({.name = "status", .text = "open"}).get().value();
  client.tag({.name = "gone", .text = "x"}).get().value();
  client.tag({.name = "gone"}).get().value();
  env.crash("desk/d");
  auto tags = env.attributes("desk/d");
  REQUIRE(tags.size() == 1);
  CHECK(std::get<std::string>(tags.at("status")) == "open");
}

TEST_CASE("environment: a query of the past answers as it was then") {
  test_environment env;
  env.host<account>();
  account_client client{env, "a"};
  const auto first = client.credit({.cents = 5}).get().value();
  client.credit({.cents = 6}).get().value();
  CHECK(client.balance({.at = first.event}).get().value().cents == 5);
}

// -- what a test did not ask about ----------------------------------------------------------------

TEST_CASE("environment: calls of scripted activities that nobody looked at fail the test") {
  test_environment env;
  env.host<desk>();
  env.script<hotels_contract>("quote").returns(hotels_contract::quote_results{.cents = 1});
  CHECK(desk_client(env, "d").quote({.hotel = "ritz"}).get());
  CHECK_THROWS_WITH_AS(env.finish(),
                       doctest::Contains("hotels.quote: nobody looked at 1 attempt (for desk/d)"),
                       test_failure);
}

TEST_CASE("environment: another number of attempts than was said fails the test") {
  test_environment env;
  env.host<desk>();
  env.script<hotels_contract>("quote").fails_times(1).returns(price_of(1)).times(1);
  CHECK(desk_client(env, "d").quote({.hotel = "ritz"}).get());
  CHECK_THROWS_WITH_AS(env.finish(), "hotels.quote: expected 1 attempt, there were 2",
                       test_failure);
}

TEST_CASE("environment: a handler that failed unheard fails the test, if nobody looked") {
  auto fail = [](test_environment& env) {
    env.host<desk>();
    desk_client(env, "d").remind_me({.pause = 1, .fail = true}).get().value();
    env.run_for(1s);
  };
  test_environment env;
  fail(env);
  CHECK_THROWS_WITH_AS(env.finish(), doctest::Contains("failed: out of order"), test_failure);
  test_environment asked;
  fail(asked);
  CHECK(asked.handler_failures().size() == 1);
  asked.finish();
}

TEST_CASE("environment: messages that nobody took fail the test, if nobody looked") {
  for (std::string type : {"ghost", "account"}) {
    INFO(type);
    auto send = [&](test_environment& env) {
      env.host<transfer>().host<account>();
      transfer_client(env, "t").tell({.type = type}).get().value();
      env.run_until_idle();
    };
    test_environment env;
    send(env);
    CHECK_THROWS_WITH_AS(env.finish(), doctest::Contains("was not taken"), test_failure);
    test_environment asked;
    send(asked);
    CHECK(asked.undelivered().size() == 1);
    asked.finish();
  }
}

TEST_CASE("environment: a failure is told to whom the options say") {
  std::string told;
  {
    test_environment env({.on_failure = [&](const std::string& why) { told = why; }});
    env.host<desk>();
    env.script<hotels_contract>("quote").returns(price_of(1)).times(2);
    CHECK(desk_client(env, "d").quote({.hotel = "ritz"}).get());
  }
  CHECK(told == "hotels.quote: expected 2 attempts, there were 1");
}

TEST_CASE("environment: all environments tell their failures to the same one") {
  std::string told;
  perdure::report_test_failures([&](const std::string& why) { told = why; });
  {
    test_environment env;
    env.host<desk>();
    env.script<hotels_contract>("quote").times(2);
  }
  perdure::report_test_failures({});
  CHECK(told == "hotels.quote: expected 2 attempts, there were 0");
}

TEST_CASE("environment: a world that never rests is given up") {
  test_environment env({.steps_max = 500});
  env.host<tour>().host<desk>();
  auto call = env.send(tour_client(env, "t").travel({.days = 10'000}));
  const auto answer = desk_client(env, "d").wait_for_notes({.count = 1}).get();
  CHECK(answer.error().code == errc::timeout);
  CHECK(answer.error().detail.starts_with("not answered after 500 steps: desk/d"));
  CHECK_THROWS_AS(env.run_to_the_end(), test_failure);
}

TEST_CASE("environment: names of entities, activities and types are checked") {
  test_environment env;
  env.host<desk>();
  CHECK_THROWS_AS(env.crash("desk"), std::invalid_argument);
  CHECK_THROWS_AS(env.crash("desk/x"), std::invalid_argument);
  CHECK_THROWS_AS(env.script<hotels_contract>("nothing"), std::invalid_argument);
  CHECK_THROWS_AS(env.host<desk>(), std::invalid_argument);
  CHECK_THROWS_AS(env.script<hotels_contract>("quote").returns(payments_contract::charge_results{}),
                  std::invalid_argument);
}

}  // namespace travel
