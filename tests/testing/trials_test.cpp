// Mistakes and edges: see trials.h.

#include <doctest/doctest.h>

#include <perdure/testing.h>

#include "tests/testing/trials.h"

namespace travel {

namespace {

using perdure::crash_everywhere;
using perdure::errc;
using perdure::test_environment;

std::string text_of(const auto& outcome) {
  return outcome ? outcome->result
                 : std::string(to_string(outcome.error().code)) + ": " + outcome.error().detail;
}

/// The outcome of a trial as an update of lab/x.
std::string outcome_of(test_environment& env, const std::string& trial) {
  return text_of(lab_client(env, "x").run({.experiment = trial}).get());
}

auto begin(test_environment& env, const std::string& trial, std::string id = "x") {
  return env.send(lab_client(env, std::move(id)).live({.experiment = trial}));
}

}  // namespace

TEST_CASE("trials: a main that throws at the top of a later run has failed") {
  crash_everywhere(
      [](test_environment& env) {
        env.host<trials>();
        CHECK(text_of(begin(env, "fails in a later run").get()) == "failed: five is enough");
        CHECK(env.status("lab/x") == "failed");
      },
      {.continue_after_events = 4});
}

TEST_CASE("trials: what a race has begun is cancelled, though it is over in the same turn") {
  crash_everywhere([](test_environment& env) {
    env.host<trials>();
    auto asked = env.script<hotels_contract>("quote").fails_times(1'000, "busy").any_number();
    auto end = begin(env, "loser begun at once");
    env.run_for(10h);
    CHECK(asked.called() <= 1);
    CHECK(text_of(end.get()) == "won");
    CHECK(text_of(begin(env, "child begun at once", "y").get()) == "won");
    CHECK(env.status("lab/c") == "cancelled");
  });
}

TEST_CASE("trials: what was begun before there was too much is not left behind") {
  test_environment env;
  env.host<trials>();
  env.script<hotels_contract>("quote").fails_times(100'000, "busy").any_number();
  auto end = env.send(lab_client(env, "x").run({.experiment = "more than there may be"}));
  env.run_for(10s);
  CHECK(env.pending("lab/x").size() <= 2);
  CHECK(text_of(end.get()) == "overloaded");
}

TEST_CASE("trials: what was cancelled makes room for cleaning up") {
  test_environment env;
  env.host<trials>();
  env.script<hotels_contract>("quote").hangs().any_number();
  env.script<hotels_contract>("cancel").returns().any_number();
  CHECK(outcome_of(env, "many, then one more") == "cleaned up");
}

TEST_CASE("trials: a cancel reaches a main that waits at its continue point") {
  crash_everywhere(
      [](test_environment& env) {
        env.host<trials>();
        env.script<hotels_contract>("quote").returns(price_of(1)).takes(99h).any_number();
        auto end = begin(env, "cancelled at its continue point");
        env.run_for(10h);
        CHECK(env.cancel("lab/x"));
        CHECK(end.get().error().type == "cancelled");
        CHECK(env.state<lab_state>("lab/x").log == std::vector<std::string>{"begun", "cleaned"});
      },
      {.continue_after_events = 4});
}

TEST_CASE("trials: a continue point in a branch waits for the calls of the others") {
  test_environment env({.continue_after_events = 20});
  env.host<trials>();
  auto asked = env.script<hotels_contract>("quote").returns(price_of(1)).takes(7s).any_number();
  CHECK(text_of(begin(env, "continue point in a branch").get()) == "both");
  // The main begins again at its top, all of it: no run was cut in the midst of its calls.
  CHECK(asked.called() % 100 == 0);
}

TEST_CASE("trials: a continue point in an update does nothing") {
  crash_everywhere(
      [](test_environment& env) {
        env.host<trials>();
        CHECK(outcome_of(env, "continue point") == "looped");
      },
      {.continue_after_events = 10});
}

TEST_CASE("trials: a body of for_each that throws leaves nothing behind") {
  crash_everywhere([](test_environment& env) {
    env.host<trials>();
    env.script<hotels_contract>("quote").returns(price_of(1)).takes(1min).any_number();
    CHECK(outcome_of(env, "for_each whose body throws") == "three is no good");
  });
}

TEST_CASE("trials: what a condition throws is thrown where it is waited for") {
  crash_everywhere([](test_environment& env) {
    env.host<trials>();
    auto end = env.send(lab_client(env, "x").run({.experiment = "condition that throws"}));
    env.run_until_idle();
    CHECK(lab_client(env, "x").go().get());
    CHECK(text_of(end.get()) == "failed: in a condition");
  });
}

TEST_CASE("trials: a condition has no effects") {
  crash_everywhere([](test_environment& env) {
    env.host<trials>();
    CHECK(outcome_of(env, "condition that tells").find("a condition has no effects") !=
          std::string::npos);
    auto end = env.send(lab_client(env, "x").run({.experiment = "condition with a version"}));
    env.run_until_idle();
    CHECK(lab_client(env, "x").go().get());
    CHECK(text_of(end.get()).find("a condition has no effects") != std::string::npos);
  });
}

TEST_CASE("trials: an update is answered by its handler, not by what it spawns") {
  crash_everywhere([](test_environment& env) {
    env.host<trials>();
    CHECK(outcome_of(env, "reply by a spawned task") == "from the handler");
    CHECK(env.handler_failures().size() == 1);
  });
}

TEST_CASE("trials: what a side effect draws is drawn once") {
  crash_everywhere([](test_environment& env) {
    env.host<trials>();
    CHECK(outcome_of(env, "draws within a side effect").size() == 36);
  });
}

TEST_CASE("trials: a saga undoes what was done, whatever is thrown") {
  crash_everywhere([](test_environment& env) {
    env.host<trials>();
    CHECK(outcome_of(env, "saga that throws 42").starts_with("failed"));
    CHECK(env.state<lab_state>("lab/x").log == std::vector<std::string>{"undone"});
  });
}

TEST_CASE("trials: what is spawned and fails at once fails alone; a spawned lambda is kept") {
  crash_everywhere([](test_environment& env) {
    env.host<trials>();
    CHECK(outcome_of(env, "spawn that fails at once") == "not concerned");
    CHECK(env.handler_failures().size() == 1);
    CHECK(outcome_of(env, "spawned lambda") == std::string(100, 'x'));
  });
}

TEST_CASE("trials: what is awaited twice is told so") {
  crash_everywhere([](test_environment& env) {
    env.host<trials>();
    CHECK(outcome_of(env, "task awaited twice").find("a task is awaited at most once") !=
          std::string::npos);
    CHECK(outcome_of(env, "call awaited twice").find("a call is awaited at most once") !=
          std::string::npos);
  });
}

TEST_CASE("trials: what a node refuses as too large, the kit does") {
  test_environment env;
  env.host<trials>();
  CHECK(lab_client(env, "x").run({.experiment = std::string(3 << 20, 'x')}).get().error().code ==
        errc::too_large);
}

TEST_CASE("trials: for ever is not the past") {
  test_environment env;
  env.host<trials>();
  auto end = env.send(lab_client(env, "x").run({.experiment = "sleeps for ever"}));
  CHECK(lab_client(env, "x").go({.delay = perdure::forever}).get());
  env.run_for(24h * 365);
  CHECK(!end.done());
  CHECK(!env.state<lab_state>("lab/x").go);
}

TEST_CASE("trials: the limit of timers holds within a turn, too") {
  test_environment env;
  env.host<trials>();
  const auto refused = lab_client(env, "x").run({.experiment = "many reminders"}).get();
  REQUIRE(!refused);
  CHECK(refused.error().detail.find("2000 timers, the limit") != std::string::npos);
}

TEST_CASE(
    "trials: what runs in a scope beside others is cancelled from outside when they have gone") {
  crash_everywhere([](test_environment& env) {
    env.host<trials>();
    auto end = begin(env, "two in one scope");
    env.run_for(1h);
    CHECK(env.cancel("lab/x"));
    CHECK(end.done());
    CHECK(text_of(end.get()) == "failed: cancelled");
  });
}

TEST_CASE("trials: a large state is carried over once, not again and again") {
  test_environment env;
  env.host<trials>();
  CHECK(text_of(begin(env, "large state").get()) == "done");
}

TEST_CASE("trials: a state that would be nested too deeply to be saved is refused") {
  crash_everywhere([](test_environment& env) {
    env.host<trials>();
    int deeper = 0;
    while (outcome_of(env, "nests deeper") == "deeper") ++deeper;
    CHECK(deeper == 62);
    CHECK(outcome_of(env, "nests deeper") ==
          "too_large: lab/x would have a state that cannot be saved: a payload holds at most 64 "
          "levels of nested structs and lists");
    CHECK(env.state<lab_state>("lab/x").nest.inner.has_value());
    CHECK(outcome_of(env, "spawned lambda").size() == 100);
  });
}

TEST_CASE("trials: what a saga undoes waits until there is room for it") {
  test_environment env;
  env.host<trials>();
  auto end = begin(env, "undoes when full");
  CHECK(text_of(end.get()).starts_with("failed: lab/x has 2000 activities and messages under way"));
  CHECK(env.state<lab_state>("lab/x").log == std::vector<std::string>{"undone"});
  env.run_until_idle();
  CHECK(env.state<lab_state>("lab/third").go);
}

TEST_CASE("trials: crashes do not matter to one that hears of many and continues as new") {
  crash_everywhere(
      [](test_environment& env) {
        env.host<trials>();
        for (int i = 0; i < 12; ++i) {
          CHECK(text_of(begin(env, "tells the other", "y" + std::to_string(i)).get()) == "told");
        }
        env.run_until_idle();
        CHECK(env.state<lab_state>("lab/other").go);
      },
      {.continue_after_events = 4});
}

TEST_CASE("trials: a main that would wait for its own end, and versions upside down, are refused") {
  test_environment env;
  env.host<trials>();
  CHECK(text_of(begin(env, "waits for itself").get()) ==
        "rejected: lab/x would wait for its own result");
  CHECK(text_of(begin(env, "no version", "y").get()).find("the least is above the most") !=
        std::string::npos);
}

TEST_CASE("trials: what can be run can be a lambda, which is kept") {
  crash_everywhere([](test_environment& env) {
    env.host<trials>();
    CHECK(outcome_of(env, "lambdas") == "4");
    CHECK(env.state<lab_state>("lab/x").log ==
          std::vector<std::string>{"text", "text", "cleaned up", "text"});
  });
}

TEST_CASE(
    "trials: attributes and side effects take what is natural, and refuse what is no number") {
  crash_everywhere([](test_environment& env) {
    env.host<trials>();
    CHECK(outcome_of(env, "values of all kinds") == "literal text");
    auto known = env.attributes("lab/x");
    CHECK(known.at("size") == perdure::attribute_value(std::int64_t{4}));
    CHECK(known.at("view") == perdure::attribute_value(std::string("text")));
    CHECK(known.at("flag") == perdure::attribute_value(true));
    CHECK(outcome_of(env, "not a number").find("\"ratio\" is not a number") != std::string::npos);
  });
}

TEST_CASE("trials: handlers that wait for all others do not wait for each other") {
  crash_everywhere([](test_environment& env) {
    env.host<trials>();
    auto one = env.send(lab_client(env, "x").run({.experiment = "waits for the others"}));
    auto two = env.send(lab_client(env, "x").run({.experiment = "waits for the others"}));
    auto slow = env.send(lab_client(env, "x").run({.experiment = "sleeps"}));
    env.run_for(9h);
    CHECK(!one.done());
    CHECK(text_of(slow.get()) == "slept");
    CHECK(text_of(one.get()) == "finished");
    CHECK(text_of(two.get()) == "finished");
    // The second went on when the first had ended, which was at work again.
    CHECK(env.state<lab_state>("lab/x").log ==
          std::vector<std::string>{"finished", "gone", "finished", "gone"});
  });
}

TEST_CASE("trials: a reply with what are not the update's results is refused") {
  test_environment env;
  env.host<trials>();
  CHECK(outcome_of(env, "reply of another method").find("not the results of run") !=
        std::string::npos);
}

TEST_CASE("trials: a reminder for ever is set, and never due") {
  crash_everywhere([](test_environment& env) {
    env.host<trials>();
    CHECK(outcome_of(env, "reminder for ever") == "set");
    env.run_for(1000 * 24h);
    CHECK(!env.state<lab_state>("lab/x").go);
  });
}

TEST_CASE("trials: a parent ends its own children, and nobody else's run") {
  crash_everywhere([](test_environment& env) {
    env.host<trials>();
    auto parent = begin(env, "starts c");
    env.run_for(15h);
    CHECK(env.status("lab/c") == "completed");
    auto mine = begin(env, "sleeps", "c");
    auto stranger = begin(env, "asks for c", "y");
    CHECK(text_of(stranger.get()) == "ended");
    env.run_for(1h);
    CHECK(env.status("lab/c") == "running");
    CHECK(text_of(mine.get()) == "slept");
    auto last = begin(env, "sleeps", "c");
    env.run_for(9h);
    CHECK(parent.done());
    CHECK(text_of(last.get()) == "slept");
    (void)env.undelivered();
  });
}

TEST_CASE("trials: what a main's spawned task spawns is cancelled with the main") {
  crash_everywhere([](test_environment& env) {
    env.host<trials>();
    auto end = begin(env, "spawned by the spawned");
    env.run_for(1h);
    CHECK(env.cancel("lab/x"));
    CHECK(end.get().error().type == "cancelled");
    CHECK(env.state<lab_state>("lab/x").log.size() == 2);
    (void)env.handler_failures();
  });
}

TEST_CASE("trials: a scope can be asked when what it was part of has gone") {
  crash_everywhere([](test_environment& env) {
    env.host<trials>();
    CHECK(outcome_of(env, "scope in a race") == "cancelled");
  });
}

}  // namespace travel
