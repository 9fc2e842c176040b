#include <chrono>

#include "gateway/url.h"
#include "tests/gateway/fixture.h"

using namespace perdure;
using namespace perdure::gateway;
using namespace std::chrono_literals;

TEST_CASE("gateway: a signal is answered with its event and run") {
  gateway_fixture node;
  auto got = node.signal("add", R"({"amount":5})");
  CHECK(got.status == 202);
  CHECK(got.body() == R"({"event":"1","run":1})");
  CHECK(got.header("Content-Type") == "application/json");
  CHECK(node.total() == "5");
}

TEST_CASE("gateway: a signal takes 64-bit numbers as texts too, and no body means defaults") {
  gateway_fixture node;
  CHECK(node.signal("add", R"({"amount":"9007199254740993"})").status == 202);
  CHECK(node.signal("add").status == 202);
  CHECK(node.total() == "9007199254740993");
}

TEST_CASE("gateway: a repeat under the same key counts once and says so") {
  gateway_fixture node;
  const header_list key{{"Idempotency-Key", "k-1"}};
  auto first = node.signal("add", R"({"amount":5})", key);
  CHECK(first.header("Idempotency-Replayed").empty());
  auto again = node.signal("add", R"({"amount":5})", key);
  CHECK(again.status == 202);
  CHECK(again.header("Idempotency-Replayed") == "true");
  CHECK(again.body() == first.body());
  CHECK(node.total() == "5");
  check_problem(node.signal("add", R"({"amount":6})", key), 409, "idempotency_conflict");
  CHECK(node.total() == "5");
}

TEST_CASE("gateway: idempotency keys have 1 to 255 bytes of UTF-8, once") {
  gateway_fixture node;
  auto with_key = [&](std::string key) {
    return node.signal("ring", "", {{"Idempotency-Key", key}});
  };
  CHECK(with_key(std::string(255, 'k')).status == 202);
  check_problem(with_key(std::string(256, 'k')), 400, "malformed");
  check_problem(with_key(""), 400, "malformed");
  check_problem(with_key("\xff"), 400, "malformed");
  check_problem(node.signal("ring", "", {{"Idempotency-Key", "a"}, {"idempotency-key", "b"}}), 400,
                "malformed");
}

TEST_CASE("gateway: a delayed signal is accepted now and handled later") {
  gateway_fixture node;
  auto got = node.post("/v1/entities/ledger/one/signals/add?delay=90s", R"({"amount":5})");
  CHECK(got.status == 202);
  CHECK(node.total() == "0");
  node.pass(89s);
  CHECK(node.total() == "0");
  node.pass(1s);
  CHECK(node.total() == "5");
}

TEST_CASE("gateway: an update is answered with its results, event and run") {
  gateway_fixture node;
  node.signal("add", R"({"amount":5})");
  auto got = node.update("take", R"({"amount":"2"})");
  CHECK(got.status == 200);
  CHECK(got.body() == R"({"left":"3"})");
  CHECK(got.header("Perdure-Event") == "2");
  CHECK(got.header("Perdure-Run") == "1");
  auto again = node.update("take", R"({"amount":"1"})", {{"Idempotency-Key", "k"}});
  auto repeat = node.update("take", R"({"amount":"1"})", {{"Idempotency-Key", "k"}});
  CHECK(again.body() == R"({"left":"2"})");
  CHECK(repeat.body() == R"({"left":"2"})");
  CHECK(repeat.header("Idempotency-Replayed") == "true");
}

TEST_CASE("gateway: an update can be accepted first and asked for later") {
  gateway_fixture node;
  auto accepted = node.post("/v1/entities/ledger/one/updates/nap?wait=accepted", R"({"time":1000})",
                            {{"Idempotency-Key", "nap/1"}});
  CHECK(accepted.status == 202);
  CHECK(accepted.shown("requestId") == "nap/1");
  CHECK(accepted.shown("event") == "1");
  const std::string location(accepted.header("Location"));
  CHECK(location == "/v1/entities/ledger/one/updates/nap%2F1");
  auto too_early = node.get(location + "?timeout=1ms");
  check_problem(too_early, 408, "timeout");
  CHECK(too_early.shown("requestId") == "nap/1");
  node.pass(1s);
  auto ended = node.get(location);
  CHECK(ended.status == 200);
  CHECK(ended.shown("woke") == "43201000");
  CHECK(ended.header("Perdure-Event") == "1");
}

TEST_CASE("gateway: an accepted update without a key gets one") {
  gateway_fixture node;
  auto accepted = node.post("/v1/entities/ledger/one/updates/draw?wait=accepted");
  CHECK(accepted.status == 202);
  CHECK(accepted.shown("requestId").size() == 36);
  CHECK(node.get(std::string(accepted.header("Location"))).status == 200);
}

TEST_CASE("gateway: whoever stops waiting for an update can ask again") {
  gateway_fixture node;
  auto late = node.post("/v1/entities/ledger/one/updates/nap?timeout=1ms", R"({"time":1000})");
  check_problem(late, 408, "timeout");
  CHECK(node.describe().status == 200);  // Behind the update: it has begun.
  node.pass(1s);
  auto ended = node.get("/v1/entities/ledger/one/updates/" + late.shown("requestId"));
  CHECK(ended.shown("woke") == "43201000");
}

TEST_CASE("gateway: an update that fails after its first await is answered with 422") {
  gateway_fixture node;
  auto accepted =
      node.post("/v1/entities/ledger/one/updates/failLater?wait=accepted", R"({"time":5})");
  node.pass(5ms);
  check_problem(node.get(std::string(accepted.header("Location"))), 422, "failed");
}

TEST_CASE("gateway: queries take parameters from the query string or a body, and an event") {
  gateway_fixture node;
  node.signal("add", R"({"amount":1})");
  node.signal("add", R"({"amount":10})");
  const std::string query = "/v1/entities/ledger/one/queries/";
  CHECK(node.get(query + "total").body() == R"({"total":"11","notes":0,"rings":0})");
  CHECK(node.post(query + "total", "{}").shown("total") == "11");
  CHECK(node.get(query + "total?at=1").shown("total") == "1");
  CHECK(node.post(query + "total?at=1").shown("total") == "1");
  CHECK(node.get(query + "left?until=43200005").shown("left") == "5");
  CHECK(node.post(query + "left", R"({"until":"43200007"})").shown("left") == "7");
}

TEST_CASE("gateway: a refusal of the entity is answered with its message and changes nothing") {
  gateway_fixture node;
  auto refused = node.signal("note", R"({"text":"bad"})");
  check_problem(refused, 409, "rejected");
  CHECK(refused.shown("detail") == "a bad note");
  check_problem(node.update("take", R"({"amount":1})"), 409, "rejected");
  check_problem(node.describe(), 404, "entity_not_found");
}

TEST_CASE("gateway: a bug in a handler is an internal error") {
  gateway_fixture node;
  check_problem(node.signal("crash"), 500, "internal");
}

TEST_CASE("gateway: parameters that are not what the contract says are named") {
  gateway_fixture node;
  auto detail_of = [&](const std::string& body) {
    auto got = node.signal("add", body);
    check_problem(got, 400, "malformed");
    return got.shown("detail");
  };
  CHECK(detail_of(R"({"amount":"many"})").find("amount") != std::string::npos);
  CHECK(detail_of(R"({"sum":1})").find("sum") != std::string::npos);
  CHECK(detail_of(R"({"amount":1,"amount":2})").find("amount") != std::string::npos);
  detail_of("[]");
  detail_of("{");
  detail_of("\"\xff\"");
  auto got = node.get("/v1/entities/ledger/one/queries/left?until=soon");
  check_problem(got, 400, "malformed");
  CHECK(got.shown("detail").find("until") != std::string::npos);
}

TEST_CASE("gateway: unknown types, methods and entities are named, with what there is") {
  gateway_fixture node;
  auto type = node.post("/v1/entities/tree/one/signals/add");
  check_problem(type, 404, "unknown_type");
  CHECK(type.shown("detail").find("ledger") != std::string::npos);
  auto method = node.signal("subtract");
  check_problem(method, 404, "unknown_method");
  CHECK(method.shown("detail").find("addLater") != std::string::npos);
  auto kind = node.signal("total");
  check_problem(kind, 404, "unknown_method");
  CHECK(kind.shown("detail").find("query") != std::string::npos);
  check_problem(node.get("/v1/entities/ledger/none/queries/total"), 404, "entity_not_found");
  check_problem(node.get("/v1/entities/ledger/one/updates/none"), 404, "entity_not_found");
}

TEST_CASE("gateway: query-string parameters that are unknown, repeated or wrong are named") {
  gateway_fixture node;
  node.signal("ring");
  auto check_named = [&](const outcome& got, const std::string& name) {
    check_problem(got, 400, "malformed");
    CHECK(got.shown("detail").starts_with(name + ":"));
  };
  const std::string one = "/v1/entities/ledger/one";
  check_named(node.post(one + "/signals/ring?later=1s"), "later");
  check_named(node.post(one + "/signals/ring?delay=1s&delay=2s"), "delay");
  check_named(node.post(one + "/signals/ring?delay=soon"), "delay");
  check_named(node.post(one + "/signals/ring?delay=-1s"), "delay");
  check_named(node.post(one + "/updates/draw?wait=forever"), "wait");
  check_named(node.post(one + "/updates/draw?timeout=5"), "timeout");
  check_named(node.get(one + "/queries/total?at=x"), "at");
  check_named(node.get(one + "/queries/total?at=0"), "at");
  check_named(node.get(one + "/queries/total?amount=0"), "amount");
  check_named(node.get(one + "/updates/k?timeout=99d"), "timeout");
  check_named(node.get(one + "?verbose=1"), "verbose");
  CHECK(node.total() == "0");
}

TEST_CASE("gateway: ids may be any UTF-8, percent-encoded") {
  gateway_fixture node;
  for (const std::string& id : std::vector<std::string>{"a/b", "ä€🙂", "with space", "50%", "?&#",
                                                        "a+b", "..", std::string(255, 'x')}) {
    const auto path = "/v1/entities/ledger/" + percent_encode(id);
    CHECK(node.post(path + "/signals/add", R"({"amount":5})").status == 202);
    auto about = node.get(path);
    CHECK(about.shown("id") == id);
    CHECK(node.get(path + "/queries/total").shown("total") == "5");
  }
}

TEST_CASE("gateway: ids that are empty, too long or not UTF-8 are refused") {
  gateway_fixture node;
  check_problem(node.post("/v1/entities/ledger//signals/ring"), 400, "malformed");
  check_problem(node.get("/v1/entities/ledger/"), 400, "malformed");
  check_problem(node.get("/v1/entities/ledger/" + std::string(256, 'x')), 400, "malformed");
  check_problem(node.get("/v1/entities/ledger/%ff"), 400, "malformed");
  check_problem(node.get("/v1/entities/ledger/%c0%af"), 400, "malformed");
  check_problem(node.get("/v1/entities/ledger/a%00b"), 400, "malformed");
}

TEST_CASE("gateway: an entity that has ended takes no more messages") {
  gateway_fixture node;
  node.signal("ring");
  CHECK(node.del("/v1/entities/ledger/one").status == 200);
  check_problem(node.signal("ring"), 409, "completed");
  check_problem(node.update("draw"), 409, "completed");
}

TEST_CASE("gateway: web pages of another origin can send nothing") {
  gateway_fixture node;
  const auto own = node.url();
  for (const std::string& origin :
       std::vector<std::string>{"http://evil.example", "null", own + "0"}) {
    check_problem(node.signal("ring", "", {{"Origin", origin}}), 403, "forbidden");
  }
  check_problem(node.describe(), 404, "entity_not_found");
  CHECK(node.signal("ring", "", {{"Origin", own}}).status == 202);
  CHECK(node.get("/v1/entities/ledger/one", {{"Origin", "http://evil.example"}}).status == 200);
}
