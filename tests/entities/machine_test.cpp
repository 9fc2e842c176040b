#include <doctest/doctest.h>

#include <string>
#include <variant>
#include <vector>

#include "entities/machine.h"
#include "entities/payload.h"
#include "ledger.h"

using namespace perdure;
using namespace perdure::core;
using namespace std::chrono_literals;

namespace {

constexpr timestamp noon{std::chrono::hours{12}};

const contract& ledger_contract() { return ledger::ledger_contract::description(); }

std::uint16_t ordinal(std::string_view name) { return ledger_contract().find(name)->ordinal; }

/// Drives one machine as a runtime would, and keeps what it would journal.
struct bench {
  entity_id who{"ledger", "one"};
  machine_limits limits;
  entity_type type = type_of<ledger::book>();
  std::unique_ptr<machine> entity = std::make_unique<machine>(type, who, limits);
  std::vector<record> journal;
  timestamp now = noon;

  template <class Params>
  outcome signal(std::string_view name, const Params& params, std::string key = {},
                 duration delay = 0ms) {
    return keep(entity->handle_signal(
        {ordinal(name), codec<Params>::encode(params), std::move(key), delay}, now));
  }
  outcome signal(std::string_view name) {
    return keep(entity->handle_signal({ordinal(name), {}, {}, 0ms}, now));
  }
  template <class Params>
  outcome update(std::string_view name, const Params& params, std::string key = {}) {
    return keep(entity->handle_update(
        {ordinal(name), codec<Params>::encode(params), std::move(key), 0ms}, now));
  }
  outcome update(std::string_view name) {
    return keep(entity->handle_update({ordinal(name), {}, {}, 0ms}, now));
  }

  outcome keep(outcome taken) {
    if (auto* step = std::get_if<accepted>(&taken)) journal.push_back(step->step);
    return taken;
  }

  /// Moves the clock and fires what is due.
  std::size_t pass(duration time) {
    now += time;
    std::size_t fired = 0;
    while (auto step = entity->fire(now).value()) {
      journal.push_back(*step);
      ++fired;
    }
    return fired;
  }

  ledger::ledger_contract::total_results total() {
    auto found = entity->query(ordinal("total"), {}, now);
    REQUIRE(found.has_value());
    return codec<ledger::ledger_contract::total_results>::decode(*found);
  }

  /// A machine that has replayed the journal.
  std::unique_ptr<machine> replayed(std::optional<error>* why = nullptr) {
    auto again = std::make_unique<machine>(type, who, limits);
    for (auto& step : journal) {
      auto difference = again->replay(step);
      if (why && difference && !*why) *why = difference;
      if (!why) REQUIRE_MESSAGE(!difference, difference->detail);
      if (difference) break;
    }
    return again;
  }
};

record step_of(const outcome& taken) {
  REQUIRE(std::holds_alternative<accepted>(taken));
  return std::get<accepted>(taken).step;
}

refused refusal_of(const outcome& taken) {
  REQUIRE(std::holds_alternative<refused>(taken));
  return std::get<refused>(taken);
}

/// The outcome of the update accepted as `event`, as far as the journal has it.
std::optional<update_outcome> ended(const bench& b, event_number event) {
  for (auto& step : b.journal) {
    for (auto& each : step.commands) {
      if (auto* end = std::get_if<update_ended>(&each); end && end->update == event)
        return end->outcome;
    }
  }
  return std::nullopt;
}

using params = ledger::ledger_contract;

}  // namespace

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

// -- idempotency ----------------------------------------------------------------------------------

TEST_CASE("idempotency: a retried signal with the same key counts once") {
  bench b;
  b.signal("add", params::add_params{.amount = 5}, "k1");
  auto again = b.signal("add", params::add_params{.amount = 5}, "k1");
  REQUIRE(std::holds_alternative<repeated>(again));
  CHECK(std::get<repeated>(again).event == 1);
  CHECK(b.total().total == 5);
}

TEST_CASE("idempotency: the same key with another payload or method is a conflict") {
  bench b;
  b.signal("add", params::add_params{.amount = 5}, "k1");
  CHECK(refusal_of(b.signal("add", params::add_params{.amount = 6}, "k1")).why.code ==
        errc::idempotency_conflict);
  CHECK(refusal_of(b.update("take", params::take_params{.amount = 5}, "k1")).why.code ==
        errc::idempotency_conflict);
}

TEST_CASE("idempotency: a retried update is answered as the first was") {
  bench b;
  b.signal("add", params::add_params{.amount = 5});
  b.update("take", params::take_params{.amount = 2}, "k1");
  auto again = b.update("take", params::take_params{.amount = 2}, "k1");
  REQUIRE(std::holds_alternative<repeated>(again));
  auto outcome = std::get<repeated>(again).outcome;
  REQUIRE(outcome.has_value());
  CHECK(codec<params::take_results>::decode(outcome->results).left == 3);
  CHECK(b.total().total == 3);
}

TEST_CASE("idempotency: a retry of an update under way finds it under way") {
  bench b;
  b.update("nap", params::nap_params{.time = 10}, "k1");
  auto again = b.update("nap", params::nap_params{.time = 10}, "k1");
  CHECK(!std::get<repeated>(again).outcome);
  b.pass(10ms);
  CHECK(std::get<repeated>(b.update("nap", params::nap_params{.time = 10}, "k1")).outcome);
}

TEST_CASE("idempotency: a refused message may come again under its key") {
  bench b;
  CHECK(refusal_of(b.update("take", params::take_params{.amount = 2}, "k1")).why.code ==
        errc::rejected);
  b.signal("add", params::add_params{.amount = 5});
  step_of(b.update("take", params::take_params{.amount = 2}, "k1"));
}

TEST_CASE("idempotency: keys leave the window by age and by number, unfinished updates stay") {
  bench b;
  b.limits.idempotency_time = 1h;
  b.limits.idempotency_keys = 3;
  b.update("nap", params::nap_params{.time = 1000 * 60 * 60 * 48}, "slow");
  for (auto key : {"a", "b", "c", "d"}) b.signal("add", params::add_params{.amount = 1}, key);
  CHECK(std::holds_alternative<accepted>(b.signal("add", params::add_params{.amount = 1}, "a")));
  CHECK(std::holds_alternative<repeated>(b.signal("add", params::add_params{.amount = 1}, "d")));
  b.now += 2h;
  CHECK(std::holds_alternative<accepted>(b.signal("add", params::add_params{.amount = 1}, "d")));
  CHECK(b.entity->window().find("slow") != nullptr);
}

// -- replay ---------------------------------------------------------------------------------------

TEST_CASE("replay: the same history gives the same state and the same commands") {
  bench b;
  b.signal("add", params::add_params{.amount = 5}, "k1");
  b.update("reach", params::reach_params{.total = 9, .timeout = 1000}, "k2");
  b.signal("remindMe", params::remind_me_params{.name = "tea", .time = 500});
  b.update("nap", params::nap_params{.time = 700});
  b.pass(600ms);
  b.signal("add", params::add_params{.amount = 5});
  b.update("draw");
  auto again = b.replayed();
  CHECK(again->state() == b.entity->state());
  CHECK(again->where().last_event == b.entity->where().last_event);
  CHECK(again->next_due() == b.entity->next_due());
  CHECK(again->suspended().size() == b.entity->suspended().size());
  CHECK(again->window().entries() == b.entity->window().entries());
}

TEST_CASE("replay: a difference names the event, what was expected and what was got") {
  bench b;
  b.signal("remindMe", params::remind_me_params{.name = "tea", .time = 500});
  std::get<reminder_set>(b.journal[0].commands[0]).set.name = "coffee";
  std::optional<error> why;
  b.replayed(&why);
  REQUIRE(why.has_value());
  CHECK(why->code == errc::nondeterministic);
  CHECK(why->detail.find("event 2 (caused by event 1") == 0);
  CHECK(why->detail.find("expected reminder \"coffee\" set") != std::string::npos);
  CHECK(why->detail.find("got reminder \"tea\" set") != std::string::npos);
}

TEST_CASE("replay: a missing and an additional command are found") {
  bench b;
  b.update("nap", params::nap_params{.time = 500});
  std::optional<error> why;
  b.journal[0].commands.clear();
  b.replayed(&why);
  REQUIRE(why.has_value());
  CHECK(why->detail.find("expected nothing, got timer 1 started") != std::string::npos);

  bench c;
  c.signal("add", params::add_params{.amount = 5});
  c.journal[0].commands.push_back(timer_started{1, noon});
  why.reset();
  c.replayed(&why);
  REQUIRE(why.has_value());
  CHECK(why->detail.find("expected timer 1 started, due 43200000, got nothing") !=
        std::string::npos);
}

TEST_CASE("replay: an input that the code now refuses is found") {
  bench b;
  b.signal("add", params::add_params{.amount = 5});
  std::get<signal_received>(b.journal[0].what).params =
      codec<params::add_params>::encode({.amount = -5});
  std::optional<error> why;
  b.replayed(&why);
  REQUIRE(why.has_value());
  CHECK(why->code == errc::nondeterministic);
  CHECK(why->detail.find("rejected: a negative amount") != std::string::npos);
}

TEST_CASE("replay: a state that differs without any command differing is found by its digest") {
  bench b;
  b.signal("add", params::add_params{.amount = 5});
  b.journal[0].state_digest = digest(b.entity->state());
  b.replayed();
  b.journal[0].state_digest = *b.journal[0].state_digest + 1;
  std::optional<error> why;
  b.replayed(&why);
  REQUIRE(why.has_value());
  CHECK(why->code == errc::nondeterministic);
  CHECK(why->detail.find("digest") != std::string::npos);
}

TEST_CASE("replay: a gap in history is found") {
  bench b;
  b.signal("add", params::add_params{.amount = 5});
  b.signal("add", params::add_params{.amount = 5});
  b.journal.erase(b.journal.begin());
  std::optional<error> why;
  b.replayed(&why);
  REQUIRE(why.has_value());
  CHECK(why->code == errc::internal);
}

// -- continue as new, snapshots, the end ----------------------------------------------------------

TEST_CASE("continue as new: state, reminders, delayed signals and keys are carried") {
  bench b;
  b.signal("add", params::add_params{.amount = 5}, "k1");
  b.update("take", params::take_params{.amount = 1}, "k2");
  b.signal("remindMe", params::remind_me_params{.name = "tea", .time = 500});
  b.signal("add", params::add_params{.amount = 7}, {}, 600ms);
  auto before = b.entity->carry();
  auto step = b.entity->continue_as_new(b.now);
  CHECK(step.run == 2);
  CHECK(step.event == b.journal.back().last_event() + 1);
  CHECK(b.entity->run_events() == 1);

  // The new run alone is enough to bring the entity back.
  b.journal = {step};
  b.entity = b.replayed();
  CHECK(b.entity->carry() == before);
  CHECK(b.entity->where().run == 2);
  CHECK(std::holds_alternative<repeated>(b.signal("add", params::add_params{.amount = 5}, "k1")));
  auto update = std::get<repeated>(b.update("take", params::take_params{.amount = 1}, "k2"));
  CHECK(codec<params::take_results>::decode(update.outcome->results).left == 4);
  CHECK(b.pass(1s) == 2);
  CHECK(b.total().rings == 1);
  CHECK(b.total().total == 11);
}

TEST_CASE("continue as new: timers keep their numbers over runs") {
  bench b;
  b.update("nap", params::nap_params{.time = 5});
  b.pass(5ms);
  b.journal = {b.entity->continue_as_new(b.now)};
  auto step = step_of(b.update("nap", params::nap_params{.time = 5}));
  CHECK(std::get<timer_started>(step.commands[0]).timer == 2);
  b.replayed();
}

TEST_CASE("snapshot: a machine put at a snapshot goes on as the one it was taken of") {
  bench b;
  b.signal("add", params::add_params{.amount = 5}, "k1");
  b.signal("remindMe", params::remind_me_params{.name = "tea", .time = 500});
  auto carried = b.entity->carry();
  auto where = b.entity->where();
  b.journal.clear();
  b.update("draw");
  b.pass(500ms);
  machine other{b.type, b.who, b.limits};
  REQUIRE(!other.restore(carried, where));
  for (auto& step : b.journal) {
    auto difference = other.replay(step);
    REQUIRE_MESSAGE(!difference, difference->detail);
  }
  CHECK(other.carry() == b.entity->carry());
}

TEST_CASE("terminate: nothing follows, waiting updates fail, keys are still answered") {
  bench b;
  b.signal("add", params::add_params{.amount = 5}, "k1");
  b.update("nap", params::nap_params{.time = 5000}, "k2");
  b.signal("remindMe", params::remind_me_params{.name = "tea", .time = 500});
  step_of(b.keep(b.entity->terminate("fraud", {}, b.now)));
  CHECK(b.entity->has_ended());
  CHECK(!b.entity->next_due());
  CHECK(ended(b, 2)->message == "the entity was terminated: fraud");
  CHECK(refusal_of(b.signal("add", params::add_params{.amount = 5})).why.code == errc::completed);
  CHECK(refusal_of(b.keep(b.entity->terminate("again", {}, b.now))).why.code == errc::completed);
  CHECK(std::holds_alternative<repeated>(b.signal("add", params::add_params{.amount = 5}, "k1")));
  CHECK(b.total().total == 5);
  CHECK(b.replayed()->has_ended());
}

// -- messages of other entities -------------------------------------------------------------------

TEST_CASE("inbox: what a sender will not send again is forgotten, also after a replay") {
  bench b;
  const entity_id sender{"order", "7"};
  auto from = [&](event_number number) {
    message what{ordinal("add"), codec<params::add_params>::encode({.amount = 1}), {}, 0ms};
    what.from = origin{sender, noon, number, {}};
    return b.keep(b.entity->handle_signal(std::move(what), b.now));
  };
  step_of(from(3));
  CHECK(std::holds_alternative<repeated>(from(3)));
  step_of(from(8));
  b.entity->forget(sender, noon, 3);  // Not of all it has sent.
  CHECK(b.entity->carry().inbox.size() == 1);
  b.entity->forget(sender, noon - 1h, 8);  // Of another life.
  CHECK(b.entity->carry().inbox.size() == 1);
  b.entity->forget(sender, noon, 8);
  CHECK(b.entity->carry().inbox.empty());
  CHECK(b.replayed()->carry().inbox.size() == 1);
  CHECK(step_of(b.signal("add", params::add_params{.amount = 1})).settles ==
        std::vector<event_number>{2});
  CHECK(b.replayed()->carry().inbox.empty());
  CHECK(!b.entity->settle_messages(b.now));
  CHECK(b.total().total == 3);
}

// -- limits ---------------------------------------------------------------------------------------

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
