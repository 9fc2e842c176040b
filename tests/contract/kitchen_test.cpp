#include "kitchen.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "entities/json.h"
#include "entities/payload.h"

/// Every type and shape of a contract: its value survives encoding, by both encoders, to the same
/// canonical bytes.

namespace {

using namespace kitchen_example;
using perdure::core::canonical;

const perdure::contract& described() { return kitchen::kitchen_contract::description(); }

const perdure::core::json_codec& json() {
  static const perdure::core::json_codec codec{described()};
  return codec;
}

/// Checks one value on all ways through the codecs.
template <class T>
void check_ways(const T& value) {
  constexpr auto schema = perdure::codec<T>::schema;
  auto payload = perdure::encode(value);
  CHECK(perdure::decode<T>(payload) == value);
  CHECK(canonical(payload).value() == payload);
  auto text = json().encode(schema, payload).value();
  auto again = json().decode(schema, text);
  REQUIRE_MESSAGE(again, again.error().detail);
  CHECK(*again == payload);
  CHECK(json().encode(schema, *again).value() == text);
}

TEST_CASE("kitchen: every value is the same by both encoders and back") {
  check_ways(state());
  check_ways(numbers());
  check_ways(lists());
  check_ways(optionals());
  check_ways(tree());
  check_ways(chicken());
  check_ways(no_defaults());
  for (auto& order : orders()) check_ways(order);
}

TEST_CASE("kitchen: every default value is the empty payload and comes back") {
  auto check = [](auto value) {
    using type = decltype(value);
    CHECK(perdure::encode(value) == perdure::empty_payload());
    CHECK(perdure::decode<type>(perdure::empty_payload()) == value);
    CHECK(json().decode(perdure::codec<type>::schema, "{}").value() == perdure::empty_payload());
    auto shown = json().encode(perdure::codec<type>::schema, perdure::empty_payload()).value();
    CHECK(json().decode(perdure::codec<type>::schema, shown).value() == perdure::empty_payload());
  };
  check(kitchen::numbers{});
  check(kitchen::lists{});
  check(kitchen::optionals{});
  check(kitchen::order{});
  check(kitchen::tree{});
  check(kitchen::chicken{});
  check(kitchen::kitchen_contract::rename_params{});
}

TEST_CASE("kitchen: defaults are those of the contract") {
  kitchen::defaults value;
  CHECK(value.bool_);
  CHECK(value.i8 == -128);
  CHECK(value.i64 == std::numeric_limits<std::int64_t>::min());
  CHECK(value.u64 == std::numeric_limits<std::uint64_t>::max());
  CHECK(value.f32 == 1.5f);
  CHECK(value.f64 == -std::numeric_limits<double>::infinity());
  CHECK(std::isnan(value.not_a_number));
  CHECK(value.color == kitchen::color::dark_green);
  CHECK(value.text == "a \"quoted\" text\nin two lines");
  CHECK(value.data == bytes_of(std::string_view("\0\xff\x7f", 3)));
  CHECK(value.numbers == std::vector<std::int32_t>{1, -2, 3});
  CHECK(value.texts == std::vector<std::string>{"x", ""});
  CHECK(value.money == acme::common::money{.cents = 5, .currency = "USD"});
  CHECK(value.moneys == std::vector<acme::common::money>{{.cents = 1}, {.currency = "CHF"}});
  CHECK(perdure::encode(value) == perdure::empty_payload());
  auto back = perdure::decode<kitchen::defaults>(perdure::empty_payload());
  CHECK(back.moneys == value.moneys);
  CHECK(std::isnan(back.not_a_number));
}

TEST_CASE("kitchen: JSON has every field, 64-bit integers as texts and unions by their member") {
  CHECK(
      json().encode(perdure::codec<kitchen::numbers>::schema, perdure::encode(numbers())).value() ==
      R"({"bool":true,"i8":-128,"i16":-32768,"i32":-2147483648,"i64":"-9223372036854775808",)"
      R"("u8":255,"u16":65535,"u32":4294967295,"u64":"18446744073709551615","f32":-1.25,)"
      R"("f64":1e+300,"color":"default","nothing":null})");
  CHECK(
      json().encode(perdure::codec<kitchen::order>::schema, perdure::encode(orders()[3])).value() ==
      R"({"id":"","line":{"sku":"","order":""},"address":{"street":"","zip":1010,)"
      R"("contact":{"phone":""}},"status":{"shipped":{"carrier":"boat","at":"12","express":3}},)"
      R"("cash":null})");
  CHECK(
      json()
          .encode(perdure::codec<kitchen::optionals>::schema, perdure::encode(kitchen::optionals{}))
          .value() ==
      R"({"text":null,"data":null,"list":null,"money":null,"plain":{"cents":"0","currency":"EUR"}})");
  CHECK(json().encode(perdure::codec<kitchen::tree>::schema, perdure::empty_payload()).value() ==
        R"({"name":"","left":null,"right":null,"children":[],"leaf":null})");
}

TEST_CASE("kitchen: numbers that are none travel as texts") {
  kitchen::numbers value;
  auto check = [&](double number, const char* shown) {
    value.f64 = number;
    auto payload = perdure::encode(value);
    auto text = json().encode(perdure::codec<kitchen::numbers>::schema, payload).value();
    CHECK(text.find("\"f64\":" + std::string(shown)) != text.npos);
    CHECK(json().decode(perdure::codec<kitchen::numbers>::schema, text).value() == payload);
  };
  check(std::numeric_limits<double>::infinity(), "\"Infinity\"");
  check(-std::numeric_limits<double>::infinity(), "\"-Infinity\"");
  check(std::numeric_limits<double>::quiet_NaN(), "\"NaN\"");
  check(-0.0, "-0");
  check(5e-324, "5e-324");
}

TEST_CASE("kitchen: an enumerant of a newer contract is kept as a number") {
  kitchen::numbers value;
  value.color = static_cast<kitchen::color>(77);
  check_ways(value);
  auto text =
      json().encode(perdure::codec<kitchen::numbers>::schema, perdure::encode(value)).value();
  CHECK(text.find("\"color\":77") != text.npos);
}

TEST_CASE("kitchen: absent and empty differ only where a field is optional") {
  kitchen::optionals absent, empty = optionals();
  CHECK(perdure::encode(absent) != perdure::encode(empty));
  CHECK(perdure::decode<kitchen::optionals>(perdure::encode(empty)) == empty);
  auto schema = perdure::codec<kitchen::optionals>::schema;
  CHECK(json().decode(schema, R"({"text":"","data":"","list":[],"money":{}})").value() ==
        perdure::encode(empty));
  CHECK(json()
            .decode(schema, R"({"text":null,"data":null,"list":null,"money":null,"plain":{}})")
            .value() == perdure::encode(absent));
}

TEST_CASE("kitchen: what nests too deep to be read again is refused when it is written") {
  auto nested = [](unsigned depth) {
    kitchen::tree root;
    for (unsigned i = 1; i < depth; ++i) {
      kitchen::tree outer;
      outer.left = std::move(root);
      root = std::move(outer);
    }
    return root;
  };
  auto deepest = nested(64);
  CHECK(perdure::decode<kitchen::tree>(perdure::encode(deepest)) == deepest);
  CHECK_THROWS_WITH_AS(perdure::encode(nested(65)),
                       "too_large: a payload holds at most 64 levels of nested structs and lists",
                       perdure::failure);
  kitchen::tree leaf;
  for (unsigned i = 0; i < 31; ++i) leaf = kitchen::tree{.children = {leaf}};
  CHECK(perdure::decode<kitchen::tree>(perdure::encode(leaf)) == leaf);
  CHECK_THROWS_AS(perdure::encode(kitchen::tree{.children = {leaf}}), perdure::failure);
}

TEST_CASE("kitchen: elements without content are bounded alike by writer and readers") {
  kitchen::lists value;
  value.moneys.resize(65536);
  CHECK(perdure::decode<kitchen::lists>(perdure::encode(value)) == value);
  value.moneys.resize(65537);
  CHECK_THROWS_WITH_AS(perdure::encode(value),
                       "too_large: a payload holds at most 65536 list elements without content",
                       perdure::failure);
  value.moneys.back().cents = 1;
  CHECK(perdure::decode<kitchen::lists>(perdure::encode(value)) == value);
}

TEST_CASE("kitchen: payloads are read wherever they lie in memory") {
  auto payload = perdure::encode(state());
  for (std::size_t shift = 0; shift < 8; ++shift) {
    std::vector<std::byte> memory(shift);
    memory.insert(memory.end(), payload.begin(), payload.end());
    CHECK(perdure::decode<kitchen::state>(std::span{memory}.subspan(shift)) == state());
  }
}

TEST_CASE("kitchen: digests differ by content and by seed") {
  using perdure::core::digest;
  auto payload = perdure::encode(state());
  CHECK(digest(payload) == digest(payload));
  CHECK(digest(payload) != digest(payload, 1));
  CHECK(digest(payload) != digest(perdure::empty_payload()));
  CHECK(digest({}) == 0x2d06800538d394c2);
}

}  // namespace
