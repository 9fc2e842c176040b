// Starts, and what entities ask of each other.

#include <doctest/doctest.h>

#include <string>
#include <variant>
#include <vector>

#include "crew_bench.h"

using namespace perdure;
using namespace perdure::core;
using namespace std::chrono_literals;

namespace {

const start_options anew{.when_running = id_conflict::terminate_existing};
const entity_id parent{"crew", "parent"};

void wait_and_work() {
  scripted::on_work = [](scripted& me, std::string plan) -> task<std::string> {
    if (plan == "refuse") throw rejected("not that");
    if (plan.empty()) co_return "at once";
    if (plan == "helpers") {
      co_await me.helper("a", {.on_parent_close = parent_close::cancel})
          .work({.plan = ""})
          .started();
    }
    co_await me.lend("hammer");
    co_return "lent";
  };
  scripted::on_ask = [](scripted& me, std::string) -> task<std::string> {
    co_await me.sleep(1h);
    co_return "";
  };
}

origin from(event_number number, timestamp life = noon) { return {parent, life, number, {}}; }

message child_start(event_number number, std::string plan = "wait") {
  auto what = crew_bench::start_of(std::move(plan));
  what.from = from(number);
  what.as_child = true;
  return what;
}

const repeated& repeat_of(const outcome& taken) {
  REQUIRE(std::holds_alternative<repeated>(taken));
  return std::get<repeated>(taken);
}

}  // namespace

// -- a start that replaces ------------------------------------------------------------------------

TEST_CASE("start: one that ends what runs is one step, and answers all that was waited for") {
  crew_bench b;
  wait_and_work();
  auto first = crew_bench::start_of("helpers");
  first.key = "start";
  const auto began = step_of(b.start(first)).event;
  step_of(b.keep(b.entity->take_reply(began + 1, {}, b.now)));
  auto keyed = crew_bench::ask_of("");
  keyed.key = "ask";
  step_of(b.ask(keyed));
  auto sent = crew_bench::ask_of("");
  sent.from = origin{{"order", "7"}, noon, 3, {}};
  step_of(b.ask(sent));
  step_of(b.tell("note"));
  REQUIRE(b.entity->activities().size() == 1);

  const auto step = step_of(b.start(crew_bench::start_of("wait", anew)));
  const auto& made = std::get<run_continued>(step.what);
  CHECK(made.replaces);
  CHECK(made.carried.children.size() == 1);
  REQUIRE(step.commands.size() == 2);
  const auto& ending = std::get<message_sent>(step.commands[0]).message;
  CHECK(ending.kind == message_kind::cancel);
  CHECK(ending.target.id == "a");
  CHECK(std::holds_alternative<activity_scheduled>(step.commands[1]));
  CHECK(b.entity->status() == life_status::running);
  CHECK(b.entity->main()->started == step.event);
  CHECK(b.entity->activities().size() == 1);
  CHECK(b.entity->children().empty());
  CHECK(b.log().empty());

  CHECK(machine::replaced().message == "terminated: started again");
  CHECK(repeat_of(b.start(first)).outcome == machine::replaced());
  CHECK(repeat_of(b.ask(keyed)).outcome == machine::replaced());
  CHECK(repeat_of(b.ask(sent)).outcome == machine::replaced());

  auto again = b.replayed();
  CHECK(again->outbox() == b.entity->outbox());
  CHECK(again->children().empty());
  CHECK(again->window().entries() == b.entity->window().entries());
  // The new run alone brings it back.
  b.journal = {step};
  CHECK(b.replayed()->activities().size() == 1);
}

TEST_CASE("start: one that would replace and is refused leaves everything as it was") {
  crew_bench b;
  wait_and_work();
  step_of(b.start("wait"));
  const auto taken = refusal_of(b.start(crew_bench::start_of("refuse", anew)));
  CHECK(taken.why.code == errc::rejected);
  CHECK(taken.state_lost);
  b.entity = b.replayed();
  CHECK(b.entity->main()->started == 1);
  CHECK(b.entity->activities().size() == 1);

  auto once = anew;
  once.when_ended = id_reuse::reject;
  const auto twice = refusal_of(b.start(crew_bench::start_of("wait", once)));
  CHECK(twice.why == error{errc::already_exists, "crew/one has run already"});
  CHECK(!twice.state_lost);
  CHECK(b.entity->activities().size() == 1);
  CHECK(refusal_of(b.start("wait")).why.detail == "crew/one is running already");
}

TEST_CASE("start: one that replaces a paused run begins one that is not paused") {
  crew_bench b;
  wait_and_work();
  step_of(b.start("wait"));
  step_of(b.keep(b.entity->pause("wait", b.now)));
  step_of(b.lent(2));
  step_of(b.start(crew_bench::start_of("wait", anew)));
  CHECK(!b.entity->is_paused());
  CHECK(b.entity->activities().size() == 1);
  b.replayed();
}

// -- adoption -------------------------------------------------------------------------------------

TEST_CASE("adoption: the start of a child that is running joins its main, whatever it says") {
  crew_bench b;
  wait_and_work();
  const auto began = step_of(b.start(child_start(3))).event;
  auto again = child_start(3);
  again.from->life = noon + 1ms;
  CHECK(refusal_of(b.start(again)).why.code == errc::already_exists);
  again.adopts = true;
  again.start.when_running = id_conflict::terminate_existing;
  const auto step = step_of(b.start(again));
  CHECK(std::holds_alternative<settled>(step.what));
  CHECK(b.entity->answered_by_end_of(step) == began);
  step_of(b.lent(began + 1));
  CHECK(repeat_of(b.start(again)).outcome->how == update_outcome::kind::completed);
  b.replayed();
}

TEST_CASE("adoption: nobody adopts the child of another, or what nobody has started") {
  crew_bench b;
  wait_and_work();
  step_of(b.start("wait"));
  auto claim = child_start(3);
  claim.adopts = true;
  CHECK(refusal_of(b.start(claim)).why.code == errc::already_exists);
  crew_bench c;
  wait_and_work();
  const auto step = step_of(c.start(claim));
  CHECK(std::holds_alternative<main_started>(step.what));
  CHECK(c.entity->main()->parent == parent);
}

// -- results --------------------------------------------------------------------------------------

TEST_CASE("result: who asks is bound to the main that runs then") {
  crew_bench b;
  wait_and_work();
  CHECK(refusal_of(b.keep(b.entity->handle_result(from(1), b.now))).why ==
        error{errc::entity_not_found, "crew/one was not started: it has no result"});
  CHECK(b.entity->where().last_event == 0);
  const auto began = step_of(b.start("wait")).event;
  const auto step = step_of(b.keep(b.entity->handle_result(from(2), b.now)));
  CHECK(b.entity->answered_by_end_of(step) == began);
  auto seen = repeat_of(b.keep(b.entity->handle_result(from(2), b.now)));
  CHECK(seen.event == began);
  CHECK(seen.is_start);
  CHECK(!seen.outcome);

  // Another run does not answer in its place.
  step_of(b.start(crew_bench::start_of("", anew)));
  CHECK(b.entity->main()->outcome->how == update_outcome::kind::completed);
  CHECK(repeat_of(b.keep(b.entity->handle_result(from(2), b.now))).outcome == machine::replaced());
  const auto later = step_of(b.keep(b.entity->handle_result(from(3), b.now)));
  CHECK(later.run == 2);
  CHECK(repeat_of(b.keep(b.entity->handle_result(from(3), b.now))).outcome ==
        b.entity->main()->outcome);
  CHECK(b.replayed()->carry() == b.entity->carry());
}

TEST_CASE("result: of a main that has ended it is known at once, and outlives a new start") {
  crew_bench b;
  wait_and_work();
  step_of(b.start(""));
  CHECK(b.entity->has_ended());
  step_of(b.keep(b.entity->handle_result(from(2), b.now)));
  const auto first = repeat_of(b.keep(b.entity->handle_result(from(2), b.now))).outcome;
  REQUIRE(first.has_value());
  CHECK(decode<work::work_results>(first->results).result == "at once");
  step_of(b.start("wait"));
  CHECK(repeat_of(b.keep(b.entity->handle_result(from(2), b.now))).outcome == first);
  b.limits.senders = 1;
  const origin stranger{{"order", "7"}, noon, 1, {}};
  CHECK(refusal_of(b.keep(b.entity->handle_result(stranger, b.now))).why.code == errc::overloaded);
  b.replayed();
}

TEST_CASE("result: one that was refused is refused again, also behind what came later") {
  crew_bench b;
  step_of(b.tell("exists"));
  CHECK(refusal_of(b.keep(b.entity->handle_result(from(1), b.now))).why.code ==
        errc::entity_not_found);
  auto later = crew_bench::tell_of("later");
  later.from = from(2);
  step_of(b.tell(later));
  // Its sender has lost the answer: it must not wait for another.
  CHECK(refusal_of(b.keep(b.entity->handle_result(from(1), b.now))).why.code == errc::failed);
}
