// The data directory: who may open it, and that opening it again finds everything.

#include <sys/stat.h>

#include <algorithm>
#include <span>

#include "tests/persistence/support.h"

namespace perdure::persistence {

namespace {

using namespace testing;

const entity_id alice{"cart", "alice"};
const entity_id bob{"cart", "bob"};

error refusal(const lmdb_options& options) {
  auto opened = open_lmdb_journal(options);
  REQUIRE_FALSE(opened);
  return opened.error();
}

unsigned mode_of(const std::filesystem::path& path) {
  struct stat found{};
  REQUIRE(::stat(path.c_str(), &found) == 0);
  return found.st_mode & 0777U;
}

}  // namespace

TEST_CASE("lmdb: what was appended is there after opening again, indexed or not") {
  temporary_directory directory;
  storyteller story(16);
  for (bool flushed : {false, true, false}) {
    auto journal = open(quiet(directory.path()));
    story.epoch = journal->acquire_all().front();
    if (story.knows(alice)) {
      CHECK(journal->load(alice)->records == story.records(alice));
      CHECK(journal->find(bob) == story.summary(bob));
    }
    must_append(*journal, {story.signal(alice), story.due(bob, at(500)), story.signal(alice)});
    if (flushed) journal->flush();
  }
  auto journal = open(quiet(directory.path()));
  CHECK(journal->load(alice)->records == story.records(alice));
  CHECK(journal->load(bob)->records == story.records(bob));
  CHECK(due_of(*journal, at(501)) == std::vector{std::pair{bob, at(500)}});
  CHECK(journal->list({}).size() == 2);
  CHECK(journal->stats().unindexed_records == 3);
}

TEST_CASE("lmdb: a record as large as a run may be is there after opening again") {
  temporary_directory directory;
  storyteller story(16);
  core::record part;
  part.event = 1;
  part.what = core::signal_received{7, bytes(60 << 20, std::byte{42})};
  {
    auto journal = open(quiet(directory.path()));
    story.epoch = journal->acquire_all().front();
    must_append(*journal, {story.signal(alice),
                           story.tell(alice, core::run_reset{1, "a mistake", {part}, {}}),
                           story.signal(alice)});
  }
  auto loaded = open(quiet(directory.path()))->load(alice);
  REQUIRE(loaded);
  CHECK(std::ranges::equal(loaded->records, std::span(story.records(alice)).subspan(1)));
}

TEST_CASE("lmdb: epochs are durable, and grow with each owner") {
  temporary_directory directory;
  {
    CHECK(open(quiet(directory.path()))->acquire_all()[5] == 1);
  }
  {
    CHECK(open(quiet(directory.path()))->acquire(5) == 2);
  }
  auto journal = open(quiet(directory.path()));
  CHECK(journal->acquire(5) == 3);
  CHECK(journal->acquire(6) == 2);
}

TEST_CASE("lmdb: a directory has one node at a time") {
  temporary_directory directory;
  auto journal = open(quiet(directory.path()));
  auto why = refusal(quiet(directory.path()));
  CHECK(why.code == errc::unavailable);
  CHECK(why.detail.find("another node is running on this directory") != std::string::npos);
  journal.reset();
  CHECK(open(quiet(directory.path())));
}

TEST_CASE("lmdb: the number of shards is fixed when the directory is made") {
  temporary_directory directory;
  auto options = quiet(directory.path());
  CHECK(open(options)->shard_count() == 16);
  options.shard_count = 32;
  auto why = refusal(options);
  CHECK(why.code == errc::malformed);
  CHECK(why.detail.find("has 16 shards, not 32") != std::string::npos);
  options.shard_count = 0;
  CHECK(open(options)->shard_count() == 16);
}

TEST_CASE("lmdb: a directory that cannot be made is refused by name") {
  temporary_directory directory;
  auto why = refusal(quiet("/proc/no-such-place/data"));
  CHECK(why.code == errc::internal);
  CHECK(why.detail.find("/proc/no-such-place/data") != std::string::npos);
}

TEST_CASE("lmdb: an index without its journal is not taken for an empty directory") {
  temporary_directory directory;
  open(quiet(directory.path())).reset();
  std::filesystem::remove_all(directory.path() / "journal");
  CHECK(refusal(quiet(directory.path())).detail.find("the journal is lost") != std::string::npos);
}

TEST_CASE("lmdb: nobody else can read the data") {
  temporary_directory directory;
  auto inside = directory.path() / "deep" / "data";
  auto journal = open(quiet(inside));
  CHECK(mode_of(inside) == 0700);
  for (auto* folder : {"journal", "index"}) {
    CHECK(mode_of(inside / folder) == 0700);
    CHECK(mode_of(inside / folder / "data.mdb") == 0600);
    CHECK(mode_of(inside / folder / "lock.mdb") == 0600);
  }
  CHECK(mode_of(inside / "LOCK") == 0600);
}

TEST_CASE("lmdb: what a crash left half made is made again") {
  temporary_directory directory;
  std::filesystem::create_directories(directory.path() / "journal.new");
  auto journal = open(quiet(directory.path()));
  CHECK(journal->acquire_all().size() == 16);
  CHECK_FALSE(std::filesystem::exists(directory.path() / "journal.new"));
}

TEST_CASE("lmdb: numbers of removed records are not used again") {
  temporary_directory directory;
  storyteller story(16);
  auto journal = open(quiet(directory.path()));
  story.epoch = journal->acquire_all().front();
  must_append(*journal, {story.signal(bob), story.signal(alice), story.terminated(alice)});
  collect_all(*journal, at(1'000'000'000));
  CHECK(journal->stats().records == 1);
  journal.reset();
  journal = open(quiet(directory.path()));
  story.epoch = journal->acquire_all().front();
  story.forget(alice);
  must_append(*journal, {story.signal(alice)});
  journal.reset();
  journal = open(quiet(directory.path()));  // The index followed record 3: the new one is the 4th.
  CHECK(journal->load(alice)->records == story.records(alice));
}

TEST_CASE("lmdb: a backup of a journal in use opens as a data directory") {
  temporary_directory directory;
  storyteller story(16);
  auto journal = open(quiet(directory.path() / "data"));
  story.epoch = journal->acquire_all().front();
  must_append(*journal, {story.signal(alice), story.due(bob, at(7))});
  journal->flush();
  auto target = directory.path() / "backup";
  REQUIRE(journal->backup(target));
  CHECK(journal->backup(target).error().code == errc::malformed);
  CHECK(mode_of(target) == 0700);
  CHECK(mode_of(target / "journal" / "data.mdb") == 0600);
  must_append(*journal, {story.signal(alice)});
  auto copy = open(quiet(target));
  CHECK(copy->load(alice)->records.size() == 1);
  CHECK(copy->load(bob)->records == story.records(bob));
  CHECK(due_of(*copy, at(8)).size() == 1);
  CHECK(copy->acquire_all().front() == story.epoch + 1);
}

TEST_CASE("lmdb: closing with a background thread leaves nothing to index") {
  temporary_directory directory;
  storyteller story(16);
  auto options = quiet(directory.path());
  options.background = true;
  {
    auto journal = open(options);
    story.epoch = journal->acquire_all().front();
    must_append(*journal, {story.signal(alice), story.signal(bob)});
  }
  auto journal = open(quiet(directory.path()));
  CHECK(journal->stats().unindexed_records == 0);
  CHECK(journal->stats().entities == 2);
}

}  // namespace perdure::persistence
