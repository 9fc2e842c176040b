// What has ended is not removed while somebody owes it something, or is owed by it.

#include "tests/persistence/engines.h"

namespace perdure::persistence {

namespace {

using namespace testing;

const entity_id alice{"cart", "alice"};
const entity_id bob{"cart", "bob"};

timestamp hours(std::int64_t count) { return at(count * 3'600'000); }

}  // namespace

TEST_CASE_TEMPLATE("held: what is not settled at its end stays, and is told of", F, EVERY_ENGINE) {
  F f;
  bool pending = false;
  SUBCASE("it waits for others") { pending = true; }
  SUBCASE("others may ask it again") {}
  must_append(f.engine(), {f.story.signal(alice), f.story.continued(alice), f.story.signal(alice),
                           f.story.ended_open(alice, pending, !pending)});
  must_append(f.engine(), {f.story.started(bob), f.story.ended(bob)});
  collect_all(f.engine(), hours(71));
  CHECK(f.engine().stats().records == 5);  // The run before has gone as ever.
  CHECK(held_of(f.engine(), hours(71)).empty());
  for (bool without_index : {false, true}) {
    collect_all(f.engine(), hours(73));
    CHECK_FALSE(f.engine().collect(hours(73)));
    CHECK_FALSE(f.engine().find(bob));
    CHECK(f.engine().find(alice) == f.story.summary(alice));
    auto loaded = f.engine().load(alice);
    REQUIRE(loaded);
    CHECK(loaded->records.size() == 3);
    CHECK(held_of(f.engine(), hours(73)) == std::vector{alice});
    f.reopen(without_index);
  }
  f.story.now = 74 * 3'600'000;
  must_append(f.engine(), {f.story.settled(alice, pending, !pending)});
  collect_all(f.engine(), hours(200));
  CHECK(held_of(f.engine(), hours(200)) == std::vector{alice});
  must_append(f.engine(), {f.story.settled(alice)});
  collect_all(f.engine(), hours(75));
  CHECK(f.engine().load(alice)->records.size() == 5);
  CHECK(held_of(f.engine(), hours(200)).empty());
  SUBCASE("it is removed in the end") {}
  SUBCASE("after a crash too") { f.reopen(false); }
  SUBCASE("and without the index") { f.reopen(true); }
  collect_all(f.engine(), hours(150));
  CHECK_FALSE(f.engine().find(alice));
  CHECK(f.engine().stats().records == 0);
}

TEST_CASE_TEMPLATE("held: it is told of by the time of its end, a few at a time", F, EVERY_ENGINE) {
  F f;
  std::vector<entity_id> all;
  for (int i = 0; i < 10; ++i) {
    all.push_back({"cart", std::to_string((7 * i) % 10)});
    must_append(f.engine(),
                {f.story.started(all.back()), f.story.ended_open(all.back(), true, i % 2 == 0)});
  }
  collect_all(f.engine(), hours(73));
  auto page = [&](std::size_t from, std::size_t to) {
    return std::vector(all.begin() + static_cast<std::ptrdiff_t>(from),
                       all.begin() + static_cast<std::ptrdiff_t>(to));
  };
  CHECK(f.engine().held_back(hours(73), 4) == page(0, 4));
  must_append(f.engine(), {f.story.settled(all[5])});
  f.settle();
  auto next = page(4, 9);
  next.erase(next.begin() + 1);
  CHECK(f.engine().held_back(hours(73), 4) == next);
  CHECK(f.engine().held_back(hours(73), 4) == page(9, 10));
  CHECK(f.engine().held_back(hours(73), 4) == page(0, 4));
}

TEST_CASE_TEMPLATE("held: of an entity that lives again, what it was goes", F, EVERY_ENGINE) {
  F f;
  bool flushed = false;
  SUBCASE("known to the index") { flushed = true; }
  SUBCASE("at once") {}
  must_append(f.engine(), {f.story.started(alice), f.story.ended_open(alice, true, true)});
  if (flushed) f.engine().flush();
  must_append(f.engine(), {f.story.started(alice), f.story.pending(alice, true)});
  SUBCASE("in the same process") {}
  SUBCASE("after a crash") { f.reopen(false); }
  SUBCASE("without the index") { f.reopen(true); }
  collect_all(f.engine(), hours(73));
  CHECK(held_of(f.engine(), hours(73)).empty());
  CHECK(f.engine().stats().records == 2);
  CHECK(f.engine().load(alice)->records.size() == 2);
  // Its second life ends, and is settled at once.
  must_append(f.engine(), {f.story.ended_open(alice, false, true), f.story.settled(alice)});
  collect_all(f.engine(), hours(200));
  CHECK(f.engine().stats().records == 0);
}

TEST_CASE_TEMPLATE("held: what was settled at its end may still be asked again", F, EVERY_ENGINE) {
  F f;
  must_append(f.engine(), {f.story.started(alice), f.story.ended(alice)});
  f.settle();
  must_append(f.engine(), {f.story.settled(alice, false, true)});
  collect_all(f.engine(), hours(73));
  CHECK(f.engine().load(alice)->records.size() == 3);
  CHECK(held_of(f.engine(), hours(73)) == std::vector{alice});
}

TEST_CASE("held: while its records are being removed, an entity takes nothing that is settled") {
  on_lmdb f;
  std::vector<batch> batches{f.story.started(alice)};
  for (int i = 0; i < 2500; ++i) batches.push_back(f.story.signal(alice));
  batches.push_back(f.story.ended(alice));
  must_append(f.engine(), batches);
  f.engine().flush();
  CHECK(f.engine().collect(hours(73)));
  auto copy = f.story;
  CHECK(append(f.engine(), {copy.settled(alice, false, true)}) ==
        std::vector{append_outcome::out_of_sequence});
  must_append(f.engine(), {f.story.started(alice)});
  collect_all(f.engine(), hours(73));
  CHECK(f.engine().stats().records == 1);
  CHECK(f.engine().load(alice)->records.size() == 1);
}

}  // namespace perdure::persistence
