// Removing what has ended: in bounded steps, oldest record first, and whatever a crash leaves.

#include "tests/persistence/support.h"

namespace perdure::persistence {

namespace {

using namespace testing;

const entity_id alice{"cart", "alice"};
const entity_id bob{"cart", "bob"};
const auto long_after = at(1'000'000'000);

class told_journal {
public:
  explicit told_journal(duration history_retention = 0ms) {
    options = quiet(directory_.path());
    options.history_retention = history_retention;
    reopen();
  }

  void reopen() {
    journal.reset();
    journal = open(options);
    story.epoch = journal->acquire_all().front();
  }

  void tell(const entity_id& entity, int signals) {
    std::vector<batch> batches;
    for (int i = 0; i < signals; ++i) batches.push_back(story.signal(entity, 8));
    must_append(*journal, batches);
  }

  std::uint64_t records() const { return journal->stats().records; }

  lmdb_options options;
  std::unique_ptr<perdure::persistence::journal> journal;
  storyteller story{16};

private:
  temporary_directory directory_;
};

}  // namespace

TEST_CASE("garbage: a long run is removed in bounded steps") {
  told_journal told;
  told.tell(alice, 2500);
  must_append(*told.journal, {told.story.continued(alice)});
  told.journal->flush();
  CHECK(told.journal->collect(long_after));
  CHECK(told.records() == 1501);
  CHECK(told.journal->collect(long_after));
  CHECK(told.records() == 501);
  while (told.journal->collect(long_after)) {
  }
  CHECK(told.records() == 1);
  CHECK(told.journal->load(alice)->records.size() == 1);
}

TEST_CASE("garbage: a crash in the middle of a removal is harmless") {
  told_journal told;
  told.tell(alice, 2500);
  must_append(*told.journal, {told.story.continued(alice)});
  told.tell(bob, 1500);
  must_append(*told.journal, {told.story.terminated(bob)});
  told.journal->flush();
  bool rebuilt = false;
  SUBCASE("the index is as it was flushed") {}
  SUBCASE("the index is built again") { rebuilt = true; }
  for (int i = 0; i < 6; ++i) {
    told.journal->collect(long_after);
    told.journal.reset();
    if (rebuilt) std::filesystem::remove_all(told.options.directory / "index");
    told.reopen();
    CHECK(told.journal->load(alice)->records.size() == 1);
    auto old = told.journal->history(alice, 0, 10'000, 1);
    REQUIRE(old);
    if (!old->empty()) CHECK(old->back().event == 2500);
    auto gone = told.journal->find(bob);
    if (gone) CHECK(gone->status == entity_status::terminated);
    told.journal->flush();
  }
  collect_all(*told.journal, long_after);
  CHECK(told.records() == 1);
  CHECK_FALSE(told.journal->find(bob));
  auto report_directory = told.options.directory;
  told.journal.reset();
  auto report = verify_lmdb_journal(report_directory);
  REQUIRE(report);
  CHECK(report->sound());
}

TEST_CASE("garbage: a run that ended is kept for its retention") {
  told_journal told(1000ms);
  told.tell(alice, 10);
  must_append(*told.journal, {told.story.continued(alice)});  // At 10 ms.
  collect_all(*told.journal, at(1009));
  CHECK(told.records() == 11);
  collect_all(*told.journal, at(1010));
  CHECK(told.records() == 1);
}

TEST_CASE("garbage: nothing is removed before the index has it, and then once") {
  told_journal told;
  told.tell(alice, 3);
  must_append(*told.journal, {told.story.continued(alice)});
  CHECK_FALSE(told.journal->collect(long_after));
  CHECK(told.records() == 4);
  told.journal->flush();
  told.journal->collect(long_after);
  CHECK(told.records() == 1);
  CHECK_FALSE(told.journal->collect(long_after));
}

TEST_CASE("garbage: an id that is free again is not touched by what is left of its last life") {
  told_journal told;
  told.tell(alice, 2);
  must_append(*told.journal, {told.story.terminated(alice)});
  told.journal->flush();
  told.journal->collect(long_after);
  told.story.forget(alice);
  told.tell(alice, 5);
  collect_all(*told.journal, long_after);
  CHECK(told.journal->load(alice)->records == told.story.records(alice));
  told.reopen();
  CHECK(told.journal->load(alice)->records == told.story.records(alice));
  std::filesystem::path directory = told.options.directory;
  told.journal.reset();
  std::filesystem::remove_all(directory / "index");
  told.reopen();
  collect_all(*told.journal, long_after);
  CHECK(told.journal->load(alice)->records == told.story.records(alice));
}

TEST_CASE("garbage: many runs of many entities go in few calls") {
  told_journal told;
  for (int run = 0; run < 4; ++run) {
    std::vector<batch> batches;
    for (int i = 0; i < 100; ++i) {
      entity_id entity{"cart", std::to_string(i)};
      batches.push_back(told.story.signal(entity));
      batches.push_back(told.story.continued(entity));
    }
    must_append(*told.journal, batches);
  }
  told.journal->flush();
  int calls = 1;
  while (told.journal->collect(long_after)) ++calls;
  CHECK(calls <= 3);
  CHECK(told.records() == 100);
}

}  // namespace perdure::persistence
