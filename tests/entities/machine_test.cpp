#include <doctest/doctest.h>

#include <string>
#include <variant>
#include <vector>

#include "bench.h"

using namespace perdure;
using namespace perdure::core;
using namespace std::chrono_literals;

using params = ledger::ledger_contract;

TEST_CASE("machine: a signal changes state and is one event") {
  bench b;
  auto step = step_of(b.signal("add", params::add_params{.amount = 5}));
  CHECK(step.event == 1);
  CHECK(step.run == 1);
  CHECK(step.time == noon);
  CHECK(step.commands.empty());
  CHECK(b.total().total == 5);
  CHECK(step_of(b.signal("add", params::add_params{.amount = 2})).event == 2);
  CHECK(b.total().total == 7);
}

TEST_CASE("machine: a refused signal changes nothing and takes no number") {
  bench b;
  b.signal("note", params::note_params{.text = "good"});
  auto taken = b.signal("note", params::note_params{.text = "bad"});
  CHECK(refusal_of(taken).why == error{errc::rejected, "a bad note"});
  CHECK(!refusal_of(taken).state_lost);
  CHECK(b.total().notes == 1);
  CHECK(step_of(b.signal("add", params::add_params{.amount = 1})).event == 2);
}

TEST_CASE("machine: a bug in a handler is named with its contract's line and changes nothing") {
  bench b;
  auto taken = b.signal("crash");
  auto why = refusal_of(taken).why;
  CHECK(why.code == errc::internal);
  CHECK(why.detail.find("ledger/one crash threw (ledger.capnp:") == 0);
  CHECK(why.detail.find("a bug") != std::string::npos);
  CHECK(b.total().total == 0);
}

TEST_CASE("machine: a refusal by a state too large to copy asks for a reload") {
  bench b;
  b.limits.copied_state_bytes = 0;
  b.signal("note", params::note_params{.text = "good"});
  CHECK(refusal_of(b.signal("note", params::note_params{.text = "bad"})).state_lost);
  auto again = b.replayed();
  auto total = again->query(ordinal("total"), {}, noon);
  CHECK(codec<params::total_results>::decode(*total).notes == 1);
}

TEST_CASE("machine: parameters that cannot be decoded are malformed") {
  bench b;
  auto taken =
      b.keep(b.entity->handle_signal({ordinal("add"), bytes(13, std::byte{0xff}), {}, 0ms}, noon));
  CHECK(refusal_of(taken).why.code == errc::malformed);
}

TEST_CASE("machine: an update answers in its own step when it does not await") {
  bench b;
  b.signal("add", params::add_params{.amount = 5});
  auto step = step_of(b.update("take", params::take_params{.amount = 2}));
  REQUIRE(step.commands.size() == 1);
  CHECK(step.last_event() == 3);
  auto end = std::get<update_ended>(step.commands[0]);
  CHECK(end.update == 2);
  CHECK(codec<params::take_results>::decode(end.outcome.results).left == 3);
  auto refused_update = b.update("take", params::take_params{.amount = 9});
  CHECK(refusal_of(refused_update).why == error{errc::rejected, "not that much"});
  CHECK(b.entity->where().last_event == 3);
}

TEST_CASE("machine: an update sleeps through a timer and answers when it fires, not before") {
  bench b;
  auto step = step_of(b.update("nap", params::nap_params{.time = 1000}));
  CHECK(std::get<timer_started>(step.commands.at(0)) == timer_started{1, noon + 1s});
  CHECK(b.entity->next_due() == noon + 1s);
  CHECK(!b.entity->quiescent());
  CHECK(b.pass(999ms) == 0);
  CHECK(!ended(b, 1));
  CHECK(b.pass(1ms) == 1);
  CHECK(codec<params::nap_results>::decode(ended(b, 1)->results).woke ==
        (noon + 1s).time_since_epoch().count());
  CHECK(b.entity->quiescent());
  CHECK(!b.entity->next_due());
}

TEST_CASE("machine: a condition that becomes true resumes its handler in the same step") {
  bench b;
  b.update("reach", params::reach_params{.total = 10, .timeout = 5000});
  b.signal("add", params::add_params{.amount = 9});
  CHECK(!ended(b, 1));
  b.now += 1s;
  auto step = step_of(b.signal("add", params::add_params{.amount = 1}));
  REQUIRE(step.commands.size() == 2);
  CHECK(std::get<timer_cancelled>(step.commands[0]).timer == 1);
  auto results = codec<params::reach_results>::decode(ended(b, 1)->results);
  CHECK(results.reached);
  CHECK(results.at == (noon + 1s).time_since_epoch().count());
  CHECK(!b.entity->next_due());
}

TEST_CASE("machine: a condition that holds at once does not suspend") {
  bench b;
  auto step = step_of(b.update("reach", params::reach_params{.total = 0, .timeout = 0}));
  CHECK(step.commands.size() == 1);
  CHECK(codec<params::reach_results>::decode(ended(b, 1)->results).reached);
}

TEST_CASE("machine: a condition times out") {
  bench b;
  b.update("reach", params::reach_params{.total = 10, .timeout = 5000});
  b.pass(5s);
  CHECK(!codec<params::reach_results>::decode(ended(b, 1)->results).reached);
}

TEST_CASE("machine: handlers that wait for the same thing resume in the order they began to wait") {
  bench b;
  b.update("reach", params::reach_params{.total = 3, .timeout = 0});
  b.update("reach", params::reach_params{.total = 2, .timeout = 0});
  auto step = step_of(b.signal("add", params::add_params{.amount = 3}));
  REQUIRE(step.commands.size() == 2);
  CHECK(std::get<update_ended>(step.commands[0]).update == 1);
  CHECK(std::get<update_ended>(step.commands[1]).update == 2);
}

TEST_CASE(
    "machine: an update that throws after its first await has failed, and what it did stays") {
  bench b;
  b.update("failLater", params::fail_later_params{.time = 10});
  b.pass(10ms);
  auto end = ended(b, 1);
  REQUIRE(end.has_value());
  CHECK(end->how == update_outcome::kind::failed);
  CHECK(end->message == "too late");
  CHECK(b.total().total == 1);
}

TEST_CASE("machine: a reminder calls its signal once, and re-arming moves it") {
  bench b;
  b.signal("remindMe", params::remind_me_params{.name = "tea", .time = 1000});
  b.pass(600ms);
  b.signal("remindMe", params::remind_me_params{.name = "tea", .time = 1000});
  CHECK(b.pass(999ms) == 0);
  CHECK(b.pass(1ms) == 1);
  CHECK(b.total().rings == 1);
  CHECK(b.pass(24h) == 0);
}

TEST_CASE("machine: a cancelled reminder does not fire") {
  bench b;
  b.signal("remindMe", params::remind_me_params{.name = "tea", .time = 1000});
  b.signal("forget", params::forget_params{.name = "tea"});
  CHECK(!b.entity->next_due());
  CHECK(b.pass(1h) == 0);
}

TEST_CASE("machine: a reminder hands its parameters to the signal") {
  bench b;
  b.signal("nextReminder", params::next_reminder_params{.text = "hello", .time = 5});
  b.pass(5ms);
  CHECK(b.total().notes == 1);
}

TEST_CASE(
    "machine: a reminder whose handler refuses is used up, recorded, and leaves no trace in "
    "state") {
  bench b;
  b.signal("frail", params::frail_params{.rings = true});
  b.signal("remindMe", params::remind_me_params{.name = "tea", .time = 1000});
  CHECK(b.pass(1s) == 1);
  auto failed = std::get<handler_failed>(b.journal.back().commands.at(0));
  CHECK(failed.message == "out of order");
  CHECK(b.total().rings == 0);
  CHECK(b.pass(1h) == 0);
  b.replayed();
}

TEST_CASE("machine: timers, reminders and delayed signals fire in the order of their times") {
  bench b;
  b.signal("remindMe", params::remind_me_params{.name = "tea", .time = 300});
  b.update("nap", params::nap_params{.time = 100});
  b.signal("add", params::add_params{.amount = 1}, {}, 200ms);
  CHECK(b.total().total == 0);
  CHECK(b.pass(1s) == 3);
  auto n = b.journal.size();
  CHECK(std::holds_alternative<timer_fired>(b.journal[n - 3].what));
  CHECK(std::holds_alternative<delayed_signal_due>(b.journal[n - 2].what));
  CHECK(std::holds_alternative<reminder_fired>(b.journal[n - 1].what));
  CHECK(b.total().total == 1);
}

TEST_CASE("machine: a spawned task goes on in the background, and its failure is recorded") {
  bench b;
  b.signal("addLater", params::add_later_params{.amount = 4, .time = 10});
  b.signal("addLater", params::add_later_params{.amount = -4, .time = 20});
  REQUIRE(b.entity->suspended().size() == 2);
  CHECK(b.entity->suspended()[1].started_by() == 3);
  CHECK(b.entity->suspended()[1].method() == ordinal("addLater"));
  b.pass(10ms);
  CHECK(b.total().total == 4);
  b.pass(10ms);
  auto failed = std::get<handler_failed>(b.journal.back().commands.at(0));
  CHECK(failed.started_by == 3);
  CHECK(failed.message == "a negative amount");
  b.replayed();
}

TEST_CASE(
    "machine: random numbers differ from event to event, from entity to entity and from life to "
    "life") {
  bench b;
  bench other;
  other.who.id = "two";
  bench later;
  later.now += 1ms;
  auto drawn = [](bench& from) {
    auto step = step_of(from.update("draw"));
    return codec<params::draw_results>::decode(
        std::get<update_ended>(step.commands[0]).outcome.results);
  };
  auto first = drawn(b);
  CHECK(first.uuid.size() == 36);
  CHECK(first.uuid[14] == '4');
  auto second = drawn(b);
  CHECK(first.number != second.number);
  CHECK(first.uuid != second.uuid);
  CHECK(first.number != drawn(other).number);
  CHECK(first.number != drawn(later).number);
  b.replayed();
}

TEST_CASE("machine: time never goes back, whatever the clock does") {
  bench b;
  b.signal("add", params::add_params{.amount = 1});
  b.now -= 1h;
  CHECK(step_of(b.signal("add", params::add_params{.amount = 1})).time == noon);
}

TEST_CASE("machine: a query sees the present time") {
  bench b;
  b.signal("add", params::add_params{.amount = 1});
  auto until =
      codec<params::left_params>::encode({.until = (noon + 1s).time_since_epoch().count()});
  auto left = b.entity->query(ordinal("left"), until, noon + 400ms);
  CHECK(codec<params::left_results>::decode(*left).left == 600);
}

TEST_CASE("limits: timers, suspended handlers, state and history are bounded and named") {
  bench b;
  b.limits.timers = 2;
  b.update("nap", params::nap_params{.time = 5000});
  b.signal("remindMe", params::remind_me_params{.name = "tea", .time = 500});
  b.signal("remindMe", params::remind_me_params{.name = "tea", .time = 600});
  auto timers =
      refusal_of(b.signal("remindMe", params::remind_me_params{.name = "milk", .time = 5})).why;
  CHECK(timers == error{errc::overloaded, "ledger/one has 2 timers, the limit"});
  CHECK(refusal_of(b.signal("add", params::add_params{.amount = 1}, {}, 5ms)).why.code ==
        errc::overloaded);

  b.limits.suspended_handlers = 1;
  CHECK(refusal_of(b.signal("add", params::add_params{.amount = 1})).why.code == errc::overloaded);
  b.limits.suspended_handlers = 10;

  b.limits.history_events = b.entity->run_events();
  auto history = refusal_of(b.signal("add", params::add_params{.amount = 1})).why;
  CHECK(history.code == errc::history_full);
  CHECK(history.detail.find("nap (event 1)") != std::string::npos);

  bench c;
  c.limits.state_bytes = 1'000;
  c.signal("note", params::note_params{.text = std::string(2'000, 'x')});
  const auto large = refusal_of(c.signal("add", params::add_params{.amount = 1}));
  CHECK(large.why.code == errc::too_large);
  CHECK(large.state_lost);
  // Loaded again, it takes what makes it smaller, and then all the rest.
  c.entity = c.replayed();
  step_of(c.signal("note", params::note_params{.text = "none"}));
  step_of(c.signal("add", params::add_params{.amount = 1}));
  CHECK(c.total().total == 1);
}
