#include <doctest/doctest.h>

#include <chrono>

#include "gateway/json_text.h"
#include "gateway/time_text.h"
#include "gateway/url.h"
#include "gateway/uuid.h"

using namespace perdure;
using namespace perdure::gateway;
using namespace std::chrono_literals;

TEST_CASE("gateway: JSON is written with commas and escapes where they belong") {
  json_writer json;
  json.begin_object().text("a", "x\"y\\z\n\x01").wide("b", UINT64_MAX).key("c").begin_array();
  json.number(1).number(-2).boolean(true).begin_object().end_object().end_array();
  json.raw("d", "null").end_object();
  CHECK(json.str() ==
        R"({"a":"x\"y\\z\n\u0001","b":"18446744073709551615","c":[1,-2,true,{}],"d":null})");
}

TEST_CASE("gateway: a text that is no UTF-8 is JSON all the same") {
  json_writer json;
  json.text("\xff t\xc3\xa9");
  CHECK(json.take() == "\"\xef\xbf\xbd t\xef\xbf\xbd\xef\xbf\xbd\"");
}

TEST_CASE("gateway: JSON that is read and written again is the same") {
  for (const std::string text :
       {"{}", "[]", R"({"a":[1,2.50,-3e+7,{"b":null}],"c":"ä€🙂","d":true,"e":false})", R"("x\"y")",
        "0"}) {
    auto read = json_document::parse(text);
    REQUIRE_MESSAGE(read.has_value(), text);
    CHECK(read->dump() == text);
    CHECK(json_document::parse(read->dump(true)).value().dump() == text);
  }
  CHECK(json_document::parse(R"("\u00e4\ud83d\ude42\/")").value().shown() == "ä🙂/");
}

TEST_CASE("gateway: what is no JSON is refused with its place") {
  for (const std::string text :
       {"", "{", "[1,]", "{\"a\"}", "{\"a\":1,}", "01x", "nul", "\"\n\"", "\"\\x\"", "\"\\ud800\"",
        "1 2", "-", "1.", "+1", "'a'", "{a:1}", "\"abc"}) {
    CHECK_MESSAGE(!json_document::parse(text).has_value(), text);
  }
  CHECK(json_document::parse("[1,}").error().detail == "JSON: expected a value at offset 3");
  CHECK_FALSE(json_document::parse(std::string(100'000, '[')).has_value());
}

TEST_CASE("gateway: members are found and shown") {
  auto json = json_document::parse(R"({"n":"17","m":3,"t":true,"o":{"x":1},"z":null})").value();
  CHECK(json.unsigned_at("n") == 17);
  CHECK(json.unsigned_at("m") == 3);
  CHECK_FALSE(json.unsigned_at("t"));
  CHECK(json.shown("o") == R"({"x":1})");
  CHECK(json.shown("z").empty());
  CHECK(json.shown("none").empty());
}

TEST_CASE("gateway: targets are taken apart, encoded slashes staying in their segment") {
  auto target = url_target::parse("/v1/a%2Fb/c+d?x=1&y=a+b%26&flag&#part").value();
  CHECK(target.segments == std::vector<std::string>{"v1", "a/b", "c+d"});
  CHECK(target.query == url_fields{{"x", "1"}, {"y", "a b&"}, {"flag", ""}});
  CHECK(url_target::parse("/").value().segments.empty());
  CHECK(url_target::parse("/a/").value().segments == std::vector<std::string>{"a", ""});
  CHECK(url_target::parse("//").value().segments == std::vector<std::string>{"", ""});
  for (auto* wrong : {"", "a", "/%", "/%2", "/%zz", "/%ff", "/%00", "/?a=%e2%82"}) {
    CHECK_MESSAGE(!url_target::parse(wrong).has_value(), wrong);
  }
}

TEST_CASE("gateway: percent-encoding comes back as it was") {
  std::string all;
  for (int c = 1; c < 128; ++c) all += static_cast<char>(c);
  all += "ä€🙂";
  auto back = url_target::parse('/' + percent_encode(all) + "?q=" + percent_encode(all)).value();
  CHECK(back.segments == std::vector<std::string>{all});
  CHECK(back.query == url_fields{{"q", all}});
}

TEST_CASE("gateway: UTF-8 is told from what is not") {
  for (auto* good : {"", "a", "ä", "€", "🙂", "\xf4\x8f\xbf\xbf"}) CHECK(is_utf8(good));
  for (auto* bad : {"\x80", "\xc0\xaf", "\xc3", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80",
                    "\xff", "\xe2\x82"}) {
    CHECK_FALSE(is_utf8(bad));
  }
}

TEST_CASE(
    "gateway: addresses are read with and without scheme, and written with brackets for IPv6") {
  CHECK(http_address::parse("http://127.0.0.1:7070").value().to_string() == "127.0.0.1:7070");
  CHECK(http_address::parse("localhost:0/").value().to_string() == "localhost:0");
  auto six = http_address::parse("http://[::1]:80").value();
  CHECK(six.host == "::1");
  CHECK(six.to_string() == "[::1]:80");
}

TEST_CASE("gateway: durations are read, and written as they are read") {
  CHECK(parse_duration("90s") == 90s);
  CHECK(parse_duration("1h30m") == 90min);
  CHECK(parse_duration("250ms") == 250ms);
  CHECK(parse_duration("7d") == 168h);
  for (auto* wrong : {"", "5", "s", "-1s", "1.5s", "1w", "1s ", "99999999999999999999s", "40000d",
                      "9223372036854775807ms"}) {
    CHECK_MESSAGE(!parse_duration(wrong), wrong);
  }
  for (duration time : {duration{0}, duration{1}, duration{90'000}, duration{90'061'001}}) {
    CHECK(parse_duration(format_duration(time)) == time);
  }
  CHECK(format_duration(90min) == "1h30m");
}

TEST_CASE("gateway: times are RFC 3339 in UTC") {
  CHECK(format_time(timestamp{0ms}) == "1970-01-01T00:00:00.000Z");
  CHECK(format_time(timestamp{1772366400250ms}) == "2026-03-01T12:00:00.250Z");
  CHECK(format_time(timestamp{-1ms}) == "1969-12-31T23:59:59.999Z");
}

TEST_CASE("gateway: UUIDs are of version 4 and differ") {
  const auto first = make_uuid();
  CHECK(first.size() == 36);
  CHECK(first[14] == '4');
  CHECK(std::string("89ab").find(first[19]) != std::string::npos);
  CHECK(first != make_uuid());
}
