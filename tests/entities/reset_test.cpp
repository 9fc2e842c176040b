#include <doctest/doctest.h>

#include <string>
#include <variant>
#include <vector>

#include "crew_bench.h"

using namespace perdure;
using namespace perdure::core;
using namespace std::chrono_literals;

namespace {

/// A main that borrows a tool, starts the helpers of its plan, and waits.
void work_with_helpers() {
  scripted::on_work = [](scripted& me, std::string plan) -> task<std::string> {
    co_await me.lend("hammer");
    for (char each : plan) {
      co_await me.helper(std::string(1, each)).work({.plan = "help"}).started();
    }
    co_await me.sleep(24h);
    co_return "";
  };
}

call_outcome accepted_start() { return {}; }

}  // namespace

TEST_CASE("reset: signals that came behind it are handled again, with their keys and senders") {
  crew_bench b;
  step_of(b.tell("kept"));
  auto keyed = crew_bench::tell_of("keyed");
  keyed.key = "k";
  step_of(b.tell(keyed));
  auto sent = crew_bench::tell_of("sent");
  sent.from = origin{{"order", "7"}, noon, 3, {}};
  sent.traceparent = "trace";
  step_of(b.tell(sent));
  auto late = crew_bench::tell_of("late");
  late.delay = 1h;
  step_of(b.tell(late));
  b.now += 1min;

  b.reset(1);
  const auto& made = std::get<run_reset>(b.journal[0].what);
  REQUIRE(made.signals.size() == 3);
  CHECK(made.signals[0].once->key == "k");
  CHECK(made.signals[1].from == sent.from);
  CHECK(made.signals[1].traceparent == "trace");
  CHECK(b.log() == std::vector<std::string>{"kept"});
  CHECK(std::holds_alternative<repeated>(b.tell(keyed)));
  CHECK(std::holds_alternative<repeated>(b.tell(sent)));
  CHECK(b.entity->has_unsettled_senders());
  CHECK(b.entity->has_delayed_due(b.now));
  CHECK(b.pass(0ms) == 2);
  CHECK(b.log() == std::vector<std::string>{"kept", "keyed", "sent"});
  CHECK(b.pass(1h) == 1);
  CHECK(b.log().back() == "late");
  CHECK(b.log(*b.replayed()) == b.log());
}

TEST_CASE("reset: an update that it has undone is answered so, when it is asked for again") {
  crew_bench b;
  scripted::on_ask = [](scripted&, std::string) -> task<std::string> { co_return "yes"; };
  step_of(b.tell("kept"));
  auto asked = crew_bench::ask_of("well?");
  asked.from = origin{{"order", "7"}, noon, 3, {}};
  step_of(b.ask(asked));
  auto sent = crew_bench::tell_of("sent");
  sent.from = origin{{"order", "7"}, noon, 4, {}};
  step_of(b.tell(sent));
  b.reset(1);
  const auto why = refusal_of(b.ask(asked)).why;
  CHECK(why.code == errc::failed);
  CHECK(why.type == "reset");
  asked.from->number = 5;
  step_of(b.ask(asked));
}

TEST_CASE("reset: a reset of a run that begins with one keeps what that one brought") {
  crew_bench b;
  b.entity->begin_life(timestamp{7ms});
  step_of(b.tell("kept"));
  step_of(b.tell("again"));
  step_of(b.tell("and again"));
  b.reset(1, timestamp{8ms});
  CHECK(b.pass(0ms) == 2);
  step_of(b.tell("new"));
  const auto second = b.journal.at(1);
  CHECK(std::holds_alternative<delayed_signal_due>(second.what));

  b.reset(second.event, timestamp{9ms});
  CHECK(b.entity->life() == timestamp{9ms});
  CHECK(b.log() == std::vector<std::string>{"kept", "again"});
  CHECK(b.pass(0ms) == 2);
  CHECK(b.log() == std::vector<std::string>{"kept", "again", "and again", "new"});
  CHECK(b.log(*b.replayed()) == b.log());

  // Also to the reset itself.
  b.reset(b.journal[0].event, timestamp{10ms});
  CHECK(b.pass(0ms) == 2);
  CHECK(b.log() == std::vector<std::string>{"kept", "again", "and again", "new"});
  b.replayed();
}

TEST_CASE("reset: children that were started behind it are adopted by the start anew") {
  crew_bench b;
  work_with_helpers();
  const auto began = step_of(b.start("xy")).event;
  const auto x = step_of(b.lent(began + 1)).event + 1;
  const auto y = step_of(b.keep(b.entity->take_reply(x, accepted_start(), b.now))).event + 1;
  CHECK(b.entity->children().size() == 2);
  CHECK(!b.entity->outbox().at(y).adopts);

  b.reset(began);
  REQUIRE(b.entity->children().size() == 2);
  CHECK(b.entity->children()[0] == child{x, {"crew", "x"}, parent_close::terminate, true});
  CHECK(b.entity->children()[1].undone);

  const auto again = step_of(b.lent(began + 1)).event + 1;
  CHECK(b.entity->outbox().at(again).adopts);
  REQUIRE(b.entity->children().size() == 2);
  CHECK(b.entity->children()[0].entity.id == "y");
  CHECK(b.entity->children()[1] == child{again, {"crew", "x"}, parent_close::terminate, false});

  // What is not adopted ends with the entity all the same.
  step_of(b.keep(b.entity->terminate("enough", {}, b.now)));
  std::size_t ended = 0;
  for (auto& each : b.journal.back().commands) ended += std::holds_alternative<message_sent>(each);
  CHECK(ended == 2);
  b.replayed();
}

TEST_CASE("reset: children that have ended, or are nobody's, are not listed") {
  crew_bench b;
  scripted::on_work = [](scripted& me, std::string) -> task<std::string> {
    co_await me.lend("hammer");
    co_await me.helper("done").work({.plan = ""});
    co_await me.helper("free", {.on_parent_close = parent_close::abandon})
        .work({.plan = ""})
        .started();
    co_return "";
  };
  const auto began = step_of(b.start()).event;
  const auto done = step_of(b.lent(began + 1)).event + 1;
  step_of(
      b.keep(b.entity->take_reply(done, {encode(work::work_results{.result = ""}), {}}, b.now)));
  b.reset(began);
  CHECK(b.entity->children().empty());
}

TEST_CASE("reset: a start that was under way is sent again as one that adopts") {
  crew_bench b;
  work_with_helpers();
  const auto began = step_of(b.start("x")).event;
  const auto lent = step_of(b.lent(began + 1));
  step_of(b.keep(b.entity->take_reply(lent.event + 1, accepted_start(), b.now)));
  b.reset(lent.event);
  CHECK(b.entity->outbox().at(lent.event + 1).adopts);
  CHECK(b.entity->children().size() == 1);
  b.replayed();
}

TEST_CASE("reset: time-outs of the main count anew, and a delayed start keeps its time") {
  crew_bench b;
  work_with_helpers();
  step_of(b.start(crew_bench::start_of("", {.run_timeout = 1h, .execution_timeout = 2h})));
  step_of(b.tell("hello"));
  b.now += 50min;
  b.reset(1);
  CHECK(b.entity->main()->run_deadline == b.now + 1h);
  CHECK(b.entity->main()->execution_deadline == b.now + 2h);
  b.replayed();

  crew_bench c;
  step_of(c.start(crew_bench::start_of("", {.delay = 3h, .run_timeout = 1h})));
  step_of(c.tell("hello"));
  c.now += 50min;
  c.reset(1);
  CHECK(c.entity->main()->due == noon + 3h);
  CHECK(c.entity->main()->run_deadline == noon + 4h);
}

// -- lives ----------------------------------------------------------------------------------------

TEST_CASE("life: it is a number from outside, which the first record and a reset carry") {
  crew_bench b;
  b.entity->begin_life(timestamp{17ms});
  CHECK(step_of(b.tell("hello")).life == timestamp{17ms});
  b.entity->begin_life(timestamp{99ms});
  CHECK(!step_of(b.tell("hello")).life);
  CHECK(b.entity->life() == timestamp{17ms});
  CHECK(b.entity->carry().life == timestamp{17ms});
  CHECK(b.replayed()->life() == timestamp{17ms});
  machine other(b.type, b.who, b.limits);
  REQUIRE(!other.restore(b.entity->carry(), b.entity->where()));
  CHECK(other.life() == timestamp{17ms});

  b.reset(1, timestamp{18ms});
  CHECK(b.journal[0].life == timestamp{18ms});
  CHECK(b.entity->life() == timestamp{18ms});
  CHECK(b.entity->created() == noon);
}

TEST_CASE("life: a first step that is refused leaves it to the next") {
  crew_bench b;
  b.entity->begin_life(timestamp{17ms});
  scripted::on_tell = [](scripted&, const std::string&) { throw rejected("no"); };
  refusal_of(b.tell("hello"));
  scripted::on_tell = nullptr;
  CHECK(step_of(b.tell("hello")).life == timestamp{17ms});
}

TEST_CASE("life: where records have none it is a time, and grows with each reset") {
  crew_bench b;
  step_of(b.tell("hello"));
  CHECK(b.entity->life() == noon);
  b.reset(1);
  CHECK(b.entity->life() == noon + 1ms);
  step_of(b.tell("hello"));
  b.now += 1h;
  b.reset(1);
  CHECK(b.entity->life() == noon + 1h);
  CHECK(b.replayed()->life() == noon + 1h);
}

TEST_CASE("life: it decides what is drawn, where there is one") {
  const auto drawn = [](std::optional<timestamp> life, timestamp now) {
    crew_bench b;
    b.now = now;
    if (life) b.entity->begin_life(*life);
    scripted::on_tell = [](scripted& me, const std::string&) {
      me.note(std::to_string(me.random()));
    };
    step_of(b.tell("draw"));
    CHECK(b.log(*b.replayed()) == b.log());
    return b.log()[0];
  };
  CHECK(drawn(timestamp{1ms}, noon) == drawn(timestamp{1ms}, noon + 1h));
  CHECK(drawn(timestamp{1ms}, noon) != drawn(timestamp{2ms}, noon));
  CHECK(drawn({}, noon) != drawn({}, noon + 1h));
  CHECK(drawn({}, noon) == drawn(noon, noon + 1h));
}

TEST_CASE("reset: signals are handled again in their order, those from while it was paused too") {
  crew_bench b;
  step_of(b.tell("kept"));
  b.now += 1s;
  step_of(b.tell("first"));
  b.now += 1s;
  step_of(b.keep(b.entity->pause("test", b.now)));
  step_of(b.tell("second"));
  step_of(b.keep(b.entity->resume(b.now)));
  b.pass(1s);
  step_of(b.tell("third"));
  REQUIRE(b.log() == std::vector<std::string>{"kept", "first", "second", "third"});

  b.now += 1s;
  b.reset(1);
  CHECK(b.pass(0ms) == 3);
  CHECK(b.log() == std::vector<std::string>{"kept", "first", "second", "third"});
}

TEST_CASE("reset: what an entity has sent to itself before comes no more") {
  crew_bench b;
  auto to_itself = crew_bench::ask_of("again");
  step_of(b.tell("kept"));
  to_itself.from = origin{b.who, b.entity->life(), 3, {}};
  b.now += 1s;
  b.reset(1);

  auto old = b.ask(to_itself);
  REQUIRE(std::holds_alternative<refused>(old));
  CHECK(std::get<refused>(old).why.type == "reset");
  auto signal = crew_bench::tell_of("again");
  signal.from = to_itself.from;
  CHECK(std::holds_alternative<repeated>(b.tell(signal)));
  signal.from->life = b.entity->life();
  step_of(b.tell(signal));
}
