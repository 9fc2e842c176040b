#include <doctest/doctest.h>

#include <string>
#include <variant>
#include <vector>

#include "bench.h"

using namespace perdure;
using namespace perdure::core;
using namespace std::chrono_literals;

using params = ledger::ledger_contract;

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

TEST_CASE("idempotency: a key that is used again after it aged takes the place of its old self") {
  bench b;
  b.limits.idempotency_keys = 3;
  const params::add_params one{.amount = 1};
  step_of(b.signal("add", one, "K"));
  const auto snapshot = b.entity->carry();
  const auto where = b.entity->where();
  b.journal.clear();
  for (auto key : {"A", "B", "C", "D"}) step_of(b.signal("add", one, key));
  step_of(b.signal("add", one, "K"));
  CHECK(std::holds_alternative<repeated>(b.signal("add", one, "K")));

  machine again{b.type, b.who, b.limits};
  REQUIRE(!again.restore(snapshot, where));
  for (auto& step : b.journal) REQUIRE(!again.replay(step));
  CHECK(again.window().entries() == b.entity->window().entries());
  const message last{ordinal("add"), codec<params::add_params>::encode(one), "K"};
  CHECK(std::holds_alternative<repeated>(again.handle_signal(last, b.now)));
}

TEST_CASE("idempotency: looking does not change the window, only records do") {
  bench b;
  b.limits.idempotency_time = 1h;
  const params::add_params one{.amount = 1};
  step_of(b.signal("add", one, "a"));
  b.now += 2h;
  // Refused: the key counts as new, and stays as it is.
  CHECK(refusal_of(b.signal("add", params::add_params{.amount = -1}, "a")).why.code ==
        errc::rejected);
  CHECK(b.entity->window().size() == 1);
  CHECK(b.entity->window().find("a") != nullptr);
  CHECK(b.entity->window().find("a", b.now - 1h) == nullptr);
  step_of(b.signal("add", one));
  CHECK(b.entity->window().size() == 1);
  step_of(b.signal("add", one, "b"));
  CHECK(b.entity->window().size() == 1);
  CHECK(b.replayed()->window().entries() == b.entity->window().entries());
}

TEST_CASE("idempotency: the age of an update counts from its answer") {
  bench b;
  b.limits.idempotency_time = 1h;
  const params::nap_params long_nap{.time = 1000 * 60 * 60 * 5};
  step_of(b.update("nap", long_nap, "nap"));
  b.now += 4h;
  CHECK(std::holds_alternative<repeated>(b.update("nap", long_nap, "nap")));
  b.pass(1h);
  b.now += 59min;
  step_of(b.signal("add", params::add_params{.amount = 1}, "other"));
  const auto seen = b.update("nap", long_nap, "nap");
  REQUIRE(std::holds_alternative<repeated>(seen));
  CHECK(std::get<repeated>(seen).outcome.has_value());
  const auto entries = b.entity->window().entries();
  CHECK(entries[0].key == "nap");
  CHECK(entries[0].time == noon + 5h);
  CHECK(b.replayed()->window().entries() == entries);
  b.now += 2min;
  CHECK(std::holds_alternative<accepted>(b.update("nap", long_nap, "nap")));
}

TEST_CASE("idempotency: who has ended comes first, by age, then who has not") {
  bench b;
  step_of(b.update("nap", params::nap_params{.time = 10}, "slow"));
  step_of(b.update("nap", params::nap_params{.time = 5}, "fast"));
  step_of(b.signal("add", params::add_params{.amount = 1}, "signal"));
  const auto keys = [](const machine& of) {
    std::string all;
    for (auto& each : of.window().entries()) all += each.key + ' ';
    return all;
  };
  CHECK(keys(*b.entity) == "signal slow fast ");
  b.pass(5ms);
  CHECK(keys(*b.entity) == "signal fast slow ");
  b.pass(5ms);
  CHECK(keys(*b.entity) == "signal fast slow ");
  machine other{b.type, b.who, b.limits};
  REQUIRE(!other.restore(b.entity->carry(), b.entity->where()));
  CHECK(keys(other) == keys(*b.entity));
}
