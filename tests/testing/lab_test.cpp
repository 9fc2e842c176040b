// Experiments with handlers, each undisturbed and with crashes after every step.

#include <doctest/doctest.h>

#include <perdure/testing.h>

#include "tests/testing/lab.h"

namespace travel {

namespace {

using perdure::crash_everywhere;
using perdure::test_environment;

std::string text_of(const perdure::result<lab_contract::run_results>& how) {
  return how ? how->result : std::string(to_string(how.error().code)) + ": " + how.error().detail;
}

std::string text_of(const perdure::result<lab_contract::live_results>& how) {
  return how ? how->result : std::string(to_string(how.error().code)) + ": " + how.error().detail;
}

/// Runs an experiment as an update and as a main.
void check_result(const std::string& experiment, const std::string& expected,
                  perdure::duration time) {
  INFO(experiment);
  crash_everywhere([&](test_environment& env) {
    env.host<lab>();
    const auto start = env.now();
    CHECK(text_of(lab_client(env, "x").run({.experiment = experiment}).get()) == expected);
    CHECK(env.now() - start == time);
    env.run_to_the_end();
    CHECK(env.pending("lab/x").empty());
    (void)env.handler_failures();
  });
  crash_everywhere([&](test_environment& env) {
    env.host<lab>();
    CHECK(text_of(lab_client(env, "x").live({.experiment = experiment}).get()) == expected);
    env.run_to_the_end();
    CHECK(env.pending("lab/x").empty());
    (void)env.handler_failures();
  });
}

}  // namespace

TEST_CASE("lab: each experiment has its result, in its time") {
  check_result("for_each that fails", "two 1", 2s);
  check_result("all that fails at once", "at once0", 0s);
  check_result("limit and body at the same time", "body", 5s);
  check_result("semaphore left while waiting", "first-third", 6s);
  check_result("saga in a saga", "inner fails: undo inner, undo outer", 2s);
  check_result("failing compensation",
               "body fails (and undoing failed: second: cannot be undone); undo first", 2s);
  check_result("nested any", "02", 2s);
  check_result("finally", "a, b, not tidied", 18s);
  check_result("sleep_until", "90 s", 90s);
  check_result("cancels twice", "cancelled1", 21s);
  check_result("spawns", "spawned", 10s);
  check_result("throws a bug", "failed: a bug", 1s);
}

TEST_CASE("lab: calls and waits run beside each other as a vector of them, too") {
  crash_everywhere([](test_environment& env) {
    env.host<lab>();
    auto quotes = env.script<hotels_contract>("quote");
    quotes.any_number().answers([](const hotels_contract::quote_params& asked) {
      if (asked.hotel == "a") throw perdure::activity_failure("closed", "closed").for_good();
      return hotels_contract::quote_results{.cents = 1};
    });
    CHECK(text_of(lab_client(env, "x").run({.experiment = "all, of waits"}).get()) ==
          "3 s, hotel 1");
  });
}

TEST_CASE("lab: updates that would wait for each other are refused") {
  crash_everywhere([](test_environment& env) {
    env.host<lab>();
    CHECK(text_of(lab_client(env, "x").run({.experiment = "cycle"}).get()) ==
          "cycle: update_cycle");
  });
}

TEST_CASE("lab: the end of a main ends its updates, and what it spawned") {
  crash_everywhere([](test_environment& env) {
    env.host<lab>();
    lab_client client{env, "x"};
    auto life = env.send(client.live({.experiment = "waits for go"}));
    auto update = env.send(client.run({.experiment = "cleans up"}));
    auto early = env.send(client.run({.experiment = "reply, then wait"}));
    CHECK(early.get().value().result == "early");
    env.run_for(1h);
    client.go().get().value();
    CHECK(life.get().value().result == "gone");
    CHECK(update.get().error().detail == "the entity has completed");
    CHECK(env.status("lab/x") == "completed");
    CHECK(env.pending("lab/x").empty());
  });
}

TEST_CASE("lab: a cancelled main cleans up in a shield, and may complete") {
  crash_everywhere([](test_environment& env) {
    env.host<lab>();
    const auto start = env.now();
    auto life = env.send(lab_client(env, "x").live({.experiment = "cleans up"}));
    env.run_for(1h);
    CHECK(env.cancel("lab/x"));
    CHECK(life.get().value().result == "cleaned");
    CHECK(env.now() - start == 1h + 5s);
    CHECK(env.state<lab_state>("lab/x").log ==
          std::vector<std::string>{"cleaned", "still cancelled"});
  });
}

TEST_CASE("lab: a start that is cancelled before it begins never does") {
  crash_everywhere([](test_environment& env) {
    env.host<lab>();
    auto life = env.send(
        lab_client(env, "x").live({.experiment = "waits for go"}, {.start = {.delay = 24h}}));
    env.run_for(1h);
    CHECK(env.cancel("lab/x", "no more"));
    CHECK(life.get().error().type == "cancelled");
    CHECK(env.status("lab/x") == "cancelled");
    CHECK(env.pending("lab/x").empty());
  });
}

TEST_CASE("lab: what runs on after an early answer ends with the entity, unheard") {
  crash_everywhere([](test_environment& env) {
    env.host<lab>();
    lab_client client{env, "x"};
    CHECK(client.run({.experiment = "reply, then wait"}).get());
    CHECK(env.terminate("lab/x"));
    env.run_to_the_end();
    CHECK(env.state<lab_state>("lab/x").log.empty());
  });
}

TEST_CASE("lab: a main continues as new with messages on their way") {
  crash_everywhere(
      [](test_environment& env) {
        env.host<lab>();
        CHECK(text_of(lab_client(env, "x").live({.experiment = "continues"}).get()) == "done");
        env.run_until_idle();
        CHECK(env.state<lab_state>("lab/other").go);
      },
      {.continue_after_events = 15});
}

TEST_CASE("lab: a main continues as new with a child and a reminder, and hears of both") {
  crash_everywhere(
      [](test_environment& env) {
        env.host<lab>();
        CHECK(text_of(lab_client(env, "x").live({.experiment = "carries"}).get()) == "gone");
        CHECK(env.state<lab_state>("lab/x").log.size() > 5);
        CHECK(env.status("lab/child") == "completed");
        CHECK(env.state<lab_state>("lab/child").log.empty());
      },
      {.continue_after_events = 15});
}

TEST_CASE("lab: a child of an earlier run is closed with its parent") {
  crash_everywhere(
      [](test_environment& env) {
        env.host<lab>();
        auto end = env.send(lab_client(env, "x").live({.experiment = "carries"}));
        env.run_for(30s);
        CHECK(env.state<lab_state>("lab/x").log.size() > 2);
        CHECK(env.status("lab/child") == "running");
        CHECK(env.terminate("lab/x"));
        env.run_until_idle();
        CHECK(end.get().error().type == "terminated");
        CHECK(env.status("lab/child") == "terminated");
      },
      {.continue_after_events = 15});
}

TEST_CASE("lab: what is asked without types travels as JSON") {
  crash_everywhere([](test_environment& env) {
    env.host<lab>();
    CHECK(text_of(lab_client(env, "x").run({.experiment = "asks without types"}).get()) ==
          R"({"result":"gone"}{"result":"spawned"}{"result":"spawned"})"
          "experimant: unknown field; there are: experiment; \"lab\" has no query run");
    (void)env.handler_failures();
  });
}

TEST_CASE("lab: what an entity sends with its last step arrives, once") {
  crash_everywhere([](test_environment& env) {
    env.host<lab>();
    CHECK(text_of(lab_client(env, "x").live({.experiment = "tells others at its end"}).get()) ==
          "farewell");
    env.run_until_idle();
    CHECK(env.state<lab_state>("lab/other").go);
    CHECK(env.history("lab/other").size() == 1);
    env.crash_everything();
    env.run_until_idle();
    CHECK(env.history("lab/another").size() == 1);
  });
}

}  // namespace travel
