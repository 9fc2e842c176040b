// Files of histories, of today and of earlier versions.

#include <perdure/history.h>

#include "tests/persistence/samples.h"
#include "tests/persistence/support.h"

namespace perdure::persistence {

namespace {

using namespace testing;

std::vector<core::record> steps() {
  std::vector<core::record> all;
  for (auto& [name, sample] : sample_records()) all.push_back(sample.step);
  return all;
}

/// The file as the first version wrote it: another first line, and no third block.
bytes as_first_version(const history& what) {
  auto text = std::string(as_text(what.encode()));
  constexpr std::string_view line = "perdure history 2\n";
  constexpr std::size_t block_head = 4 + 8;
  auto schema_at =
      line.size() + 2 * block_head + what.entity().type.size() + what.entity().id.size();
  text.erase(schema_at, block_head + what.schema().size());
  text[line.size() - 2] = '1';
  return bytes_of(text);
}

}  // namespace

TEST_CASE("history file: it gives back steps and schema") {
  const entity_id alice{"cart", "alice"};
  for (auto& schema : {bytes(), bytes_of("how a cart is laid out")}) {
    const history kept(alice, steps(), schema);
    auto found = history::decode(kept.encode());
    REQUIRE(found);
    CHECK(found->entity() == alice);
    CHECK(found->steps() == steps());
    CHECK(found->schema() == schema);
  }
  CHECK(history(alice, steps()).schema().empty());
}

TEST_CASE("history file: one of the first version is read, and has no schema") {
  const history kept({"cart", "alice"}, steps(), bytes_of("how a cart is laid out"));
  auto found = history::decode(as_first_version(kept));
  REQUIRE(found);
  CHECK(found->entity() == kept.entity());
  CHECK(found->steps() == steps());
  CHECK(found->schema().empty());
}

TEST_CASE("history file: of a later version it is refused") {
  auto encoded = history({"cart", "alice"}, {}).encode();
  encoded[std::string_view("perdure history ").size()] = std::byte{'3'};
  auto found = history::decode(encoded);
  REQUIRE_FALSE(found);
  CHECK(found.error().code == errc::malformed);
}

TEST_CASE("history file: a damaged schema is named") {
  auto encoded = history({"cart", "alice"}, {}, bytes_of("laid out")).encode();
  auto text = std::string(as_text(encoded));
  encoded[text.find("laid out")] ^= std::byte{1};
  CHECK(history::decode(encoded).error().detail == "block 3 of the history is damaged");
}

}  // namespace perdure::persistence
