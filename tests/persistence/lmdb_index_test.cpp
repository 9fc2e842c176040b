// The index is disposable: whatever happens to it, the answers stay the same.

#include <lmdb.h>

#include <fstream>
#include <functional>

#include "tests/persistence/support.h"

namespace perdure::persistence {

namespace {

using namespace testing;

const entity_id alice{"cart", "alice"};
const entity_id bob{"cart", "bob"};
const entity_id carol{"cart", "carol"};

/// A directory with a bit of everything, flushed and closed.
class told_directory {
public:
  told_directory() {
    auto journal = open(options());
    story.epoch = journal->acquire_all().front();
    must_append(*journal, {story.signal(alice), story.due(bob, at(300)), story.signal(carol)});
    must_append(*journal, {story.continued(alice), story.terminated(carol)});
    for (int i = 0; i < 50; ++i) {
      must_append(*journal, {story.due({"timer", std::to_string(i)}, at(1000 + i))});
    }
    journal->flush();
    remember(*journal);
  }

  lmdb_options options() const { return quiet(directory_.path()); }
  std::filesystem::path index() const { return directory_.path() / "index"; }
  const std::filesystem::path& path() const { return directory_.path(); }

  void check_same_answers() {
    auto journal = open(options());
    auto now = list_all(*journal);
    REQUIRE(now.size() == listed_.size());
    for (std::size_t i = 0; i < now.size(); ++i) {
      CHECK(now[i].entity == listed_[i].entity);
      CHECK(now[i].summary == listed_[i].summary);
    }
    CHECK(due_of(*journal, at(10'000)) == due_);
    CHECK(journal->load(alice)->records.size() == 1);
    // What had ended before is known again.
    collect_all(*journal, at(1'000'000'000));
    CHECK_FALSE(journal->find(carol));
    CHECK(journal->history(alice, 0, 10, 1)->empty());
    CHECK(journal->stats().records == 52);
  }

  storyteller story{16};

private:
  static std::vector<listed_entity> list_all(const journal& from) {
    return from.list({.type = "", .status = {}, .after = {}, .limit = 1000});
  }

  void remember(const journal& from) {
    listed_ = list_all(from);
    due_ = due_of(from, at(10'000));
  }

  temporary_directory directory_;
  std::vector<listed_entity> listed_;
  std::vector<std::pair<entity_id, timestamp>> due_;
};

/// Puts a value into a table of a closed index, past all that looks after it.
void change_index(const std::filesystem::path& index, const char* table, std::string key,
                  std::string value) {
  MDB_env* env = nullptr;
  REQUIRE(mdb_env_create(&env) == 0);
  REQUIRE(mdb_env_set_maxdbs(env, 16) == 0);
  REQUIRE(mdb_env_set_mapsize(env, std::size_t{64} << 20) == 0);
  REQUIRE(mdb_env_open(env, index.c_str(), 0, 0600) == 0);
  MDB_txn* txn = nullptr;
  MDB_dbi handle = 0;
  MDB_val at{key.size(), key.data()};
  MDB_val content{value.size(), value.data()};
  REQUIRE(mdb_txn_begin(env, nullptr, 0, &txn) == 0);
  REQUIRE(mdb_dbi_open(txn, table, 0, &handle) == 0);
  REQUIRE(mdb_put(txn, handle, &at, &content, 0) == 0);
  REQUIRE(mdb_txn_commit(txn) == 0);
  mdb_env_close(env);
}

}  // namespace

TEST_CASE("index: missing, it is built again") {
  told_directory told;
  std::filesystem::remove_all(told.index());
  told.check_same_answers();
}

TEST_CASE("index: damaged in its head, it is built again") {
  told_directory told;
  std::ofstream(told.index() / "data.mdb", std::ios::binary | std::ios::in)
      << "not LMDB at all" << std::string(9000, 'x');
  told.check_same_answers();
}

TEST_CASE("index: cut short, it is built again") {
  told_directory told;
  auto file = told.index() / "data.mdb";
  std::filesystem::resize_file(file, std::filesystem::file_size(file) - 4096);
  told.check_same_answers();
}

TEST_CASE("index: empty, it is built again") {
  told_directory told;
  std::filesystem::remove_all(told.index());
  std::filesystem::create_directory(told.index());
  told.check_same_answers();
}

TEST_CASE("index: of another journal, it is built again") {
  told_directory told;
  temporary_directory other;
  storyteller story(16);
  {
    auto journal = open(quiet(other.path()));
    story.epoch = journal->acquire_all().front();
    must_append(*journal, {story.signal({"stranger", "x"})});
    journal->flush();
  }
  std::filesystem::remove_all(told.index());
  std::filesystem::copy(other.path() / "index", told.index());
  told.check_same_answers();
}

TEST_CASE("index: ahead of the journal, as after a restored backup, it is built again") {
  told_directory told;
  auto backup = told.path() / "backup";
  {
    auto journal = open(told.options());
    REQUIRE(journal->backup(backup));
    told.story.epoch = journal->acquire_all().front();
    must_append(*journal, {told.story.signal({"cart", "late"})});
    journal->flush();
  }
  std::filesystem::remove_all(told.path() / "journal");
  std::filesystem::rename(backup / "journal", told.path() / "journal");
  told.check_same_answers();
}

TEST_CASE("index: a mark that it is damaged has it built again") {
  told_directory told;
  std::ofstream(told.path() / "index.damaged") << "x";
  told.check_same_answers();
  CHECK_FALSE(std::filesystem::exists(told.path() / "index.damaged"));
}

TEST_CASE("index: a later due time leaves the earlier entry until its time has come") {
  temporary_directory directory;
  storyteller story(16);
  auto journal = open(quiet(directory.path()));
  story.epoch = journal->acquire_all().front();
  must_append(*journal, {story.due(alice, at(100))});
  journal->flush();
  auto untouched = journal->stats().index_bytes;
  // Moved on again and again: found neither at the old time nor too late.
  for (int i = 1; i <= 50; ++i) {
    story.now = i;
    must_append(*journal, {story.due(alice, at(100 + i * 10))});
    if (i % 10 == 0) journal->flush();
  }
  CHECK(due_of(*journal, at(600)).empty());
  CHECK(due_of(*journal, at(601)) == std::vector{std::pair{alice, at(600)}});
  journal->flush();  // Mends the entry that was found early.
  CHECK(due_of(*journal, at(600)).empty());
  CHECK(due_of(*journal, at(601)) == std::vector{std::pair{alice, at(600)}});
  // An earlier time moves it at once, none takes it away.
  must_append(*journal, {story.due(alice, at(90))});
  journal->flush();
  CHECK(due_of(*journal, at(91)) == std::vector{std::pair{alice, at(90)}});
  must_append(*journal, {story.due(alice, std::nullopt)});
  journal->flush();
  CHECK(due_of(*journal, at(1000)).empty());
  journal->flush();
  CHECK(due_of(*journal, at(1000)).empty());
  CHECK(journal->stats().index_bytes <= untouched + 4096);
}

TEST_CASE("index: many due at once are all told, page after page") {
  temporary_directory directory;
  storyteller story(16);
  auto journal = open(quiet(directory.path()));
  story.epoch = journal->acquire_all().front();
  std::vector<batch> batches;
  for (int i = 0; i < 3500; ++i)
    batches.push_back(story.due({"t", std::to_string(i)}, at(i / 100)));
  must_append(*journal, batches);
  journal->flush();
  CHECK(due_of(*journal, at(1000)).size() == 3500);
  CHECK(due_of(*journal, at(10)).size() == 1000);
  CHECK(due_of(*journal, at(0)).empty());
}

TEST_CASE("index: few rows are kept in memory, and all are found") {
  temporary_directory directory;
  storyteller story(16);
  auto options = quiet(directory.path());
  options.rows_kept = 64;
  auto journal = open(options);
  story.epoch = journal->acquire_all().front();
  for (int round = 0; round < 4; ++round) {
    for (int i = 0; i < 500; ++i) {
      must_append(*journal, {story.signal({"cart", std::to_string(i)})});
      if (i % 97 == 0) journal->flush();
    }
  }
  for (int i = 0; i < 500; ++i) {
    entity_id entity{"cart", std::to_string(i)};
    CHECK(journal->find(entity) == story.summary(entity));
    CHECK(journal->load(entity)->records == story.records(entity));
  }
}

TEST_CASE("index: attributes, what is pending and progress are there after opening again") {
  temporary_directory directory;
  storyteller story(16);
  bool flushed = false;
  bool rebuilt = false;
  SUBCASE("written by a flush") { flushed = true; }
  SUBCASE("read from the log") {}
  SUBCASE("the index is built again") { flushed = rebuilt = true; }
  {
    auto journal = open(quiet(directory.path()));
    story.epoch = journal->acquire_all().front();
    must_append(*journal, {story.attributed(alice, {{"gold", true}}), story.pending(bob, true),
                           story.signal(carol), story.attributed(carol, {{"gold", false}})});
    journal->note(bob, {.activity = 1, .attempt = 5});
    journal->flush();
    must_append(*journal, {story.signal(alice), story.attributed(carol, {}),
                           story.attributed(bob, {{"name", "Bob"}})});
    journal->note(bob, {.activity = 1, .attempt = 6});
    if (flushed) journal->flush();
  }
  if (rebuilt) std::filesystem::remove_all(directory.path() / "index");
  auto journal = open(quiet(directory.path()));
  for (bool written : {false, true}) {
    CAPTURE(written);
    if (written) journal->flush();
    auto all = journal->list({});
    REQUIRE(all.size() == 3);
    for (auto& line : all) CHECK(line.attributes == story.attributes(line.entity));
    CHECK(journal->count(
              {.where = [](const core::attributes& own) { return own.contains("gold"); }}) == 1);
    CHECK(pending_of(*journal) == std::vector{bob});
    auto noted = journal->noted(bob);
    REQUIRE(noted.size() == (rebuilt ? 0 : 1));
    if (!rebuilt) CHECK(noted[0].attempt == (flushed ? 6 : 5));
  }
  journal.reset();
  auto report = verify_lmdb_journal(directory.path());
  REQUIRE(report);
  CHECK(report->index_checked);
  CHECK(report->sound());
}

TEST_CASE("index: an end that it has not seen takes the progress it has seen") {
  temporary_directory directory;
  storyteller story(16);
  {
    auto journal = open(quiet(directory.path()));
    story.epoch = journal->acquire_all().front();
    must_append(*journal, {story.signal(alice)});
    journal->note(alice, {.activity = 1, .attempt = 5});
    journal->flush();
    must_append(*journal, {story.ended(alice), story.started(alice)});
  }
  auto journal = open(quiet(directory.path()));
  CHECK(journal->noted(alice).empty());
  journal->flush();
  CHECK(journal->noted(alice).empty());
}

TEST_CASE("index: of another format it is built again, and no finding") {
  told_directory told;
  std::uint32_t format = 1;
  change_index(told.index(), "meta", "format", {reinterpret_cast<char*>(&format), sizeof format});
  auto report = verify_lmdb_journal(told.path());
  REQUIRE(report);
  CHECK(report->sound());
  CHECK_FALSE(report->index_checked);
  told.check_same_answers();
}

TEST_CASE("index: found damaged by a reader, it is marked and the process ends") {
  told_directory told;
  auto key = std::string("cart\0alice", 10);
  std::vector<std::string> deaths;
  auto options = told.options();
  options.faults.fatal = [&](const std::string& why) { deaths.push_back(why); };
  std::function<void(journal&)> read;
  SUBCASE("in a row, by find") {
    change_index(told.index(), "entities", key, "not a row");
    read = [](journal& from) { CHECK_FALSE(from.find(alice)); };
  }
  SUBCASE("in a row, by load") {
    change_index(told.index(), "entities", key, "not a row");
    read = [](journal& from) { CHECK(from.load(alice).error().code == errc::internal); };
  }
  SUBCASE("in a row, by list") {
    change_index(told.index(), "entities", key, "not a row");
    read = [](journal& from) { CHECK(from.list({}).empty()); };
  }
  SUBCASE("in attributes, by count") {
    change_index(told.index(), "attributes", key, "no attributes");
    read = [](journal& from) {
      CHECK(from.count({.where = [](const core::attributes&) { return true; }}) == 0);
    };
  }
  SUBCASE("in a due time") {
    change_index(told.index(), "due", "x", "");
    read = [](journal& from) { due_of(from, at(1'000'000)); };
  }
  SUBCASE("in the list of garbage, by collect") {
    change_index(told.index(), "garbage", '\1' + std::string(20, '\0'), "");
    read = [](journal& from) { CHECK_FALSE(from.collect(at(1'000'000))); };
  }
  {
    auto journal = open(options);
    CHECK(deaths.empty());
    read(*journal);
    REQUIRE(deaths.size() == 1);
    CHECK(deaths[0].find(told.path().string()) != std::string::npos);
    CHECK(std::filesystem::exists(told.path() / "index.damaged"));
  }
  told.check_same_answers();
}

}  // namespace perdure::persistence
