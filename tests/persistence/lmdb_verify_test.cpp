// Bit rot is found: by who reads the record, and by `verify` wherever it is.

#include "tests/persistence/support.h"

namespace perdure::persistence {

namespace {

using namespace testing;

const entity_id alice{"cart", "alice"};
const entity_id bob{"cart", "bob"};

class rotting_directory {
public:
  rotting_directory() {
    auto journal = open(quiet(path()));
    story.epoch = journal->acquire_all().front();
    must_append(*journal, {story.signal(alice), signal_of(alice, "A-MARKED-RECORD")});
    must_append(*journal, {story.signal(alice), story.signal(bob)});
    journal->flush();
  }

  batch signal_of(const entity_id& entity, std::string_view text) {
    return story.tell(entity, core::signal_received{1, bytes_of(text)});
  }

  const std::filesystem::path& path() const { return directory_.path(); }

  storyteller story{16};

private:
  temporary_directory directory_;
};

}  // namespace

TEST_CASE_FIXTURE(rotting_directory, "verify: a sound journal is sound") {
  auto report = verify_lmdb_journal(path());
  REQUIRE(report);
  CHECK(report->sound());
  CHECK(report->shard_count == 16);
  CHECK(report->records == 4);
  CHECK(report->entities == 2);
  CHECK(report->index_checked);
  CHECK(report->index_rows == 2);
}

TEST_CASE_FIXTURE(rotting_directory, "verify: a flipped bit is found, with its entity and event") {
  REQUIRE(flip_bit(path(), "A-MARKED-RECORD") >= 1);
  auto report = verify_lmdb_journal(path());
  REQUIRE(report);
  REQUIRE(report->findings_count == 1);
  auto& found = report->findings.front();
  CHECK(found.record == 2);
  CHECK(found.entity == alice);
  CHECK(found.event == 2);
  CHECK(found.what == "its checksum differs");
}

TEST_CASE_FIXTURE(rotting_directory, "verify: damage is its entity's own") {
  REQUIRE(flip_bit(path(), "A-MARKED-RECORD") >= 1);
  auto journal = open(quiet(path()));
  auto loaded = journal->load(alice);
  REQUIRE_FALSE(loaded);
  CHECK(loaded.error().code == errc::internal);
  CHECK(loaded.error().detail.find("event 2") != std::string::npos);
  CHECK(journal->history(alice, 0, 10, {}).error().code == errc::internal);
  CHECK(journal->load(bob)->records == story.records(bob));
}

TEST_CASE_FIXTURE(rotting_directory,
                  "verify: damage that the index has not seen parks its entity") {
  {
    auto journal = open(quiet(path()));
    story.epoch = journal->acquire_all().front();
    must_append(*journal, {signal_of(bob, "THE-VERY-LAST-ONE")});
  }
  REQUIRE(flip_bit(path(), "THE-VERY-LAST-ONE") >= 1);
  auto journal = open(quiet(path()));
  CHECK(journal->find(bob)->last_event == 2);
  CHECK(journal->load(bob).error().code == errc::internal);
  CHECK(journal->load(alice)->records == story.records(alice));
}

TEST_CASE_FIXTURE(rotting_directory, "verify: damage of nobody knows whom stops the start") {
  {
    auto journal = open(quiet(path()));
    story.epoch = journal->acquire_all().front();
    must_append(*journal, {signal_of({"cart", "carol"}, "CAROLS-FIRST-ONE")});
  }
  REQUIRE(flip_bit(path(), "CAROLS-FIRST-ONE") >= 1);
  auto opened = open_lmdb_journal(quiet(path()));
  REQUIRE_FALSE(opened);
  CHECK(opened.error().detail.find("record 5 is damaged") != std::string::npos);
}

TEST_CASE_FIXTURE(rotting_directory, "verify: an index that disagrees is found") {
  temporary_directory other;
  {
    auto journal = open(quiet(path()));
    REQUIRE(journal->backup(other.path() / "copy"));
    story.epoch = journal->acquire_all().front();
    must_append(*journal, {story.signal({"cart", "late"})});
    journal->flush();
  }
  std::filesystem::copy(path() / "index", other.path() / "copy" / "index");
  auto report = verify_lmdb_journal(other.path() / "copy");
  REQUIRE(report);
  CHECK_FALSE(report->sound());
  CHECK(report->findings.front().what == "the index knows an entity without records");
}

TEST_CASE_FIXTURE(rotting_directory, "verify: not in the process that has the directory open") {
  auto journal = open(quiet(path()));
  auto report = verify_lmdb_journal(path());
  REQUIRE_FALSE(report);
  CHECK(report.error().code == errc::unavailable);
}

TEST_CASE("verify: a directory without a journal is an error") {
  temporary_directory directory;
  CHECK_FALSE(verify_lmdb_journal(directory.path()));
}

}  // namespace perdure::persistence
