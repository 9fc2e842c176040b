// A snapshot is used only when the journal bears it out; without it, replay begins with the run.

#include <lmdb.h>

#include "persistence/lmdb/layout.h"
#include "tests/persistence/support.h"

namespace perdure::persistence {

namespace {

using namespace testing;

const entity_id alice{"cart", "alice"};
const entity_id bob{"cart", "bob"};

/// Changes the stored snapshot of an entity, the journal being closed.
template <class Change>
void change_snapshot(const std::filesystem::path& directory, const entity_id& of, Change change) {
  MDB_env* env = nullptr;
  REQUIRE(mdb_env_create(&env) == 0);
  REQUIRE(mdb_env_set_maxdbs(env, 8) == 0);
  REQUIRE(mdb_env_set_mapsize(env, std::size_t{64} << 20) == 0);
  REQUIRE(mdb_env_open(env, (directory / "index").c_str(), 0, 0600) == 0);
  MDB_txn* txn = nullptr;
  REQUIRE(mdb_txn_begin(env, nullptr, 0, &txn) == 0);
  MDB_dbi table = 0;
  REQUIRE(mdb_dbi_open(txn, "snapshots", 0, &table) == 0);
  lmdb::entity_key name(of);
  MDB_val key{name.view().size(), const_cast<std::byte*>(name.view().data())};
  MDB_val found{};
  REQUIRE(mdb_get(txn, table, &key, &found) == 0);
  auto* first = static_cast<std::byte*>(found.mv_data);
  bytes value(first, first + found.mv_size);
  change(value);
  MDB_val changed{value.size(), value.data()};
  REQUIRE(mdb_put(txn, table, &key, &changed, 0) == 0);
  REQUIRE(mdb_txn_commit(txn) == 0);
  mdb_env_close(env);
}

class snapshot_fixture {
public:
  snapshot_fixture() {
    journal = open(quiet(directory.path()));
    story.epoch = journal->acquire_all().front();
    for (auto& entity : {alice, bob}) {
      must_append(*journal, {story.signal(entity), story.signal(entity)});
      journal->keep(story.take(entity));
      must_append(*journal, {story.signal(entity)});
    }
    journal->flush();
  }

  void reopen() {
    journal.reset();
    journal = open(quiet(directory.path()));
    story.epoch = journal->acquire_all().front();
  }

  void check_replayed_from_the_start() {
    auto loaded = journal->load(alice);
    REQUIRE(loaded);
    CHECK_FALSE(loaded->base);
    CHECK(loaded->records == story.records(alice));
  }

  temporary_directory directory;
  std::unique_ptr<perdure::persistence::journal> journal;
  storyteller story{16};
};

}  // namespace

TEST_CASE_FIXTURE(snapshot_fixture, "snapshot: it outlives the process") {
  reopen();
  auto loaded = journal->load(alice);
  REQUIRE(loaded);
  REQUIRE(loaded->base);
  CHECK(loaded->base->event == 2);
  CHECK(loaded->records.size() == 1);
}

TEST_CASE_FIXTURE(snapshot_fixture, "snapshot: one with a flipped bit is not used") {
  journal.reset();
  change_snapshot(directory.path(), alice, [](bytes& value) { value.back() ^= std::byte{1}; });
  reopen();
  check_replayed_from_the_start();
  CHECK(journal->load(bob)->base);
}

TEST_CASE_FIXTURE(snapshot_fixture, "snapshot: one of another record is not used") {
  journal.reset();
  change_snapshot(directory.path(), alice, [](bytes& value) {
    auto stored = *lmdb::read_snapshot(value);
    value = lmdb::write_snapshot({stored.taken_after, stored.record_crc + 1, stored.encoded});
  });
  reopen();
  check_replayed_from_the_start();
}

TEST_CASE_FIXTURE(snapshot_fixture, "snapshot: one of another entity is not used") {
  journal.reset();
  auto foreign = encode_snapshot(story.take(bob));
  change_snapshot(directory.path(), alice, [&](bytes& value) {
    auto stored = *lmdb::read_snapshot(value);
    value = lmdb::write_snapshot({stored.taken_after, stored.record_crc, foreign});
  });
  reopen();
  check_replayed_from_the_start();
}

TEST_CASE_FIXTURE(snapshot_fixture, "snapshot: one that names a missing record is not used") {
  journal.reset();
  change_snapshot(directory.path(), alice, [](bytes& value) {
    auto stored = *lmdb::read_snapshot(value);
    value = lmdb::write_snapshot({99, stored.record_crc, stored.encoded});
  });
  reopen();
  check_replayed_from_the_start();
}

TEST_CASE_FIXTURE(snapshot_fixture, "snapshot: a later one takes the place of an earlier one") {
  must_append(*journal, {story.signal(alice)});
  journal->keep(story.take(alice));
  CHECK(journal->load(alice)->base->event == 4);
  journal->flush();
  reopen();
  CHECK(journal->load(alice)->base->event == 4);
}

TEST_CASE_FIXTURE(snapshot_fixture, "snapshot: one that comes late does not displace a later one") {
  auto early = story.take(alice);  // Of event 3.
  must_append(*journal, {story.signal(alice)});
  journal->keep(story.take(alice));
  journal->flush();
  journal->keep(early);
  journal->flush();
  reopen();
  CHECK(journal->load(alice)->base->event == 4);
}

TEST_CASE_FIXTURE(snapshot_fixture, "snapshot: that of the last run leaves with it") {
  must_append(*journal, {story.continued(alice)});
  journal->flush();
  reopen();
  CHECK_FALSE(journal->load(alice)->base);
  journal->keep(story.take(alice));
  journal->flush();
  CHECK(journal->load(alice)->base);
}

TEST_CASE("snapshot: those that find no room in the queue are dropped") {
  temporary_directory directory;
  storyteller story(16);
  auto options = quiet(directory.path());
  options.snapshot_queue_bytes = 600;
  auto journal = open(options);
  story.epoch = journal->acquire_all().front();
  must_append(*journal, {story.signal(alice), story.signal(bob)});
  auto large = story.take(alice);
  large.carried.state.resize(1000);
  journal->keep(large);
  journal->keep(story.take(bob));
  journal->flush();
  CHECK_FALSE(journal->load(alice)->base);
  CHECK(journal->load(bob)->base);
}

}  // namespace perdure::persistence
