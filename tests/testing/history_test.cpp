// Histories: kept, given back, replayed.

#include <doctest/doctest.h>

#include <perdure/history.h>
#include <perdure/testing.h>

#include <cstdio>
#include <filesystem>

#include "entities/record.h"
#include "entities/state_schema.h"
#include "tests/testing/travel.h"

namespace travel {

namespace {

using perdure::errc;
using perdure::history;
using perdure::test_environment;

history of_a_tour(std::uint32_t days) {
  test_environment env({.continue_after_events = 20});
  env.host<tour>();
  tour_client(env, "t").travel({.days = days}).get().value();
  return env.history("tour/t");
}

/// Sleeps two days where the other sleeps one.
class lazy_tour final : public tour_entity {
public:
  task<travel_results> travel(travel_params what) override {
    ++state.rounds;
    while (state.days < what.days) {
      co_await continue_point();
      co_await sleep(48h);
      ++state.days;
    }
    co_return {.days = state.days};
  }
};

/// Counts otherwise, which no command shows.
class vain_tour final : public tour_entity {
public:
  task<travel_results> travel(travel_params what) override {
    state.rounds += 2;
    while (state.days < what.days) {
      co_await continue_point();
      co_await sleep(24h);
      ++state.days;
    }
    co_return {.days = state.days};
  }
};

}  // namespace

TEST_CASE("history: it replays against the class that made it") {
  const auto kept = of_a_tour(30);
  CHECK(kept.entity() == perdure::entity_id{"tour", "t"});
  CHECK(kept.size() > 30);
  CHECK(kept.lines().size() == kept.size());
  CHECK(kept.lines().front().starts_with("1: start of method 0"));
  CHECK(!perdure::replay<tour>(kept));
}

TEST_CASE("history: a class that does something else is found, with event and difference") {
  const auto why = perdure::replay<lazy_tour>(of_a_tour(3));
  REQUIRE(why);
  CHECK(why->code == errc::nondeterministic);
  CHECK(why->detail.find("event 2 ") != std::string::npos);
  CHECK(why->detail.find("expected timer 1 started") != std::string::npos);
}

TEST_CASE("history: a class that changes its state otherwise is found at the next run") {
  CHECK(!perdure::replay<vain_tour>(of_a_tour(3)));  // Nothing to compare with yet.
  const auto why = perdure::replay<vain_tour>(of_a_tour(30));
  REQUIRE(why);
  CHECK(why->code == errc::nondeterministic);
  INFO(why->detail);
  CHECK(why->detail.find("changes the state differently") != std::string::npos);
}

TEST_CASE("history: a class that would misread its states takes no step of it") {
  const auto kept = of_a_tour(3);
  auto with = [&](const perdure::contract& of) {
    return perdure::history(kept.entity(), kept.steps(), perdure::core::state_schema(of));
  };
  CHECK(!perdure::replay<tour>(with(tour_contract::description())));
  const auto why = perdure::replay<tour>(with(account_contract::description()));
  REQUIRE(why);
  CHECK(why->code == errc::nondeterministic);
  CHECK(why->detail.starts_with("the contract of \"tour\" does not fit the data: "));
}

TEST_CASE("history: of another type, it is refused") {
  CHECK(perdure::replay<account>(of_a_tour(1))->code == errc::malformed);
}

TEST_CASE("history: a file gives back what was saved") {
  const auto file = std::filesystem::temp_directory_path() / "perdure_history_test.history";
  const auto kept = of_a_tour(30);
  CHECK(perdure::save_history(file, kept));
  auto found = perdure::load_history(file);
  std::filesystem::remove(file);
  REQUIRE(found);
  CHECK(found->entity() == kept.entity());
  CHECK(found->lines() == kept.lines());
  CHECK(found->encode() == kept.encode());
  CHECK(!perdure::replay<tour>(*found));
  CHECK(perdure::load_history(file).error().code == errc::internal);
  CHECK(perdure::save_history("/nowhere/at/all", kept).error().code == errc::internal);
}

TEST_CASE("history: no damage passes for history") {
  const auto encoded = of_a_tour(2).encode();
  REQUIRE(history::decode(encoded));
  for (std::size_t i = 0; i < encoded.size(); ++i) {
    auto damaged = encoded;
    damaged[i] ^= std::byte{1};
    INFO(i);
    CHECK(!history::decode(damaged));
    CHECK(!history::decode({encoded.data(), i}));
  }
  auto longer = encoded;
  longer.push_back(std::byte{0});
  CHECK(!history::decode(longer));
}

}  // namespace travel
