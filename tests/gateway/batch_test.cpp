#include "tests/gateway/fixture.h"

using namespace perdure;
using namespace perdure::gateway;

namespace {

struct batch_fixture : gateway_fixture {
  /// So many orders that wait, of 0, 100, 200, ... cents.
  explicit batch_fixture(int count) {
    for (int i = 0; i < count; ++i) {
      const auto id = "o" + std::to_string(i);
      CHECK(post(path(id), R"({"hold":true,"cents":)" + std::to_string(100 * i) + '}').status ==
            201);
    }
  }

  static std::string path(const std::string& id) { return "/v1/entities/order/" + id; }
  outcome batch(const std::string& body, header_list headers = {}) {
    return post("/v1/batch", body, std::move(headers));
  }
  std::string count(const std::string& query) {
    return get("/v1/entities?count=true&" + query).shown("count");
  }
};

}  // namespace

TEST_CASE("gateway: a batch does one thing with every entity of its choice") {
  batch_fixture node(150);
  auto done = node.batch(
      R"({"type":"order","where":"total >= 1000","action":"cancel","reason":"sold out"})");
  CHECK(done.status == 200);
  CHECK(done.body() == R"({"matched":"140","done":"140","failed":[]})");
  CHECK(node.count("status=cancelled") == "140");
  CHECK(node.count("status=running") == "10");
  CHECK(node.batch(R"({"type":"order","action":"pause"})").shown("done") == "10");
  CHECK(node.count("status=paused") == "10");
  CHECK(node.batch(R"({"type":"order","status":"paused","action":"resume","limit":4})").body() ==
        R"({"matched":"4","done":"4","next":"order/o3","failed":[]})");
  CHECK(node.batch(R"({"type":"order","action":"terminate"})").shown("done") == "10");
  CHECK(node.count("status=terminated") == "10");
}

TEST_CASE("gateway: a batch of signals counts once in each entity under its key") {
  batch_fixture node(20);
  const header_list key{{"Idempotency-Key", "b-1"}};
  const std::string body =
      R"({"type":"order","action":"signal","signal":"note","params":{"text":"hello"}})";
  for (int i = 0; i < 2; ++i) CHECK(node.batch(body, key).shown("done") == "20");
  for (auto* id : {"o0", "o19"}) {
    auto look = node.get(node.path(id) + "/queries/look");
    CHECK(look.json.find("state")->shown("heard") == "1");
  }
  CHECK(node.batch(body).shown("done") == "20");
  CHECK(node.get(node.path("o0") + "/queries/look").json.find("state")->shown("heard") == "2");
}

TEST_CASE("gateway: a batch goes on after the entity at which another ended") {
  batch_fixture node(5);
  std::string after = "order/";
  std::string matched;
  for (int i = 0; i < 3; ++i) {
    auto part = node.batch(
        R"({"type":"order","action":"signal","signal":"note","params":{"text":"hello"},"limit":2,)"
        R"("after":")" +
        after + R"("})");
    matched += part.shown("matched");
    after = part.shown("next");
  }
  CHECK(matched == "221");
  CHECK(after == "");
  for (int i = 0; i < 5; ++i) {
    auto look = node.get(node.path("o" + std::to_string(i)) + "/queries/look");
    CHECK(look.json.find("state")->shown("heard") == "1");
  }
  check_problem(node.batch(R"({"type":"order","action":"cancel","after":"o1"})"), 400, "malformed");
}

TEST_CASE("gateway: a batch tells whom it failed for, and why") {
  batch_fixture node(3);
  auto got =
      node.batch(R"({"type":"order","action":"signal","signal":"note","params":{"text":"bad"}})");
  CHECK(got.status == 200);
  CHECK(got.shown("matched") == "3");
  CHECK(got.shown("done") == "0");
  CHECK(size_of(got, "failed") == 3);
  CHECK(element(got, "failed", 0).dump() ==
        R"({"type":"order","id":"o0","code":"rejected","detail":"a bad note"})");
  node.signal("ring");
  auto cancel = node.batch(R"({"type":"ledger","action":"cancel"})");
  CHECK(element(cancel, "failed", 0).shown("code") == "rejected");
}

TEST_CASE("gateway: of a batch without a status, what has ended is no part") {
  batch_fixture node(4);
  node.del(node.path("o1"));
  CHECK(node.batch(R"({"type":"order","action":"terminate"})").shown("matched") == "3");
  auto again = node.batch(R"({"type":"order","action":"terminate","status":"terminated"})");
  CHECK(again.body() == R"({"matched":"4","done":"4","failed":[]})");
}

TEST_CASE("gateway: what a batch says wrongly is named, and nothing is done") {
  batch_fixture node(1);
  auto check_named = [&](const std::string& body, const std::string& name) {
    auto got = node.batch(body);
    check_problem(got, 400, "malformed");
    CHECK_MESSAGE(got.shown("detail").starts_with(name + ":"), got.shown("detail"));
  };
  check_named("{}", "type");
  check_named(R"({"type":"order"})", "action");
  check_named(R"({"type":"order","action":"dance"})", "action");
  check_named(R"({"type":"order","action":"cancel","status":"asleep"})", "status");
  check_named(R"({"type":"order","action":"cancel","where":"total >"})", "where");
  check_named(R"({"type":"order","action":"cancel","limit":0})", "limit");
  check_named(R"({"type":"order","action":"cancel","limit":10001})", "limit");
  check_named(R"({"type":"order","action":"cancel","signal":"note"})", "signal");
  check_named(R"({"type":"order","action":"signal"})", "signal");
  check_named(R"({"type":"order","action":"signal","signal":"note","params":{"text":5}})",
              "params");
  check_named(R"({"type":"order","action":"cancel","reason":7})", "reason");
  check_named(R"({"type":"order","action":"cancel","force":true})", "force");
  check_problem(node.batch(R"({"type":"tree","action":"cancel"})"), 404, "unknown_type");
  check_problem(node.batch(R"({"type":"order","action":"signal","signal":"look"})"), 404,
                "unknown_method");
  check_problem(node.batch(R"({"type":"order","action":"signal","signal":"release"})",
                           {{"Idempotency-Key", std::string(250, 'k')}}),
                400, "malformed");
  CHECK(node.count("status=running") == "1");
}
