#include <doctest/doctest.h>

#include <string>
#include <variant>
#include <vector>

#include "bench.h"

using namespace perdure;
using namespace perdure::core;
using namespace std::chrono_literals;

using params = ledger::ledger_contract;

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
