#include <doctest/doctest.h>

#include "entities/json.h"
#include "entities/payload.h"
#include "newer.perdure.h"
#include "older.perdure.h"

/// A contract grows; what its older self wrote is read by its newer self, and the other way round.

namespace {

using perdure::core::json_codec;

older::thing old_thing() {
  return {.name = "lamp",
          .count = 3,
          .size = older::size::large,
          .parts = {{.name = "bulb"}, {}},
          .tags = {"a", ""},
          .state = older::thing::state_is::used{9}};
}

newer::thing new_thing() {
  return {.name = "lamp",
          .count = 3,
          .size = newer::size::huge,
          .parts = {{.name = "bulb", .weight = 2, .made = "there"}, {}},
          .tags = {{.name = "a", .color = "red"}, {}},
          .state = newer::thing::state_is::used{9},
          .price = 5,
          .owner = "me",
          .extra = {.name = "more"}};
}

TEST_CASE("evolution: an older payload gets the newer contract's defaults") {
  auto read = perdure::decode<newer::thing>(perdure::encode(old_thing()));
  newer::thing expected{.name = "lamp",
                        .count = 3,
                        .size = newer::size::large,
                        .parts = {{.name = "bulb"}, {}},
                        .tags = {{.name = "a"}, {}},
                        .state = newer::thing::state_is::used{9}};
  CHECK(read == expected);
  CHECK(read.price == -1);
  CHECK(read.owner == "nobody");
  CHECK(read.parts[1].made == "here");
}

TEST_CASE("evolution: a newer payload is read by the older contract as far as it knows it") {
  auto read = perdure::decode<older::thing>(perdure::encode(new_thing()));
  auto expected = old_thing();
  expected.size = static_cast<older::size>(2);
  CHECK(read == expected);
}

TEST_CASE("evolution: a value without anything new has the same bytes in both versions") {
  auto value = old_thing();
  value.tags.clear();
  auto read = perdure::decode<newer::thing>(perdure::encode(value));
  CHECK(perdure::encode(read) == perdure::encode(value));
}

TEST_CASE("evolution: a member of a union that the contract does not know is refused") {
  auto value = new_thing();
  value.state = newer::thing::state_is::broken{"in two"};
  CHECK_THROWS_WITH_AS(perdure::decode<older::thing>(perdure::encode(value)),
                       "malformed: Thing.state: member 2 of this union is not in this version of "
                       "the contract",
                       perdure::failure);
}

TEST_CASE("evolution: JSON follows the contract it is asked of") {
  json_codec older_json{older::things_contract::description()};
  json_codec newer_json{newer::things_contract::description()};
  auto older_schema = perdure::codec<older::thing>::schema;
  auto newer_schema = perdure::codec<newer::thing>::schema;
  CHECK(newer_json.encode(newer_schema, perdure::encode(old_thing())).value() ==
        R"({"name":"lamp","count":3,"size":"large","parts":[)"
        R"({"name":"bulb","weight":1.5,"made":"here"},{"name":"","weight":1.5,"made":"here"}],)"
        R"("tags":[{"name":"a","color":""},{"name":"","color":""}],"state":{"used":9},)"
        R"("price":"-1","owner":"nobody","extra":{"name":"","weight":1.5,"made":"here"}})");
  CHECK(older_json.encode(older_schema, perdure::encode(new_thing())).value() ==
        R"({"name":"lamp","count":3,"size":2,"parts":[{"name":"bulb"},{"name":""}],)"
        R"("tags":["a",""],"state":{"used":9}})");
  CHECK(older_json.decode(older_schema, R"({"price":5})").error().detail ==
        "price: unknown field; there are: name, count, size, parts, tags, state");
}

}  // namespace
