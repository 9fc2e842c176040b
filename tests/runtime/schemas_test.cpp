// A build whose contract would misread what earlier builds have written starts nothing.

#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <string>

#include "entities/state_schema.h"
#include "fixture.h"
#include "tally.perdure.h"
#include "tally_retyped.perdure.h"
#include "tally_wider.perdure.h"

using namespace perdure;
using namespace perdure::runtime;

namespace {

class first_tally final : public tally::tally_entity {
public:
  void add(const add_params& what) override { state.total += what.amount; }
  total_results total() const override { return {.total = state.total}; }
};

class wider_tally final : public tally_wider::tally_entity {
public:
  void add(const add_params& what) override {
    state.total += what.amount;
    state.note = "added";
  }
  total_results total() const override { return {.total = state.total}; }
};

class retyped_tally final : public tally_retyped::tally_entity {
public:
  void add(const add_params& what) override { state.total = std::to_string(what.amount); }
  total_results total() const override { return {}; }
};

/// One journal, and engines of one build after the other.
struct deployments {
  /// Returns why the engine does not start.
  template <class Tally>
  std::optional<error> deploy() {
    running.reset();
    running = std::make_unique<engine>(store, clock);
    running->host(type_of<Tally>());
    try {
      running->start();
    } catch (const failure& why) {
      return why.why();
    }
    return std::nullopt;
  }

  void add(std::int64_t amount) {
    CHECK(tally::tally_client(*running, "t").add({.amount = amount}).get());
  }
  std::int64_t total() { return tally::tally_client(*running, "t").total().get().value().total; }

  template <class Contract>
  bool keeps() const {
    return store.schema("tally") == core::state_schema(Contract::description());
  }

  manual_clock clock;
  persistence::memory_journal store;
  std::unique_ptr<engine> running;
};

}  // namespace

TEST_CASE("schemas: the first start notes how states are laid out, and the next finds it so") {
  deployments one;
  CHECK_FALSE(one.store.schema("tally"));
  CHECK_FALSE(one.deploy<first_tally>());
  CHECK(one.keeps<tally::tally_contract>());
  one.add(5);
  CHECK_FALSE(one.deploy<first_tally>());
  CHECK(one.keeps<tally::tally_contract>());
  CHECK(one.total() == 5);
}

TEST_CASE("schemas: a field of another type is refused by name, and the right build goes on") {
  deployments one;
  REQUIRE_FALSE(one.deploy<first_tally>());
  one.add(5);
  const auto epoch = one.store.acquire(0);
  const auto why = one.deploy<retyped_tally>();
  REQUIRE(why);
  CHECK(why->code == errc::nondeterministic);
  CHECK(why->detail ==
        "the contract of \"tally\" does not fit the data: `total` of TallyState (@0) was Int64 and "
        "is Text: what was written before would be misread. Keep the old field, under another name "
        "if you like, and add one with a new number. What to do: \"Changing code\", "
        "docs/guide/versions.md");
  // Nothing was touched: no note, and nobody's shards.
  CHECK(one.keeps<tally::tally_contract>());
  CHECK(one.store.acquire(0) == epoch + 1);
  REQUIRE_FALSE(one.deploy<first_tally>());
  CHECK(one.total() == 5);
  one.add(2);
  CHECK(one.total() == 7);
}

TEST_CASE("schemas: a wider contract starts, and is noted in place of the one before") {
  deployments one;
  REQUIRE_FALSE(one.deploy<first_tally>());
  one.add(5);
  CHECK_FALSE(one.deploy<wider_tally>());
  CHECK(one.keeps<tally_wider::tally_contract>());
  CHECK(one.total() == 5);
  one.add(2);
  CHECK(one.total() == 7);
}

TEST_CASE("schemas: a build of before is told to make way for the later one") {
  deployments one;
  REQUIRE_FALSE(one.deploy<first_tally>());
  REQUIRE_FALSE(one.deploy<wider_tally>());
  one.add(5);
  const auto why = one.deploy<first_tally>();
  REQUIRE(why);
  CHECK(why->code == errc::nondeterministic);
  CHECK(why->detail.find("`note` of TallyState (@1), Text, is missing: what was written before "
                         "would be lost") != std::string::npos);
  CHECK(why->detail.find("where this build is older than the data, start the later one that has "
                         "it") != std::string::npos);
  CHECK(one.keeps<tally_wider::tally_contract>());
  REQUIRE_FALSE(one.deploy<wider_tally>());
  CHECK(one.total() == 5);
}

TEST_CASE("schemas: what is stored of a later version of this software is refused") {
  deployments one;
  const auto text = as_bytes_view("perdure state 2");
  one.store.keep_schema("tally", {text.begin(), text.end()});
  const auto why = one.deploy<first_tally>();
  REQUIRE(why);
  CHECK(why->code == errc::internal);
}
