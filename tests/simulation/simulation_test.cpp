#include <doctest/doctest.h>

#include <cstdint>
#include <string>

#include "shrink.h"
#include "world.h"

using namespace perdure::simulation;

namespace {

constexpr std::uint64_t seeds = 2'000;

void check(std::uint64_t seed) {
  const auto found = run(make_script(seed));
  if (found.wrong) FAIL(report(seed, canary::none, *found.wrong, 60));
}

/// Returns the first of the seeds that finds what was put into the node.
std::uint64_t found_by(canary put) {
  std::uint64_t seed = 1;
  while (seed <= 1'000 && !run(make_script(seed), put).wrong) ++seed;
  return seed;
}

}  // namespace

TEST_CASE("a node keeps its word whatever befalls it: 2000 seeds") {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) check(seed);
}

TEST_CASE("seeds that have found something") {
  // Only as long as the generator stays as it is; what they found has tests of its own.
  check(405);   // After a reset, signals that had come in a pause overtook those before them.
  check(6449);  // Of an entity that was removed and made anew, steps counted as written at once.
}

TEST_CASE("a seed is the same each time it is run") {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    const auto first = run(make_script(seed));
    const auto again = run(make_script(seed), canary::none, true);
    CHECK(first.digest == again.digest);
    CHECK(first.steps == again.steps);
  }
}

TEST_CASE("a node that answers before the commit is found within 1000 seeds") {
  const auto seed = found_by(canary::answers_early);
  REQUIRE(seed <= 1'000);
  MESSAGE("found by seed ", seed);
}

TEST_CASE("a node that does not send again is found within 1000 seeds, and the seed made small") {
  const auto seed = found_by(canary::forgets_outbox);
  REQUIRE(seed <= 1'000);
  const auto put = canary::forgets_outbox;
  const auto wrong = *run(make_script(seed), put).wrong;
  const auto kind = kind_of(wrong);
  const auto smaller = shrink(seed, put, kind);
  const auto left = without(make_script(seed), smaller);
  CHECK(left.operations.size() < make_script(seed).operations.size());
  const auto again = run(left, put);
  REQUIRE(again.wrong);
  CHECK(kind_of(*again.wrong) == kind);
  CHECK(!run(left).wrong);
  const auto command = command_of(seed, smaller, put);
  CHECK(command.starts_with("perdure-simulation --seed "));
}
