// The day that the demo sends, and the ledger that it is held against.

#include <doctest/doctest.h>

#include <filesystem>
#include <map>
#include <set>

#include "examples/shop/demo/ledger.h"
#include "examples/shop/demo/shop_process.h"

namespace shop::demo {

TEST_CASE("day: the same plan makes the same day, another seed another one") {
  day_plan plan{.messages = 2'000};
  CHECK(make_day(plan) == make_day(plan));
  auto other = plan;
  other.seed = 43;
  CHECK(make_day(plan) != make_day(other));
}

TEST_CASE("day: keys differ, and every kind of message is there, accepted and refused") {
  auto day = make_day({});
  CHECK(day.size() >= 20'000);
  ledger shop;
  std::set<std::string> keys;
  std::map<std::string, std::size_t> accepted, refused;
  for (auto& what : day) {
    keys.insert(what.key);
    ++(shop.book(what).refused ? refused : accepted)[what.call];
  }
  CHECK(keys.size() == day.size());
  CHECK(accepted.size() == 9);
  for (auto call : {"addItem", "checkout", "withdraw", "reserve", "receive"}) {
    INFO(call);
    CHECK(refused[call] > 0);
  }
  CHECK(shop.carts().size() == 1'000);
  CHECK(shop.balances().size() == 200);
  CHECK(shop.stock().size() == 50);
}

TEST_CASE("day: a file gives back what was written") {
  temporary_folder folder(std::filesystem::temp_directory_path());
  auto day = make_day({.messages = 500});
  write_day(folder.path() / "day.jsonl", day);
  CHECK(read_day(folder.path() / "day.jsonl") == day);
}

TEST_CASE("day: a bad line is refused") {
  CHECK_THROWS(from_line(""));
  CHECK_THROWS(from_line(R"({"key":"1","to":"cart","call":"checkout","with":{"account":"a"}})"));
  CHECK_THROWS(from_line(R"({"key":"1","to":"cart/a","call":"steal","with":{}})"));
  CHECK_THROWS(from_line(R"({"key":"1","to":"account/a","call":"deposit","with":{"cents":"x"}})"));
}

TEST_CASE("ledger: a refused message changes nothing") {
  ledger shop;
  shop.book({.to = {"account", "a"}, .call = "deposit", .cents = 100});
  auto before = shop.balances();
  CHECK(shop.book({.to = {"account", "a"}, .call = "withdraw", .cents = 101}).refused);
  CHECK(shop.balances() == before);
  CHECK(shop.book({.to = {"account", "a"}, .call = "withdraw", .cents = 40}) ==
        expected_answer{.number = 60});
}

}  // namespace shop::demo
