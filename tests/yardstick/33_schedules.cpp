// A schedule from beginning to end: created without times and triggered, changed to a time of the
// week and an interval, paused, backfilled, listed, removed.

#include <doctest/doctest.h>

#include <perdure/schedule.h>
#include <perdure/testing.h>

#include "33_schedules.perdure.h"

namespace yardstick::schedules {

using namespace std::chrono_literals;

class greeting final : public greeting_entity {
public:
  perdure::task<> greet(greet_params what) override {
    co_await activities<greeter_contract>({.start_to_close = 10s})
        .say({.text = "Hello " + what.name + " from " + self().id});
  }
};

namespace {

const perdure::schedule_action greet{
    .which = perdure::schedule_action::which_is::start{
        {.type = "scheduled-greeting", .id_prefix = "g", .params = R"({"name": "World"})"}}};

struct greetings {
  explicit greetings(perdure::test_environment& in) : env(in) {
    env.host<perdure::schedule>().host<greeting>();
  }

  perdure::test_environment& env;
  perdure::schedule_client client{env, "greetings"};
  perdure::activity_script say = env.script<greeter_contract>("say").returns();
};

TEST_CASE("schedules: one without times runs when it is triggered") {
  perdure::crash_everywhere([](perdure::test_environment& env) {
    greetings g(env);
    CHECK(g.client.create({.action = greet}).get().value().next.empty());
    env.run_for(24h * 365);
    CHECK(g.say.called() == 0);
    CHECK(g.client.trigger({}).get().value().fate == perdure::schedule_fate::begun);
    env.run_until_idle();
    CHECK(g.say.calls<greeter_contract::say_params>()[0].text ==
          "Hello World from g-2031-01-01T00:00:00Z");
  });
}

TEST_CASE("schedules: it is changed while it is paused, runs ten times, and no more") {
  perdure::crash_everywhere([](perdure::test_environment& env) {
    greetings g(env);
    g.client.create({.action = greet, .paused = true, .note = "not yet"}).get().value();
    // Fridays at five, and every twelve hours; 2030-01-01 is a Tuesday.
    const perdure::schedule_spec spec{.cron = {"0 17 * * FRI"}, .intervals = {{.every = "12h"}}};
    g.client.change({.spec = spec, .action = greet, .policy = {.limit = 10}}).get().value();
    env.run_for(24h);
    CHECK(g.say.called() == 0);
    CHECK(g.client.unpause({}).get().value().next == "2030-01-02T12:00:00Z");
    env.run_to_the_end();

    const auto about = g.client.about().get().value();
    CHECK(about.runs == 10);
    CHECK(about.remaining == 0);
    CHECK(g.say.called() == 10);
    const auto ids = env.ids("scheduled-greeting");
    REQUIRE(ids.size() == 10);
    CHECK(ids[5] == "g-2030-01-04T17:00:00Z");
    CHECK(ids[9] == "g-2030-01-06T12:00:00Z");
  });
}

TEST_CASE("schedules: a backfill makes up for a time before it was there") {
  perdure::crash_everywhere([](perdure::test_environment& env) {
    greetings g(env);
    g.client.create({.spec = {.cron = {"@daily"}}, .action = greet, .paused = true}).get().value();
    const auto filled = g.client
                            .backfill({.from = "2029-12-01",
                                       .to = "2029-12-07",
                                       .overlap = perdure::schedule_overlap::buffer_all})
                            .get();
    CHECK(filled.value().times == 7);
    env.run_until_idle();
    CHECK(g.say.called() == 7);
    CHECK(env.ids("scheduled-greeting").front() == "g-2029-12-01T00:00:00Z");
  });
}

TEST_CASE("schedules: they are listed, and one that is removed starts nothing any more") {
  perdure::test_environment env;
  greetings g(env);
  g.client.create({.spec = {.cron = {"@hourly"}}, .action = greet}).get().value();
  CHECK(env.ids("schedule") == std::vector<std::string>{"greetings"});
  env.run_for(3h);
  CHECK(g.client.remove().get());
  env.run_for(24h);
  CHECK(g.say.called() == 3);
  CHECK(g.client.trigger({}).get().error().code == perdure::errc::rejected);
}

}  // namespace

}  // namespace yardstick::schedules
