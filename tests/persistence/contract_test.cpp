// The guarantees of persistence/journal.h, which every engine gives. The LMDB engine is asked
// twice: as it is, with everything still in memory, and with a flush before every question.

#include <optional>

#include "tests/persistence/engines.h"

namespace perdure::persistence {

namespace {

using namespace testing;

constexpr auto shards = fixture::shards;

const entity_id alice{"cart", "alice"};
const entity_id bob{"cart", "bob"};
const entity_id tea{"inventory", "tea"};

}  // namespace

TEST_CASE_TEMPLATE("journal: an entity that was never told of does not exist", F, EVERY_ENGINE) {
  F f;
  CHECK_FALSE(f.engine().find(alice));
  CHECK(f.engine().load(alice).error().code == errc::entity_not_found);
  CHECK(f.engine().history(alice, 0, 10, {}).error().code == errc::entity_not_found);
  CHECK(f.engine().list({}).empty());
  CHECK(due_of(f.engine(), at(1'000'000)).empty());
}

TEST_CASE_TEMPLATE("journal: what was appended is found, loaded and listed", F, EVERY_ENGINE) {
  F f;
  must_append(f.engine(), {f.story.signal(alice), f.story.signal(bob, 3, 2)});
  must_append(f.engine(), {f.story.signal(alice, 5000, 1)});
  f.settle();
  CHECK(f.engine().find(alice) == f.story.summary(alice));
  CHECK(f.engine().find(bob) == f.story.summary(bob));
  auto loaded = f.engine().load(alice);
  REQUIRE(loaded);
  CHECK_FALSE(loaded->base);
  CHECK(loaded->records == f.story.records(alice));
  CHECK(loaded->summary == f.story.summary(alice));
  CHECK(loaded->summary.last_event == 3);
  auto listed = f.engine().list({});
  REQUIRE(listed.size() == 2);
  CHECK(listed[0].entity == alice);
  CHECK(listed[0].summary == f.story.summary(alice));
  CHECK(listed[1].entity == bob);
  CHECK(f.engine().stats().records == 3);
}

TEST_CASE_TEMPLATE("journal: several steps of one entity go in one append", F, EVERY_ENGINE) {
  F f;
  must_append(f.engine(), {f.story.signal(alice), f.story.signal(alice), f.story.signal(alice)});
  f.settle();
  CHECK(f.engine().load(alice)->records == f.story.records(alice));
}

TEST_CASE_TEMPLATE("journal: a batch that does not follow is refused and leaves no trace", F,
                   EVERY_ENGINE) {
  F f;
  auto first = f.story.signal(alice);
  auto second = f.story.signal(alice);
  auto third = f.story.signal(alice);
  auto other = f.story.signal(bob);
  CHECK(append(f.engine(), {second, other, first, third}) ==
        std::vector{append_outcome::out_of_sequence, append_outcome::ok, append_outcome::ok,
                    append_outcome::out_of_sequence});
  f.settle();
  CHECK(f.engine().load(alice)->records.size() == 1);
  CHECK(append(f.engine(), {first}) == std::vector{append_outcome::out_of_sequence});
  must_append(f.engine(), {second, third});
  f.settle();
  CHECK(f.engine().load(alice)->records == f.story.records(alice));
}

TEST_CASE_TEMPLATE("journal: a name too long for a key is refused", F, EVERY_ENGINE) {
  F f;
  entity_id longest{std::string(240, 't'), std::string(255, 'i')};
  entity_id longer{"cart", std::string(256, 'i')};
  entity_id odd{std::string("ca\0rt", 5), "x"};
  CHECK(append(f.engine(),
               {f.story.due(longest, at(5)), f.story.signal(longer), f.story.signal(odd)}) ==
        std::vector{append_outcome::ok, append_outcome::out_of_sequence,
                    append_outcome::out_of_sequence});
  f.settle();
  CHECK(f.engine().find(longest));
  CHECK(due_of(f.engine(), at(6)).size() == 1);
  CHECK_FALSE(f.engine().find(longer));
  CHECK_FALSE(f.engine().find(odd));
}

TEST_CASE_TEMPLATE("journal: an id may hold any byte, and may be empty", F, EVERY_ENGINE) {
  F f;
  entity_id zeros{"cart", std::string("a\0b\0", 4)};
  entity_id empty{"cart", ""};
  must_append(f.engine(), {f.story.signal(zeros), f.story.signal(empty)});
  f.settle();
  CHECK(f.engine().load(zeros)->records == f.story.records(zeros));
  auto listed = f.engine().list({.type = "cart", .status = {}, .after = {}});
  REQUIRE(listed.size() == 2);
  CHECK(listed[0].entity == empty);
  CHECK(listed[1].entity == zeros);
}

TEST_CASE_TEMPLATE("journal: an earlier epoch is fenced, and the others are not hindered", F,
                   EVERY_ENGINE) {
  F f;
  auto mine = f.story.signal(alice);
  auto others = f.story.signal(tea);
  REQUIRE(mine.shard != others.shard);
  CHECK(f.engine().acquire(mine.shard) == f.story.epoch + 1);
  CHECK(append(f.engine(), {mine, others}) ==
        std::vector{append_outcome::fenced, append_outcome::ok});
  mine.epoch = f.story.epoch + 1;
  must_append(f.engine(), {mine});
  auto beyond = f.story.signal(bob);
  beyond.shard = shards;
  CHECK(append(f.engine(), {beyond}) == std::vector{append_outcome::fenced});
}

TEST_CASE_TEMPLATE("journal: acquire_all gives every shard its next epoch", F, EVERY_ENGINE) {
  F f;
  auto before = f.engine().acquire(3);
  auto all = f.engine().acquire_all();
  REQUIRE(all.size() == shards);
  CHECK(all[3] == before + 1);
  CHECK(all[4] == before);
}

TEST_CASE_TEMPLATE("journal: a terminated entity takes nothing more", F, EVERY_ENGINE) {
  F f;
  must_append(f.engine(), {f.story.due(alice, at(50)), f.story.terminated(alice)});
  f.settle();
  auto alive = f.story;
  CHECK(append(f.engine(), {alive.tell(alice, core::signal_received{7, {}},
                                       {.status = entity_status::running})}) ==
        std::vector{append_outcome::out_of_sequence});
  CHECK(f.engine().find(alice)->status == entity_status::terminated);
  CHECK(f.engine().load(alice)->records.size() == 2);
  CHECK(due_of(f.engine(), at(1000)).empty());
}

TEST_CASE_TEMPLATE("journal: load brings an entity to an event in its current run", F,
                   EVERY_ENGINE) {
  F f;
  must_append(f.engine(), {f.story.signal(alice), f.story.continued(alice)});
  must_append(f.engine(), {f.story.signal(alice, 8, 2), f.story.signal(alice)});  // 3-5, 6
  f.settle();
  auto& told = f.story.records(alice);
  auto whole = f.engine().load(alice, 6);
  REQUIRE(whole);
  CHECK(whole->records == std::vector(told.begin() + 1, told.end()));
  for (event_number in_step : {3, 4, 5}) {  // A step is whole or not at all.
    auto cut = f.engine().load(alice, in_step);
    REQUIRE(cut);
    CHECK(cut->records == std::vector{told[1], told[2]});
    CHECK(cut->summary.last_event == 5);
  }
  CHECK(f.engine().load(alice, 2)->records == std::vector{told[1]});
  CHECK(f.engine().load(alice, 1).error().code == errc::malformed);
  CHECK(f.engine().load(alice, 7).error().code == errc::malformed);
}

TEST_CASE_TEMPLATE("journal: load begins with the latest snapshot that is not too late", F,
                   EVERY_ENGINE) {
  F f;
  must_append(f.engine(), {f.story.signal(alice), f.story.signal(alice, 8, 1)});
  auto taken = f.story.take(alice);
  f.engine().keep(taken);
  must_append(f.engine(), {f.story.signal(alice), f.story.signal(alice)});
  f.settle();
  auto loaded = f.engine().load(alice);
  REQUIRE(loaded);
  REQUIRE(loaded->base);
  CHECK(loaded->base->event == 3);
  CHECK(loaded->base->carried == taken.carried);
  CHECK(loaded->base->state_digest == taken.state_digest);
  CHECK(loaded->base->run_events == 3);
  auto& told = f.story.records(alice);
  CHECK(loaded->records == std::vector(told.begin() + 2, told.end()));
  auto early = f.engine().load(alice, 1);
  REQUIRE(early);
  CHECK_FALSE(early->base);
  CHECK(early->records == std::vector{told[0]});
  auto exactly = f.engine().load(alice, 3);
  REQUIRE(exactly->base);
  CHECK(exactly->records.empty());
  CHECK(exactly->summary.last_event == 3);
}

TEST_CASE_TEMPLATE("journal: a snapshot of an earlier run is not used", F, EVERY_ENGINE) {
  F f;
  must_append(f.engine(), {f.story.signal(alice)});
  f.engine().keep(f.story.take(alice));
  must_append(f.engine(), {f.story.continued(alice)});
  f.settle();
  auto loaded = f.engine().load(alice);
  CHECK_FALSE(loaded->base);
  CHECK(loaded->records.size() == 1);
}

TEST_CASE_TEMPLATE("journal: a snapshot that differs from the journaled digest is not used", F,
                   EVERY_ENGINE) {
  F f;
  auto taken_digest = [&] { return f.story.take(alice).state_digest; };
  must_append(f.engine(), {f.story.digested(alice, 1001)});
  REQUIRE(taken_digest() == 1001);
  f.engine().keep(f.story.take(alice));
  f.settle();
  CHECK(f.engine().load(alice)->base);
  must_append(f.engine(), {f.story.digested(alice, 77)});
  f.engine().keep(f.story.take(alice));
  f.settle();
  auto loaded = f.engine().load(alice);
  CHECK_FALSE(loaded->base);
  CHECK(loaded->records.size() == 2);
}

TEST_CASE_TEMPLATE("journal: history pages through all runs, or one", F, EVERY_ENGINE) {
  F f;
  must_append(f.engine(), {f.story.signal(alice), f.story.signal(alice, 8, 3)});  // 1, 2-5
  must_append(f.engine(), {f.story.continued(alice), f.story.signal(alice)});     // 6, 7
  f.settle();
  auto& told = f.story.records(alice);
  auto history = [&](event_number from, std::size_t limit, std::optional<run_number> run = {}) {
    auto found = f.engine().history(alice, from, limit, run);
    REQUIRE(found);
    return *found;
  };
  CHECK(history(0, 100) == told);
  CHECK(history(4, 2) == std::vector{told[1], told[2]});
  CHECK(history(6, 100) == std::vector{told[2], told[3]});
  CHECK(history(0, 100, 1) == std::vector{told[0], told[1]});
  CHECK(history(7, 100, 2) == std::vector{told[3]});
  CHECK(history(0, 100, 3).empty());
  CHECK(history(8, 100).empty());
}

TEST_CASE_TEMPLATE("journal: list pages in order, by type and status", F, EVERY_ENGINE) {
  F f;
  std::vector<entity_id> carts;
  for (int i = 0; i < 25; ++i) {
    carts.push_back({"cart", "c" + std::to_string(100 + i)});
    must_append(f.engine(), {f.story.signal(carts.back())});
    if (i == 12) f.settle();  // Half of them on disk.
  }
  must_append(f.engine(), {f.story.signal(tea), f.story.signal({"car", "z"})});
  must_append(f.engine(), {f.story.terminated(carts[3]), f.story.terminated(carts[20])});
  std::vector<entity_id> seen;
  list_filter filter{.type = "cart", .status = {}, .after = {}, .limit = 7};
  for (auto page = f.engine().list(filter); !page.empty(); page = f.engine().list(filter)) {
    CHECK(page.size() <= 7);
    for (auto& line : page) seen.push_back(line.entity);
    filter.after = seen.back();
  }
  CHECK(seen == carts);
  auto ended =
      f.engine().list({.type = "", .status = entity_status::terminated, .after = {}, .limit = 100});
  REQUIRE(ended.size() == 2);
  CHECK(ended[0].entity == carts[3]);
  CHECK(ended[1].entity == carts[20]);
  CHECK(f.engine().list({.type = "", .status = {}, .after = {}, .limit = 100}).size() == 27);
  CHECK(f.engine().list({.type = "none", .status = {}, .after = {}, .limit = 100}).empty());
  auto rest = f.engine().list({.type = "", .status = {}, .after = carts[24], .limit = 100});
  REQUIRE(rest.size() == 1);
  CHECK(rest[0].entity == tea);
}

TEST_CASE_TEMPLATE("journal: due tells each entity once, at its latest word", F, EVERY_ENGINE) {
  F f;
  must_append(f.engine(), {f.story.due(alice, at(100)), f.story.due(bob, at(200)),
                           f.story.due(tea, std::nullopt)});
  f.settle();
  using found = std::vector<std::pair<entity_id, timestamp>>;
  CHECK(due_of(f.engine(), at(100)).empty());
  CHECK(due_of(f.engine(), at(101)) == found{{alice, at(100)}});
  CHECK(due_of(f.engine(), at(1000)) == found{{alice, at(100)}, {bob, at(200)}});
  must_append(f.engine(), {f.story.due(alice, at(300)), f.story.due(bob, at(50))});
  f.settle();
  CHECK(due_of(f.engine(), at(60)) == found{{bob, at(50)}});
  CHECK(due_of(f.engine(), at(301)) == found{{alice, at(300)}, {bob, at(50)}});
  f.settle();
  CHECK(due_of(f.engine(), at(301)) == found{{alice, at(300)}, {bob, at(50)}});
  must_append(f.engine(), {f.story.due(alice, std::nullopt), f.story.due(tea, at(10))});
  f.settle();
  CHECK(due_of(f.engine(), at(301)) == found{{bob, at(50)}, {tea, at(10)}});
}

TEST_CASE_TEMPLATE("journal: the run before is removed when its retention is over", F,
                   EVERY_ENGINE) {
  F f;
  must_append(f.engine(), {f.story.signal(alice), f.story.signal(alice)});
  must_append(f.engine(), {f.story.continued(alice), f.story.signal(alice)});
  collect_all(f.engine(), at(0));
  CHECK(f.engine().history(alice, 0, 100, {})->size() == 4);
  collect_all(f.engine(), at(1000));
  auto kept = f.engine().history(alice, 0, 100, {});
  REQUIRE(kept);
  CHECK(kept->size() == 2);
  CHECK(kept->front().event == 3);
  CHECK(f.engine().history(alice, 0, 100, 1)->empty());
  CHECK(f.engine().load(alice)->records.size() == 2);
  CHECK(f.engine().stats().records == 2);
  must_append(f.engine(), {f.story.signal(alice)});
  CHECK(f.engine().load(alice)->records.size() == 3);
}

TEST_CASE_TEMPLATE("journal: a terminated entity is removed whole, and its id is free again", F,
                   EVERY_ENGINE) {
  F f;
  must_append(f.engine(), {f.story.signal(alice), f.story.continued(alice)});
  f.engine().keep(f.story.take(alice));
  must_append(f.engine(), {f.story.terminated(alice), f.story.signal(bob)});
  auto hours = [](std::int64_t count) { return at(count * 3'600'000); };
  collect_all(f.engine(), hours(71));
  CHECK(f.engine().find(alice));
  collect_all(f.engine(), hours(73));
  CHECK_FALSE(f.engine().find(alice));
  CHECK(f.engine().load(alice).error().code == errc::entity_not_found);
  CHECK(f.engine().list({}).size() == 1);
  CHECK(f.engine().stats().records == 1);
  f.story.forget(alice);
  must_append(f.engine(), {f.story.signal(alice), f.story.signal(alice)});
  f.settle();
  auto loaded = f.engine().load(alice);
  REQUIRE(loaded);
  CHECK(loaded->records == f.story.records(alice));
  CHECK_FALSE(loaded->base);
}

// -- starting again ------------------------------------------------------------------------------

TEST_CASE_TEMPLATE("journal: an entity that has ended takes nothing but the beginning of a run", F,
                   EVERY_ENGINE) {
  F f;
  for (auto how : {entity_status::completed, entity_status::failed, entity_status::cancelled,
                   entity_status::terminated}) {
    CAPTURE(static_cast<int>(how));
    entity_id entity{"order", std::to_string(static_cast<int>(how))};
    must_append(f.engine(), {f.story.started(entity), f.story.ended(entity, how)});
    f.settle();
    CHECK(f.engine().find(entity)->status == how);
    auto copy = f.story;
    CHECK(append(f.engine(), {copy.tell(entity, core::signal_received{7, {}},
                                        {.status = entity_status::running})}) ==
          std::vector{append_outcome::out_of_sequence});
    must_append(f.engine(), {f.story.started(entity), f.story.signal(entity)});
    f.settle();
    CHECK(f.engine().find(entity) == f.story.summary(entity));
    auto loaded = f.engine().load(entity);
    REQUIRE(loaded);
    CHECK(loaded->records.size() == 2);
    CHECK(loaded->records.front().event == f.story.summary(entity).run_began);
    CHECK(*f.engine().history(entity, 0, 100, {}) == f.story.records(entity));
  }
}

TEST_CASE_TEMPLATE("journal: an entity may end and begin again in one append", F, EVERY_ENGINE) {
  F f;
  must_append(f.engine(), {f.story.started(alice), f.story.ended(alice), f.story.started(alice),
                           f.story.ended(alice), f.story.started(alice)});
  f.settle();
  CHECK(f.engine().find(alice)->run == 3);
  CHECK(f.engine().load(alice)->records.size() == 1);
}

TEST_CASE_TEMPLATE("journal: a paused entity takes messages", F, EVERY_ENGINE) {
  F f;
  must_append(f.engine(),
              {f.story.tell(alice, core::paused{"a while"}, {.status = entity_status::paused})});
  f.settle();
  CHECK(f.engine().find(alice)->status == entity_status::paused);
  must_append(f.engine(), {f.story.signal(alice)});
  f.settle();
  CHECK(f.engine().load(alice)->records == f.story.records(alice));
}

TEST_CASE_TEMPLATE("journal: of an entity that was started again, only what was before goes", F,
                   EVERY_ENGINE) {
  F f;
  must_append(f.engine(), {f.story.signal(alice), f.story.continued(alice)});
  must_append(f.engine(), {f.story.ended(alice), f.story.started(alice)});
  must_append(f.engine(), {f.story.attributed(alice, {{"gold", true}})});
  f.engine().keep(f.story.take(alice));
  must_append(f.engine(), {f.story.pending(alice, true)});
  auto told = f.story.records(alice);
  auto hours = [](std::int64_t count) { return at(count * 3'600'000); };
  collect_all(f.engine(), hours(71));  // The run that was continued has gone.
  CHECK(*f.engine().history(alice, 0, 100, {}) == std::vector(told.begin() + 1, told.end()));
  collect_all(f.engine(), hours(73));
  CHECK(*f.engine().history(alice, 0, 100, {}) == std::vector(told.begin() + 3, told.end()));
  CHECK(f.engine().find(alice) == f.story.summary(alice));
  auto loaded = f.engine().load(alice);
  REQUIRE(loaded);
  CHECK(loaded->base);
  CHECK(loaded->records == std::vector{told.back()});
  CHECK(f.engine().list({}).front().attributes == f.story.attributes(alice));
  CHECK(pending_of(f.engine()) == std::vector{alice});
  must_append(f.engine(), {f.story.ended(alice)});
  collect_all(f.engine(), hours(200));
  CHECK_FALSE(f.engine().find(alice));
  CHECK(f.engine().stats().records == 0);
}

// -- attributes ----------------------------------------------------------------------------------

namespace {

auto where_gold() {
  return [](const core::attributes& attributes) {
    auto gold = attributes.find("gold");
    return gold != attributes.end() && gold->second == attribute_value{true};
  };
}

}  // namespace

TEST_CASE_TEMPLATE("journal: list and count find entities by their attributes", F, EVERY_ENGINE) {
  F f;
  for (int i = 0; i < 30; ++i) {
    entity_id entity{i % 2 == 0 ? "cart" : "order", std::to_string(100 + i)};
    must_append(f.engine(), {i % 3 == 0 ? f.story.attributed(entity, {{"gold", true}})
                                        : f.story.signal(entity)});
    if (i == 14) f.settle();
  }
  list_filter filter{.where = where_gold(), .limit = 4};
  std::vector<listed_entity> seen;
  for (auto page = f.engine().list(filter); !page.empty(); page = f.engine().list(filter)) {
    CHECK(page.size() <= 4);
    seen.insert(seen.end(), page.begin(), page.end());
    filter.after = seen.back().entity;
  }
  CHECK(seen.size() == 10);
  for (auto& line : seen) CHECK(line.attributes == core::attributes{{"gold", true}});
  CHECK(f.engine().count(filter) == 10);
  CHECK(f.engine().count({.type = "cart", .where = where_gold()}) == 5);
  CHECK(f.engine().count({.type = "cart"}) == 15);
  CHECK(f.engine().count({}) == 30);
  CHECK(f.engine().count({.status = entity_status::terminated}) == 0);
}

TEST_CASE_TEMPLATE("journal: attributes are those of the last batch that had any", F,
                   EVERY_ENGINE) {
  F f;
  auto attributes = [&] { return f.engine().list({}).at(0).attributes; };
  core::attributes all{{"gold", true}, {"name", "Alice"}, {"rate", 0.5}, {"n", std::int64_t{7}}};
  must_append(f.engine(), {f.story.attributed(alice, all)});
  f.settle();
  CHECK(attributes() == all);
  must_append(f.engine(), {f.story.signal(alice), f.story.continued(alice)});
  f.settle();
  CHECK(attributes() == all);
  must_append(f.engine(), {f.story.attributed(alice, {{"name", "Bob"}})});
  must_append(f.engine(), {f.story.signal(alice)});
  CHECK(attributes() == core::attributes{{"name", "Bob"}});
  f.settle();
  CHECK(attributes() == core::attributes{{"name", "Bob"}});
  must_append(f.engine(), {f.story.attributed(alice, {})});
  f.settle();
  CHECK(attributes().empty());
}

TEST_CASE_TEMPLATE("journal: a new life of an id has no attributes of the last one", F,
                   EVERY_ENGINE) {
  F f;
  must_append(f.engine(), {f.story.attributed(alice, {{"gold", true}}),
                           f.story.pending(alice, true), f.story.terminated(alice)});
  collect_all(f.engine(), at(1'000'000'000));
  CHECK(f.engine().count({.where = where_gold()}) == 0);
  f.story.forget(alice);
  must_append(f.engine(), {f.story.signal(alice)});
  f.settle();
  CHECK(f.engine().list({}).at(0).attributes.empty());
  CHECK(pending_of(f.engine()).empty());
}

// -- what is under way ---------------------------------------------------------------------------

TEST_CASE_TEMPLATE("journal: pending tells each entity that is pending now", F, EVERY_ENGINE) {
  F f;
  must_append(f.engine(),
              {f.story.pending(alice, true), f.story.signal(bob), f.story.pending(tea, true)});
  f.settle();
  CHECK(pending_of(f.engine()) == std::vector{alice, tea});
  must_append(f.engine(),
              {f.story.pending(alice, false), f.story.pending(bob, true), f.story.signal(tea)});
  CHECK(pending_of(f.engine()) == std::vector{bob, tea});
  f.settle();
  CHECK(pending_of(f.engine()) == std::vector{bob, tea});
  must_append(f.engine(), {f.story.terminated(tea), f.story.pending(bob, false)});
  f.settle();
  CHECK(pending_of(f.engine()).empty());
}

TEST_CASE_TEMPLATE("journal: progress that was noted is known until it is forgotten", F,
                   EVERY_ENGINE) {
  F f;
  must_append(f.engine(), {f.story.signal(alice), f.story.signal(bob)});
  auto progress = [](event_number activity, std::uint32_t attempt) {
    return activity_progress{.activity = activity,
                             .attempt = attempt,
                             .next_try = at(attempt),
                             .last_failure = "no route to host",
                             .heartbeat = bytes_of("page 12")};
  };
  using all = std::vector<activity_progress>;
  CHECK(f.engine().noted(alice).empty());
  f.engine().note(alice, progress(300, 1));
  f.engine().note(alice, progress(7, 1));
  f.settle();
  f.engine().note(bob, progress(7, 9));
  CHECK(f.engine().noted(alice) == all{progress(7, 1), progress(300, 1)});
  f.engine().note(alice, progress(7, 2));
  f.engine().note(alice, progress(7, 3));
  CHECK(f.engine().noted(alice) == all{progress(7, 3), progress(300, 1)});
  f.settle();
  CHECK(f.engine().noted(alice) == all{progress(7, 3), progress(300, 1)});
  CHECK(f.engine().noted(bob) == all{progress(7, 9)});
  f.engine().forget(alice, 7);
  f.engine().forget(alice, 8);
  CHECK(f.engine().noted(alice) == all{progress(300, 1)});
  f.settle();
  CHECK(f.engine().noted(alice) == all{progress(300, 1)});
}

TEST_CASE_TEMPLATE("journal: progress goes with the end of its entity", F, EVERY_ENGINE) {
  F f;
  entity_id longer{"cart", std::string("alice\0\0\0\0\0\0\0\0\7", 14)};
  f.engine().note(alice, {.activity = 1, .attempt = 1});  // Unknown yet: ignored.
  must_append(f.engine(), {f.story.signal(alice), f.story.signal(longer)});
  CHECK(f.engine().noted(alice).empty());
  f.engine().note(alice, {.activity = 1, .attempt = 1});
  f.engine().note(longer, {.activity = 1, .attempt = 2});
  f.settle();
  CHECK(f.engine().noted(alice).size() == 1);
  must_append(f.engine(), {f.story.ended(alice)});
  CHECK(f.engine().noted(alice).empty());
  f.engine().note(alice, {.activity = 1, .attempt = 2});
  must_append(f.engine(), {f.story.started(alice)});
  CHECK(f.engine().noted(alice).empty());
  f.settle();
  CHECK(f.engine().noted(alice).empty());
  CHECK(f.engine().noted(longer).size() == 1);
}

TEST_CASE_TEMPLATE("journal: what is settled after an end is kept, and goes with the entity", F,
                   EVERY_ENGINE) {
  F f;
  entity_id entity{"order", "settled"};
  must_append(f.engine(),
              {f.story.started(entity), f.story.ended(entity, entity_status::completed)});
  must_append(f.engine(), {f.story.tell(entity, core::settled{}, {})});
  f.settle();
  CHECK(f.engine().find(entity)->status == entity_status::completed);
  CHECK(f.engine().load(entity)->records.size() == 3);
}

}  // namespace perdure::persistence
