#include "entities/json.h"

#include <doctest/doctest.h>

#include "cart.perdure.h"
#include "kitchen.h"

/// What JSON is refused, and in which words: people read them.

namespace {

using perdure::core::json_codec;

const json_codec& kitchen_json() {
  static const json_codec codec{kitchen::kitchen_contract::description()};
  return codec;
}

const json_codec& cart_json() {
  static const json_codec codec{shop::cart_contract::description()};
  return codec;
}

template <class T>
constexpr auto schema = perdure::codec<T>::schema;

struct refused_text {
  const char* json;
  const char* detail;
};

void check_refused(const json_codec& codec, std::uint64_t id,
                   std::initializer_list<refused_text> table) {
  for (auto& [json, detail] : table) {
    CAPTURE(json);
    auto payload = codec.decode(id, json);
    REQUIRE_FALSE(payload);
    CHECK(payload.error().code == perdure::errc::malformed);
    CHECK(payload.error().detail == detail);
  }
}

TEST_CASE("json: what is not JSON is refused with its line and column") {
  check_refused(
      cart_json(), schema<shop::item>,
      {{"{", "JSON, line 1, column 2: expected a field's name in quotes"},
       {" ", "JSON, line 1, column 2: expected a value"},
       {"{\"sku\":\n\"tea\",}", "JSON, line 2, column 7: expected a field's name in quotes"},
       {"{\"sku\" 1}", "JSON, line 1, column 8: expected ':'"},
       {"{\"sku\":1 2}", "JSON, line 1, column 10: expected ',' or '}'"},
       {"[1 2]", "JSON, line 1, column 4: expected ',' or ']'"},
       {"{}{}", "JSON, line 1, column 3: expected the end after the value"},
       {"{\"sku\":tea}", "JSON, line 1, column 8: expected a value"},
       {"{\"sku\":'tea'}", "JSON, line 1, column 8: expected a value"},
       {"{\"sku\":nul}", "JSON, line 1, column 8: expected a value"},
       {"{\"quantity\":01}", "JSON, line 1, column 14: expected ',' or '}'"},
       {"{\"quantity\":+1}", "JSON, line 1, column 13: expected a value"},
       {"{\"quantity\":1.}", "JSON, line 1, column 13: expected a number"},
       {"{\"quantity\":-}", "JSON, line 1, column 13: expected a number"},
       {"{\"quantity\":1e}", "JSON, line 1, column 13: expected a number"},
       {"{\"sku\":\"a", "JSON, line 1, column 10: expected '\"' at the end of a text"},
       {"{\"sku\":\"a\nb\"}",
        "JSON, line 1, column 10: expected a control character to be escaped"},
       {"{\"sku\":\"\\x\"}",
        "JSON, line 1, column 9: expected one of \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\u"},
       {"{\"sku\":\"\\u12g4\"}",
        "JSON, line 1, column 9: expected four hexadecimal digits after \\u"},
       {"{\"sku\":\"\\ud800\"}", "JSON, line 1, column 15: expected a pair of surrogates"},
       {"{\"sku\":\"\\udc00\"}", "JSON, line 1, column 15: expected a pair of surrogates"},
       {"{\"sku\":\"\\ud800\\u0041\"}", "JSON, line 1, column 21: expected a low surrogate"},
       {"{\"sku\":\"\xff\"}", "JSON, line 1, column 9: expected valid UTF-8"},
       {"{\"sku\":\"\xc0\x80\"}", "JSON, line 1, column 9: expected valid UTF-8"},
       {"{\"sku\":\"\xed\xa0\x80\"}", "JSON, line 1, column 9: expected valid UTF-8"},
       {"{\"sku\":\"\xf5\x80\x80\x80\"}", "JSON, line 1, column 9: expected valid UTF-8"}});
  std::string deep = std::string(65, '[') + std::string(65, ']');
  check_refused(cart_json(), schema<shop::item>,
                {{deep.c_str(), "JSON, line 1, column 65: nested more than 64 deep"}});
}

TEST_CASE("json: what is not what the contract says is refused with its path") {
  check_refused(
      cart_json(), schema<shop::item>,
      {{"[]", "expected an object, got a list"},
       {"null", "expected an object, got null"},
       {"5", "expected an object, got 5"},
       {"\"tea\"", "expected an object, got \"tea\""},
       {R"({"qty":1})", "qty: unknown field; there are: sku, quantity, unitCents"},
       {R"({"Sku":"a"})", "Sku: unknown field; there are: sku, quantity, unitCents"},
       {R"({"sku":"a","sku":"a"})", "sku: given twice"},
       {R"({"sku":5})", "sku: expected a text, got 5"},
       {R"({"sku":null})", "sku: expected a text, got null"},
       {R"({"sku":["a"]})", "sku: expected a text, got a list"},
       {R"({"quantity":"many"})",
        "quantity: expected an integer from 0 to 4294967295, got \"many\""},
       {R"({"quantity":-1})", "quantity: expected an integer from 0 to 4294967295, got -1"},
       {R"({"quantity":4294967296})",
        "quantity: expected an integer from 0 to 4294967295, got 4294967296"},
       {R"({"quantity":1.5})", "quantity: expected an integer from 0 to 4294967295, got 1.5"},
       {R"({"quantity":1.0})", "quantity: expected an integer from 0 to 4294967295, got 1.0"},
       {R"({"quantity":1e3})", "quantity: expected an integer from 0 to 4294967295, got 1e3"},
       {R"({"quantity":""})", "quantity: expected an integer from 0 to 4294967295, got \"\""},
       {R"({"quantity":" 1"})", "quantity: expected an integer from 0 to 4294967295, got \" 1\""},
       {R"({"quantity":"0x1"})", "quantity: expected an integer from 0 to 4294967295, got \"0x1\""},
       {R"({"quantity":true})", "quantity: expected an integer from 0 to 4294967295, got true"},
       {R"({"unitCents":9223372036854775808})",
        "unitCents: expected an integer from -9223372036854775808 to 9223372036854775807, got "
        "9223372036854775808"},
       {R"({"unitCents":"-9223372036854775809"})",
        "unitCents: expected an integer from -9223372036854775808 to 9223372036854775807, got "
        "\"-9223372036854775809\""}});
  check_refused(cart_json(), schema<shop::cart_state>,
                {{R"({"items":{}})", "items: expected a list, got an object"},
                 {R"({"items":[{},5]})", "items[1]: expected an object, got 5"},
                 {R"({"items":[{},{},{"quantity":-3}]})",
                  "items[2].quantity: expected an integer from 0 to 4294967295, got -3"},
                 {R"({"items":[{"price":1}]})",
                  "items[0].price: unknown field; there are: sku, quantity, unitCents"},
                 {R"({"checkedOut":1})", "checkedOut: expected true or false, got 1"},
                 {R"({"checkedOut":"true"})", "checkedOut: expected true or false, got \"true\""}});
}

TEST_CASE("json: every kind of field says what it expects") {
  check_refused(
      kitchen_json(), schema<kitchen::numbers>,
      {{R"({"i8":128})", "i8: expected an integer from -128 to 127, got 128"},
       {R"({"i16":-32769})", "i16: expected an integer from -32768 to 32767, got -32769"},
       {R"({"i32":2147483648})",
        "i32: expected an integer from -2147483648 to 2147483647, got 2147483648"},
       {R"({"u8":256})", "u8: expected an integer from 0 to 255, got 256"},
       {R"({"u16":65536})", "u16: expected an integer from 0 to 65535, got 65536"},
       {R"({"u64":18446744073709551616})",
        "u64: expected an integer from 0 to 18446744073709551615, got 18446744073709551616"},
       {R"({"f64":"much"})",
        "f64: expected a number, \"NaN\", \"Infinity\" or \"-Infinity\", got \"much\""},
       {R"({"f64":1e999})", "f64: expected a number that fits Float64, got 1e999"},
       {R"({"f32":1e39})", "f32: expected a number that fits Float32, got 1e39"},
       {R"({"color":"blue"})",
        "color: expected one of \"red\", \"darkGreen\", \"default\", got \"blue\""},
       {R"({"color":-1})", "color: expected an integer from 0 to 65535, got -1"},
       {R"({"nothing":0})", "nothing: expected null, got 0"}});
  check_refused(kitchen_json(), schema<kitchen::lists>,
                {{R"({"matrix":[[1],[2,"x"]]})",
                  "matrix[1][1]: expected an integer from -2147483648 to 2147483647, got \"x\""},
                 {R"({"datas":["AA==","A"]})", "datas[1]: expected bytes as base64, got \"A\""},
                 {R"({"datas":["A==="]})", "datas[0]: expected bytes as base64, got \"A===\""},
                 {R"({"datas":["A A="]})", "datas[0]: expected bytes as base64, got \"A A=\""},
                 {R"({"datas":["AA=A"]})", "datas[0]: expected bytes as base64, got \"AA=A\""},
                 {R"({"datas":[7]})", "datas[0]: expected bytes as base64, got 7"},
                 {R"({"texts":[null]})", "texts[0]: expected a text, got null"},
                 {R"({"bools":[0]})", "bools[0]: expected true or false, got 0"}});
  check_refused(
      kitchen_json(), schema<kitchen::order>,
      {{R"({"status":{"open":null,"paid":{}}})",
        "status: expected one member of a union, got open and paid"},
       {R"({"cash":null,"limit":true})", "expected one member of a union, got cash and limit"},
       {R"({"status":"open"})", "status: expected an object, got \"open\""},
       {R"({"status":{"lost":null}})",
        "status.lost: unknown field; there are: open, paid, refunded, shipped, parts, class"},
       {R"({"status":{"shipped":{"at":"x"}}})",
        "status.shipped.at: expected an integer from -9223372036854775808 to 9223372036854775807, "
        "got \"x\""},
       {R"({"address":{"contact":{"phone":1}}})",
        "address.contact.phone: expected a text, got 1"}});
  check_refused(kitchen_json(), schema<kitchen::tree>,
                {{R"({"left":{"left":{"name":1}}})", "left.left.name: expected a text, got 1"}});
}

TEST_CASE("json: long values are not repeated in messages") {
  auto text = R"({"quantity":")" + std::string(100, '9') + R"("})";
  CHECK(cart_json().decode(schema<shop::item>, text).error().detail ==
        "quantity: expected an integer from 0 to 4294967295, got a long text");
}

TEST_CASE("json: integers may be texts, and texts anything that is UTF-8") {
  auto item = cart_json().decode(
      schema<shop::item>,
      R"( { "unitCents" : "-9223372036854775808", "quantity" : "7", "sku" : "\u0041\ud834\udd1e\/\n" } )");
  REQUIRE(item);
  CHECK(perdure::decode<shop::item>(*item) ==
        shop::item{"A\xf0\x9d\x84\x9e/\n", 7, -9223372036854775807 - 1});
  auto zero = cart_json().decode(schema<shop::item>, R"({"sku":"a\u0000b","quantity":-0})");
  CHECK(perdure::decode<shop::item>(zero.value()).sku == std::string("a\0b", 3));
}

TEST_CASE("json: an empty text counts as an object without fields") {
  CHECK(cart_json().decode(schema<shop::item>, "").value() == perdure::empty_payload());
}

TEST_CASE("json: text that is no UTF-8 is shown with replacement characters") {
  auto payload = perdure::encode(shop::item{.sku = "a\xff\x01\"b"});
  CHECK(cart_json().encode(schema<shop::item>, payload).value() ==
        "{\"sku\":\"a\xef\xbf\xbd\\u0001\\\"b\",\"quantity\":0,\"unitCents\":\"0\"}");
}

TEST_CASE("json: a damaged payload is internal") {
  auto text = cart_json().encode(schema<shop::item>, {});
  REQUIRE_FALSE(text);
  CHECK(text.error().code == perdure::errc::internal);
  CHECK(text.error().detail == "a payload is at least two words of 8 bytes, got 0 bytes");
}

TEST_CASE("json: elements without content are bounded as everywhere") {
  std::string text = R"({"items":[{})";
  for (int i = 0; i < 65536; ++i) text += ",{}";
  CHECK(cart_json().decode(schema<shop::cart_state>, text + "]}").error().detail ==
        "items: more than 65536 elements without content");
  CHECK(cart_json().decode(schema<shop::cart_state>, text + R"(,{"quantity":1}]})"));
}

TEST_CASE("json: parameters of a URL are read by their fields' types") {
  using fields = std::vector<std::pair<std::string, std::string>>;
  auto id = schema<kitchen::state>;
  auto numbers = schema<kitchen::numbers>;
  auto read = kitchen_json().decode_fields(
      numbers, fields{{"bool", "true"}, {"i64", "-5"}, {"color", "darkGreen"}, {"f64", "1.5"}});
  CHECK(
      perdure::decode<kitchen::numbers>(read.value()) ==
      kitchen::numbers{.bool_ = true, .i64 = -5, .f64 = 1.5, .color = kitchen::color::dark_green});
  auto nested = kitchen_json().decode_fields(
      id, fields{{"theHTTPServer", "5"}, {"numbers", R"({"u8":1})"}, {"sha256Sum", "AAE="}});
  CHECK(nested.value() ==
        perdure::encode(kitchen::state{.numbers = {.u8 = 1},
                                       .the_http_server = "5",
                                       .sha256_sum = {std::byte{0}, std::byte{1}}}));
  auto refused = [&](std::uint64_t of, fields given) {
    return kitchen_json().decode_fields(of, given).error().detail;
  };
  CHECK(refused(numbers, {{"bool", "yes"}}) == "bool: expected true or false, got \"yes\"");
  CHECK(refused(numbers, {{"u8", "1"}, {"u8", "1"}}) == "u8: given twice");
  CHECK(refused(numbers, {{"size", "1"}}).starts_with("size: unknown field; there are: bool, i8"));
  CHECK(refused(id, {{"numbers", "{"}}) ==
        "numbers: JSON, line 1, column 2: expected a field's name in quotes");
  CHECK(refused(id, {{"theHTTPServer", "\xff"}}) == "theHTTPServer: expected valid UTF-8");
}

TEST_CASE("json: schemas refer to each other by their names") {
  CHECK(cart_json().json_schema(schema<shop::cart_contract::contents_results>) ==
        R"({"type":"object","properties":{"items":{"type":"array","items":)"
        R"({"$ref":"#/components/schemas/Item"}},"checkedOut":{"type":"boolean"}},)"
        R"("additionalProperties":false})");
  CHECK(kitchen_json()
            .json_schema(schema<kitchen::numbers>)
            .find(R"("color":{"$ref":"#/components/schemas/Color"})") != std::string::npos);
  CHECK(kitchen_json().json_schema(schema<acme::common::money>) ==
        R"({"type":"object","properties":{"cents":{"type":["string","integer"],"format":"int64",)"
        R"("pattern":"^-?[0-9]+$"},"currency":{"type":"string","default":"EUR"}},)"
        R"("additionalProperties":false})");
  CHECK(kitchen_json().json_schema(schema<kitchen::kitchen_contract::find_params>) ==
        R"({"type":"object","properties":{"name":{"anyOf":[{"type":"string"},{"type":"null"}]}},)"
        R"("additionalProperties":false})");
  std::string names;
  for (auto& [name, text] : cart_json().definitions()) {
    names += name + ' ';
    // Each is JSON, though no item.
    CHECK(cart_json().decode(schema<shop::item>, text).error().detail.starts_with("type: unknown"));
  }
  CHECK(names ==
        "CartAddItemResults CartCheckoutParams CartCheckoutResults CartContentsParams "
        "CartContentsResults CartExpireParams CartExpireResults CartRemoveItemParams "
        "CartRemoveItemResults CartState CartTotalParams CartTotalResults Item ");
}

}  // namespace
