// What a state was and what it is: fine where data of then reads the same now.

#include "entities/state_schema.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "newer.perdure.h"
#include "older.perdure.h"
#include "states.perdure.h"

using namespace perdure;
using namespace perdure::core;

namespace {

constexpr std::string_view advice = ". What to do: \"Changing code\", docs/guide/versions.md";

std::string text_of(const contract& of) { return std::string(as_text(state_schema(of))); }

/// Returns what is said against `Now`, without what all such texts begin and end with.
template <class Then, class Now>
std::string told() {
  auto& now = Now::description();
  auto why = check_state_schema(state_schema(Then::description()), now);
  if (!why) return "";
  CHECK(why->code == errc::nondeterministic);
  const auto begin = "the contract of \"" + std::string(now.type) + "\" does not fit the data: ";
  INFO(why->detail);
  REQUIRE(why->detail.starts_with(begin));
  REQUIRE(why->detail.ends_with(advice));
  return why->detail.substr(begin.size(), why->detail.size() - begin.size() - advice.size());
}

constexpr std::string_view keep =
    ": what was written before would be misread. Keep the old field, under another name if you "
    "like, and add one with a new number";

constexpr std::string_view back =
    ". Put it back, under another name if you like; or, where this build is older than the data, "
    "start the later one that has it";

std::string misread(const std::string& what) { return what + std::string(keep); }

}  // namespace

TEST_CASE("state schema: it is a text that says all that matters for bytes") {
  CHECK(text_of(states::counter_contract::description()) ==
        R"(perdure state 1
struct CounterState
0 total Int64 0
1 name Text 0
2 lines List(#1) 1
3 size #2 4
4 numbers List(Int32) 2
5 phase.open Void 0 in 5 0
6 phase.paid Int64 2 in 5 1
7 limit UInt32 3 = 5
8 note Text 3 optional
9 raw Data 4
struct Line
0 sku Text 0
1 cents Int64 0
enum Size
0 small
1 large)");
}

TEST_CASE("state schema: what it says is understood again") {
  CHECK(told<states::counter_contract, states::counter_contract>() == "");
  CHECK(told<older::things_contract, older::things_contract>() == "");
  // Equal, but for a line at the end.
  auto stored = text_of(states::pair_contract::description());
  CHECK(!check_state_schema(as_bytes_view(stored + "\nenum Unused"),
                            states::pair_contract::description()));
}

TEST_CASE("state schema: members at the end, other names and groups are fine") {
  CHECK(told<states::counter_contract, states::grown_contract>() == "");
  CHECK(text_of(states::counter_contract::description()) !=
        text_of(states::grown_contract::description()));
}

TEST_CASE("state schema: a union put around a field, as its first member, is fine") {
  CHECK(told<states::plain_contract, states::wrapped_contract>() == "");
}

TEST_CASE("state schema: another type is found") {
  CHECK(told<states::counter_contract, states::retyped_contract>() ==
        misread("`total` of CounterState (@0) was Int64 and is Text"));
  CHECK(told<states::lists_contract, states::texts_contract>() ==
        misread("`raw` of ListState (@1) was Data and is Text"));
  CHECK(told<states::lists_contract, states::inner_contract>() ==
        misread("`cents` of Line (@1) was Int64 and is Int32"));
  CHECK(told<states::sizes_contract, states::few_contract>() ==
        misread("`size` of SizeState (@0) was the enum Size and is Int64"));
}

TEST_CASE("state schema: another type of a list's elements is found") {
  CHECK(told<states::lists_contract, states::structs_contract>() ==
        misread("`texts` of ListState (@0) was List(Text) and is List(the struct Line)"));
  CHECK(told<older::things_contract, newer::things_contract>() ==
        misread("`tags` of Thing (@4) was List(Text) and is List(the struct Tag)"));
}

TEST_CASE("state schema: a field that is missing is found") {
  CHECK(told<states::plain_contract, states::few_contract>() ==
        "`b` of PlainState (@1), Text, is missing: what was written before would be lost" +
            std::string(back));
  CHECK(told<states::grown_contract, states::counter_contract>().starts_with(
      "`color` of Item (@2), Text, is missing"));
}

TEST_CASE("state schema: fields that have changed their places are found") {
  CHECK(
      told<states::pair_contract, states::turned_contract>() ==
      "`a` of PairState (@0) is @1 now: data written before has numbers, not names. Give each its "
      "old number");
  CHECK(told<states::plain_contract, states::swapped_contract>().starts_with(
      "`a` of PlainState (@0) is @1 now"));
}

TEST_CASE("state schema: a field moved into a union, or out of one, is found") {
  CHECK(told<states::pair_contract, states::united_contract>() ==
        misread("`b` of PairState (@1) was in no union and is member 1 of a union"));
  CHECK(told<states::united_contract, states::pair_contract>() ==
        misread("`a` of UnitedState (@0) was member 0 of a union and is in no union"));
  CHECK(told<states::wrapped_contract, states::plain_contract>().starts_with(
      "`a` of WrappedState (@0) was member 0 of a union and is in no union"));
}

TEST_CASE("state schema: another default, and absence that gets a meaning, are found") {
  CHECK(told<states::lists_contract, states::limits_contract>() ==
        "`limit` of ListState (@2) had the default 5 and has 7: what was written before would be "
        "misread. Put the old default back");
  CHECK(told<states::lists_contract, states::absent_contract>() ==
        misread("`raw` of ListState (@1) was Data and is an optional Data"));
}

TEST_CASE("state schema: an enum that was shortened or reordered is found") {
  CHECK(told<states::sizes_contract, states::ones_contract>() ==
        "enumerant `large` of Size (@1) is missing: data written before has it" +
            std::string(back));
  CHECK(
      told<states::sizes_contract, states::upsides_contract>() ==
      "enumerant `small` of Size (@0) is @1 now: data written before has numbers, not names. Give "
      "each its old number");
}

TEST_CASE("state schema: what is no description is refused, and nothing else happens") {
  auto& now = states::counter_contract::description();
  const auto stored = text_of(now);
  for (auto& bad :
       {std::string(), std::string("perdure state 2"), std::string("perdure state 1"),
        stored + "\n10 x y", stored + "\n\n", std::string("perdure state 1\n0 total Int64 0"),
        std::string("perdure state 1\nstruct S\nx total Int64 0")}) {
    INFO(bad);
    auto why = check_state_schema(as_bytes_view(bad), now);
    REQUIRE(why);
    CHECK(why->code == errc::internal);
  }
  for (std::string type : {"List(", "List()", "List(List(", "#", "#99", "#x", "List(#99)"}) {
    const auto bad = "perdure state 1\nstruct S\n0 total " + type + " 0";
    CHECK(check_state_schema(as_bytes_view(bad), now));
  }
}
