// What a test can ask of the journal in memory.

#include "tests/persistence/engines.h"

namespace perdure::persistence {

namespace {

using namespace testing;

const entity_id alice{"cart", "alice"};
const entity_id bob{"cart", "bob"};

struct told {
  told() { story.epoch = journal.acquire_all().front(); }

  memory_journal journal{{.shard_count = 16}};
  storyteller story{16};
};

using outcomes = std::vector<append_outcome>;
using enum append_outcome;

}  // namespace

TEST_CASE("memory: an append that fails leaves nothing, and what follows in it fails with it") {
  for (auto how : {storage_full, unknown, fenced, out_of_sequence}) {
    CAPTURE(static_cast<int>(how));
    told t;
    must_append(t.journal, {t.story.signal(alice)});
    auto batches = std::vector{t.story.signal(alice), t.story.signal(alice), t.story.signal(bob)};
    t.journal.fail_next(how, 2);
    CHECK(append(t.journal, batches) == outcomes{how, how, how});
    CHECK(append(t.journal, {batches[1]}) == outcomes{out_of_sequence});
    CHECK(t.journal.stats().records == 1);
    CHECK_FALSE(t.journal.find(bob));
    must_append(t.journal, batches);
    CHECK(t.journal.load(alice)->records == t.story.records(alice));
  }
}

TEST_CASE("memory: an unknown append may have been written") {
  told t;
  t.journal.fail_next(unknown, 1, true);
  CHECK(append(t.journal, {t.story.signal(alice), t.story.signal(alice)}) ==
        outcomes{unknown, unknown});
  CHECK(t.journal.load(alice)->records.size() == 2);
}

TEST_CASE("memory: batches of one entity are refused, and the others are not hindered") {
  told t;
  t.journal.fail_next_of(alice, fenced, 2);
  auto batches = std::vector{t.story.signal(alice), t.story.signal(bob), t.story.signal(alice)};
  CHECK(append(t.journal, batches) == outcomes{fenced, ok, out_of_sequence});
  must_append(t.journal, {t.story.signal(bob)});  // Not one of its calls.
  CHECK(append(t.journal, {batches[0]}) == outcomes{fenced});
  must_append(t.journal, {batches[0], batches[2]});
  CHECK(t.journal.load(alice)->records == t.story.records(alice));
  CHECK(t.journal.load(bob)->records == t.story.records(bob));
}

TEST_CASE("memory: a full disk met by one entity is met by all that go with it") {
  told t;
  t.journal.fail_next_of(alice, storage_full);
  auto batches = std::vector{t.story.signal(bob), t.story.signal(alice)};
  must_append(t.journal, {batches[0]});
  auto next = t.story.signal(bob);
  CHECK(append(t.journal, {next, batches[1]}) == outcomes{storage_full, storage_full});
  CHECK(t.journal.stats().storage_full);
  must_append(t.journal, {next, batches[1]});
}

TEST_CASE("memory: notes and snapshots are lost when asked for") {
  told t;
  must_append(t.journal, {t.story.signal(alice)});
  auto noted = [&] { return t.journal.noted(alice).size(); };
  auto base = [&] { return t.journal.load(alice)->base.has_value(); };
  t.journal.lose(true, true);
  t.journal.note(alice, {.activity = 1, .attempt = 1});
  t.journal.keep(t.story.take(alice));
  CHECK(noted() == 0);
  CHECK_FALSE(base());
  t.journal.lose(false, false);
  t.journal.note(alice, {.activity = 1, .attempt = 1});
  t.journal.keep(t.story.take(alice));
  CHECK(noted() == 1);
  CHECK(base());
  t.journal.lose(true, false);
  t.journal.forget(alice, 1);
  CHECK(noted() == 1);
  t.journal.lose_derived();
  CHECK(noted() == 0);
  CHECK_FALSE(base());
  CHECK(t.journal.load(alice)->records.size() == 1);
}

}  // namespace perdure::persistence
