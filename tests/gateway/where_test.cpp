#include <doctest/doctest.h>

#include <limits>
#include <string>

#include "gateway/where.h"

using namespace perdure;
using namespace perdure::gateway;

namespace {

const core::attributes order{{"status", std::string("paid")},
                             {"total", std::int64_t{1'500}},
                             {"share", 0.25},
                             {"vip", true},
                             {"größe", std::string("L")},
                             {"a.b-c_1", std::int64_t{-3}},
                             {"said", std::string(R"(a "b" \ c)")},
                             {"huge", std::numeric_limits<std::int64_t>::max()},
                             {"nan", std::numeric_limits<double>::quiet_NaN()}};

bool holds(const std::string& text) {
  auto read = parse_where(text);
  REQUIRE_MESSAGE(read.has_value(), text << ": " << (read ? "" : read.error().detail));
  return (*read)(order);
}

std::string refusal(const std::string& text) {
  auto read = parse_where(text);
  REQUIRE_MESSAGE(!read.has_value(), text);
  CHECK(read.error().code == errc::malformed);
  return read.error().detail;
}

}  // namespace

TEST_CASE("where: attributes are compared with literals of their kind") {
  for (auto* text :
       {R"(status = "paid")", R"(status="paid")", R"(status != "open")", R"(status > "open")",
        "total = 1500", "total != 1", "total < 1501", "total <= 1500", "total > 1499",
        "total >= 1500", "vip = true", "vip != false", "share = 0.25", "share < 1", "share >= -1e3",
        "a.b-c_1 = -3", R"(größe = "L")", R"(said = "a \"b\" \\ c")", " \t\n total=1500 \r"}) {
    CHECK_MESSAGE(holds(text), text);
  }
  for (auto* text : {R"(status = "Paid")", R"(status < "paid")", "total != 1500", "total < 1500",
                     "total > 1500", "vip = false", "vip != true", "share > 0.25"}) {
    CHECK_MESSAGE(!holds(text), text);
  }
}

TEST_CASE("where: numbers are compared by value, whatever their kind") {
  CHECK(holds("total = 1500.0"));
  CHECK(holds("total < 1500.5"));
  CHECK(holds("share < total"));
  CHECK(holds("huge = 9223372036854775807"));
  CHECK_FALSE(holds("huge = 9223372036854775808"));
  CHECK_FALSE(holds("huge = 9223372036854775806"));
  CHECK(holds("huge < 9223372036854775808"));
  CHECK(holds("nan != nan"));
  CHECK_FALSE(holds("nan = nan"));
  CHECK_FALSE(holds("nan < 1"));
}

TEST_CASE("where: what is absent or of another kind fails every comparison") {
  for (auto* sign : {"=", "!=", "<", "<=", ">", ">="}) {
    for (std::string operand : {"color", R"("1500")", "true"}) {
      CHECK_FALSE(holds("total " + std::string(sign) + ' ' + operand));
      CHECK_FALSE(holds(operand + ' ' + std::string(sign) + " total"));
    }
  }
  CHECK(holds("not color = 1"));
  for (auto* sign : {"<", "<=", ">", ">="}) {
    CHECK_FALSE(holds("vip " + std::string(sign) + " true"));
    CHECK_FALSE(holds("vip " + std::string(sign) + " false"));
  }
}

TEST_CASE("where: not binds tighter than and, and tighter than or") {
  CHECK(holds("vip = true or vip = true and vip = false"));
  CHECK_FALSE(holds("(vip = true or vip = true) and vip = false"));
  CHECK_FALSE(holds("not vip = true and vip = false"));
  CHECK(holds("not (vip = true and vip = false)"));
  CHECK(holds("not not vip = true"));
  CHECK(holds(R"(status="paid" and total>1000)"));
  CHECK(holds(R"(status = "open" or (total > 1000 and not (share > 1 or vip = false)))"));
  CHECK(holds("vip=true and(total=1500)or vip=false"));
}

TEST_CASE("where: literals stand on either side, and names beside names") {
  CHECK(holds("1000 < total"));
  CHECK(holds(R"("paid" = status)"));
  CHECK(holds("total = total"));
  CHECK(holds("1 = 1.0"));
  CHECK(holds("order != other or android = note or total > 0"));
}

TEST_CASE("where: what is wrong is named with its position") {
  CHECK(refusal("") == "expected a name or a literal at position 1");
  CHECK(refusal("x") == "expected one of = != < <= > >= at position 2");
  CHECK(refusal("x == 1") ==
        "expected a name or a literal (texts stand in double quotes) at position 4");
  CHECK(refusal("x = 'a'") ==
        "expected a name or a literal (texts stand in double quotes) at position 5");
  CHECK(refusal(R"(x = "a)") == "expected a closing quote at position 7");
  CHECK(refusal(R"(x = "a\n")") == R"(expected \" or \\ for a backslash at position 8)");
  CHECK(refusal("x = 1 y = 2") == "expected and, or or the end at position 7");
  CHECK(refusal("x = 1 and") == "expected a name or a literal at position 10");
  CHECK(refusal("x = 1 or and") == "expected a name or a literal at position 10");
  CHECK(refusal("(x = 1") == "expected and, or or ')' at position 7");
  CHECK(refusal("x = 1)") == "expected and, or or the end at position 6");
  CHECK(refusal("x = 1x") == "expected a number at position 5");
  CHECK(refusal("x = -") == "expected a number at position 5");
  CHECK(refusal("x < and") ==
        "expected a name or a literal (texts stand in double quotes) at position 5");
  CHECK(refusal("true") == "expected one of = != < <= > >= at position 5");
}

TEST_CASE("where: length and nesting are bounded") {
  CHECK(holds(std::string(60, '(') + "vip = true" + std::string(60, ')')));
  CHECK(refusal(std::string(100, '(') + "vip = true" + std::string(100, ')'))
            .starts_with("expected at most 64 levels of nesting"));
  std::string nots;
  for (int i = 0; i < 100; ++i) nots += "not ";
  CHECK(refusal(nots + "vip = true").starts_with("expected at most 64 levels of nesting"));
  std::string many = "vip = true";
  while (many.size() < 9'900) many += " or vip = true";
  CHECK(holds(many));
  CHECK(refusal(many + many) == "expected at most 10000 bytes");
}
