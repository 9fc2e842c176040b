#include <doctest/doctest.h>

#include <string>
#include <variant>
#include <vector>

#include "bench.h"

using namespace perdure;
using namespace perdure::core;
using namespace std::chrono_literals;

using params = ledger::ledger_contract;

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
  CHECK(why->detail.find("expected timer 1 started, due 1970-01-01T12:00:00Z, got nothing") !=
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
