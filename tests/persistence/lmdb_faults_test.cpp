// A full disk refuses and recovers; a broken one ends the process.

#include <lmdb.h>

#include <cerrno>
#include <map>

#include "tests/persistence/support.h"

namespace perdure::persistence {

namespace {

using namespace testing;

const entity_id alice{"cart", "alice"};
const entity_id bob{"cart", "bob"};

/// A journal whose disk obeys the test.
class faulty_journal {
public:
  faulty_journal() {
    options = quiet(directory.path());
    options.faults.journal_commit = [this] { return journal_code; };
    options.faults.index_commit = [this] { return index_code; };
    options.faults.free_bytes = [this] { return free; };
    options.faults.fatal = [this](const std::string& why) { deaths.push_back(why); };
  }

  void reopen() {
    journal.reset();
    journal = open(options);
    story.epoch = journal->acquire_all().front();
  }

  int journal_code = 0;
  int index_code = 0;
  std::uint64_t free = std::uint64_t{1} << 40;
  std::vector<std::string> deaths;
  temporary_directory directory;
  lmdb_options options;
  std::unique_ptr<perdure::persistence::journal> journal;
  storyteller story{16};
};

const std::vector refused{append_outcome::storage_full};

}  // namespace

TEST_CASE_FIXTURE(faulty_journal, "faults: a commit without room is refused, and works later") {
  reopen();
  must_append(*journal, {story.signal(alice)});
  auto next = story.signal(alice);
  for (int code : {ENOSPC, EDQUOT, MDB_MAP_FULL}) {
    journal_code = code;
    CHECK(append(*journal, {next}) == refused);
    CHECK(journal->stats().storage_full);
    CHECK(journal->find(alice)->last_event == 1);
    CHECK(journal->load(alice)->records.size() == 1);
  }
  journal_code = 0;
  must_append(*journal, {next});
  CHECK_FALSE(journal->stats().storage_full);
  reopen();
  CHECK(journal->load(alice)->records == story.records(alice));
  CHECK(deaths.empty());
}

TEST_CASE_FIXTURE(faulty_journal, "faults: what is refused otherwise is not storage_full") {
  reopen();
  auto next = story.signal(alice);
  auto skipped = story.signal(bob);
  auto gap = story.signal(bob);
  journal_code = ENOSPC;
  CHECK(append(*journal, {gap, next}) ==
        std::vector{append_outcome::out_of_sequence, append_outcome::storage_full});
}

TEST_CASE_FIXTURE(faulty_journal, "faults: the disk's reserve is not touched") {
  reopen();
  must_append(*journal, {story.signal(alice)});
  free = options.disk_reserve_bytes / 2;
  std::vector<append_outcome> last;
  std::size_t appended = 0;
  std::vector<batch> pending;
  for (; appended < 100 && last != refused; ++appended) {
    pending = {story.signal(alice, 1 << 20)};
    last = append(*journal, pending);
  }
  CHECK(last == refused);  // Looked at now and then, not at each append.
  CHECK(appended < 20);
  free = options.disk_reserve_bytes * 2;
  must_append(*journal, pending);
}

TEST_CASE_FIXTURE(faulty_journal, "faults: the storage limit holds until room is made") {
  options.storage_limit_bytes = std::uint64_t{4} << 20;
  reopen();
  must_append(*journal, {story.signal(bob)});
  std::vector<batch> pending;
  std::vector<append_outcome> last;
  while (last != refused) {
    pending = {story.signal(alice, 100'000)};
    last = append(*journal, pending);
  }
  CHECK(journal->find(bob));
  CHECK(journal->load(alice)->records.size() + 1 == story.records(alice).size());
  CHECK(append(*journal, {story.signal(bob, 500'000)}) == refused);
  // Room is made by ending what takes it: the end itself is small enough.
  options.storage_limit_bytes *= 2;
  reopen();
  must_append(*journal, {under(story.epoch, pending[0]), story.terminated(alice)});
  collect_all(*journal, at(1'000'000'000));
  options.storage_limit_bytes /= 2;
  reopen();
  story.forget(bob);
  story.forget(alice);
  must_append(*journal, {story.signal(alice, 500'000)});
  CHECK(journal->stats().journal_bytes < options.storage_limit_bytes);
}

TEST_CASE_FIXTURE(faulty_journal, "faults: a small map grows as long as there is room") {
  options.journal_map_bytes = std::size_t{1} << 20;
  options.index_map_bytes = std::size_t{1} << 20;
  reopen();
  for (int i = 0; i < 100; ++i) {
    must_append(*journal,
                {story.signal(alice, 100'000), story.signal({"cart", std::to_string(i)})});
    if (i % 10 == 0) journal->flush();
  }
  CHECK(journal->load(alice)->records == story.records(alice));
  CHECK(journal->stats().journal_bytes > 10'000'000);
  reopen();
  CHECK(journal->load(alice)->records == story.records(alice));
}

TEST_CASE_FIXTURE(faulty_journal, "faults: a failed sync ends the process") {
  reopen();
  must_append(*journal, {story.signal(alice)});
  auto next = story.signal(alice);
  journal_code = EIO;
  CHECK(append(*journal, {next}) == std::vector{append_outcome::unknown});
  REQUIRE(deaths.size() == 1);
  CHECK(deaths[0].find(directory.path().string()) != std::string::npos);
  CHECK(deaths[0].find("(" + std::to_string(EIO) + ")") != std::string::npos);
  journal_code = 0;
  // Should it live on, it says nothing more, and the truth is found by opening again.
  CHECK(append(*journal, {next}) == std::vector{append_outcome::unknown});
  CHECK(journal->find(alice)->last_event == 1);
  reopen();
  must_append(*journal, {under(story.epoch, next)});
  CHECK(journal->load(alice)->records == story.records(alice));
}

TEST_CASE_FIXTURE(faulty_journal, "faults: without room a shard keeps its epoch") {
  reopen();
  journal_code = ENOSPC;
  CHECK_THROWS_AS(journal->acquire(3), failure);
  journal_code = 0;
  must_append(*journal, {story.signal(alice), story.signal(bob)});
  CHECK(journal->acquire(3) == story.epoch + 1);
}

TEST_CASE_FIXTURE(faulty_journal, "faults: an index without room keeps all in memory") {
  reopen();
  must_append(*journal, {story.signal(alice), story.due(bob, at(40))});
  must_append(*journal, {story.continued(alice)});
  journal->keep(story.take(alice));
  index_code = ENOSPC;
  journal->flush();
  CHECK(journal->stats().unindexed_records == 3);
  CHECK(journal->stats().entities == 0);
  CHECK(journal->find(alice) == story.summary(alice));
  CHECK(journal->list({}).size() == 2);
  CHECK(due_of(*journal, at(50)).size() == 1);
  must_append(*journal, {story.signal(alice)});
  index_code = 0;
  journal->flush();
  CHECK(journal->stats().unindexed_records == 0);
  CHECK(journal->stats().entities == 2);
  CHECK(journal->load(alice)->base);
  CHECK(journal->find(alice) == story.summary(alice));
  collect_all(*journal, at(1'000'000));
  CHECK(journal->stats().records == 3);
  CHECK(deaths.empty());
}

TEST_CASE_FIXTURE(faulty_journal, "faults: a broken index is marked, and built again") {
  reopen();
  must_append(*journal, {story.signal(alice)});
  index_code = MDB_CORRUPTED;
  journal->flush();
  CHECK(deaths.size() == 1);
  CHECK(std::filesystem::exists(directory.path() / "index.damaged"));
  index_code = 0;
  reopen();
  CHECK(journal->find(alice) == story.summary(alice));
  CHECK_FALSE(std::filesystem::exists(directory.path() / "index.damaged"));
}

TEST_CASE_FIXTURE(faulty_journal, "faults: a removal without room is done later") {
  reopen();
  must_append(*journal, {story.signal(alice), story.signal(alice), story.continued(alice)});
  journal->flush();
  journal_code = ENOSPC;
  CHECK_FALSE(journal->collect(at(1000)));
  CHECK(journal->stats().records == 3);
  journal_code = 0;
  CHECK_FALSE(journal->collect(at(1000)));
  CHECK(journal->stats().records == 1);
}

}  // namespace perdure::persistence
