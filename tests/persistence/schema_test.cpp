// Schemas of states: kept beside the journal, as durable as it is.

#include "tests/persistence/engines.h"

namespace perdure::persistence {

namespace {

using namespace testing;

}  // namespace

TEST_CASE_TEMPLATE("schema: what was kept last is there, whatever happens to the index", F,
                   EVERY_ENGINE) {
  F f;
  std::string longest(240, 't');
  CHECK_FALSE(f.engine().schema("cart"));
  f.engine().keep_schema("cart", bytes_of("first"));
  f.engine().keep_schema("car", {});
  f.engine().keep_schema(longest, bytes(100'000, std::byte{42}));
  f.engine().keep_schema("cart", bytes_of("second"));
  for (bool without_index : {false, true}) {
    f.reopen(without_index);
    CHECK(f.engine().schema("cart") == bytes_of("second"));
    CHECK(f.engine().schema("car") == bytes());
    CHECK(f.engine().schema(longest) == bytes(100'000, std::byte{42}));
    CHECK_FALSE(f.engine().schema("carts"));
    CHECK_FALSE(f.engine().schema(""));
  }
  must_append(f.engine(), {f.story.signal({"cart", "alice"})});
  CHECK(f.engine().schema("cart") == bytes_of("second"));
}

TEST_CASE("schema: a backup has it") {
  temporary_directory directory;
  auto target = directory.path() / "copy";
  {
    auto journal = open(quiet(directory.path() / "data"));
    journal->keep_schema("cart", bytes_of("how a cart is laid out"));
    CHECK(journal->backup(target));
  }
  CHECK(open(quiet(target))->schema("cart") == bytes_of("how a cart is laid out"));
}

TEST_CASE("schema: without room it is not kept, and the one before stays") {
  temporary_directory directory;
  int code = 0;
  auto options = quiet(directory.path());
  options.faults.journal_commit = [&] { return code; };
  auto journal = open(options);
  journal->keep_schema("cart", bytes_of("first"));
  code = ENOSPC;
  CHECK_THROWS_AS(journal->keep_schema("cart", bytes_of("second")), failure);
  code = 0;
  CHECK(journal->schema("cart") == bytes_of("first"));
}

TEST_CASE("schema: a damaged one is none, and a finding") {
  temporary_directory directory;
  open(quiet(directory.path()))->keep_schema("cart", bytes_of("how a cart is laid out"));
  REQUIRE(flip_bit(directory.path(), "how a cart is laid out") > 0);
  CHECK_FALSE(open(quiet(directory.path()))->schema("cart"));
  auto report = verify_lmdb_journal(directory.path());
  REQUIRE(report);
  REQUIRE(report->findings.size() == 1);
  CHECK(report->findings[0].what == "the schema that is kept of type cart is damaged");
}

}  // namespace perdure::persistence
