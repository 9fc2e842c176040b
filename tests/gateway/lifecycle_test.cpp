#include <chrono>

#include "tests/gateway/fixture.h"

using namespace perdure;
using namespace perdure::gateway;
using namespace std::chrono_literals;

namespace {

const std::string one = "/v1/entities/order/one";
const entity_id order_one{"order", "one"};

struct order_fixture : gateway_fixture {
  using gateway_fixture::gateway_fixture;

  outcome begin(const std::string& query = "", const std::string& body = R"({"hold":true})",
                header_list headers = {}) {
    return post(one + query, body, std::move(headers));
  }
  outcome release() { return post(one + "/signals/release"); }
  std::string status() { return get(one).shown("status"); }
};

}  // namespace

TEST_CASE("gateway: a start is answered with its event and run, and its place") {
  order_fixture node;
  auto started = node.begin();
  CHECK(started.status == 201);
  CHECK(started.body() == R"({"event":"1","run":1})");
  CHECK(started.header("Location") == one);
  CHECK(node.status() == "running");
}

TEST_CASE("gateway: whoever starts can wait for the result") {
  order_fixture node;
  auto ended = node.begin("?wait=result", "{}");
  CHECK(ended.status == 200);
  CHECK(ended.body() == R"({"receipt":""})");
  CHECK(ended.header("Perdure-Event") == "1");
  CHECK(ended.header("Perdure-Run") == "1");
  CHECK(node.status() == "completed");
}

TEST_CASE("gateway: a repeat of a start under its key answers as the first, and says so") {
  order_fixture node;
  const header_list key{{"Idempotency-Key", "k"}};
  auto first = node.begin("", R"({"hold":true})", key);
  CHECK(first.header("Idempotency-Replayed").empty());
  auto again = node.begin("", R"({"hold":true})", key);
  CHECK(again.status == 201);
  CHECK(again.body() == first.body());
  CHECK(again.header("Idempotency-Replayed") == "true");
  check_problem(node.begin("", R"({"hold":false})", key), 409, "idempotency_conflict");
  node.release();
  auto ended = node.begin("?wait=result", R"({"hold":true})", key);
  CHECK(ended.status == 200);
  CHECK(ended.header("Idempotency-Replayed") == "true");
}

TEST_CASE("gateway: a second start conflicts, unless it says what shall become of the first") {
  order_fixture node;
  node.begin();
  check_problem(node.begin(), 409, "already_exists");
  check_problem(node.begin("?id-conflict=reject"), 409, "already_exists");
  auto existing = node.begin("?id-conflict=use-existing");
  CHECK(existing.status == 200);
  CHECK(existing.shown("event") == "1");
  CHECK(existing.header("Idempotency-Replayed").empty());
  auto fresh = node.begin("?id-conflict=terminate-existing");
  CHECK(fresh.status == 201);
  CHECK(fresh.shown("run") == "2");
  CHECK(node.status() == "running");
}

TEST_CASE("gateway: whether an ended entity can be started again is up to the start") {
  order_fixture node;
  node.begin("?wait=result", "{}");
  check_problem(node.begin("?id-reuse=reject", "{}"), 409, "already_exists");
  check_problem(node.begin("?id-reuse=after-failure", "{}"), 409, "already_exists");
  CHECK(node.begin("?id-reuse=allow", "{}").status == 201);
}

TEST_CASE("gateway: a delayed start begins later") {
  order_fixture node;
  CHECK(node.begin("?delay=90s", "{}").status == 201);
  auto about = node.get(one);
  CHECK(about.shown("status") == "running");
  CHECK(about.json.find("main")->shown("due") == "1970-01-01T12:01:30.000Z");
  node.pass(90s, order_one);
  CHECK(node.status() == "completed");
}

TEST_CASE("gateway: a main that exceeds its time fails, and its description has the deadlines") {
  order_fixture node;
  node.begin("?run-timeout=1h&execution-timeout=2h");
  auto* main = node.get(one).json.find("main");
  REQUIRE(main != nullptr);
  auto about = node.get(one);
  CHECK(about.json.find("main")->shown("runDeadline") == "1970-01-01T13:00:00.000Z");
  CHECK(about.json.find("main")->shown("executionDeadline") == "1970-01-01T14:00:00.000Z");
  node.pass(1h, order_one);
  CHECK(node.status() == "failed");
  auto failed = node.get(one + "/result");
  check_problem(failed, 422, "failed");
}

TEST_CASE("gateway: a result is waited for, and the wait is bounded") {
  order_fixture node;
  node.begin();
  auto late = node.get(one + "/result?timeout=1ms");
  check_problem(late, 408, "timeout");
  check_problem(node.begin("?wait=result&timeout=1ms&id-conflict=use-existing"), 408, "timeout");
  node.release();
  auto ended = node.get(one + "/result");
  CHECK(ended.status == 200);
  CHECK(ended.body() == R"({"receipt":""})");
  CHECK(ended.header("Perdure-Event") == "1");
  CHECK(ended.header("Idempotency-Replayed").empty());
}

TEST_CASE("gateway: there is no result of what was not started") {
  order_fixture node;
  check_problem(node.get(one + "/result"), 404, "entity_not_found");
  node.release();
  check_problem(node.get(one + "/result"), 404, "entity_not_found");
  node.signal("ring");
  auto mainless = node.get("/v1/entities/ledger/one/result");
  check_problem(mainless, 404, "unknown_method");
  auto start = node.post("/v1/entities/ledger/one");
  check_problem(start, 404, "unknown_method");
  CHECK(start.shown("detail").starts_with("ledger has no main"));
}

TEST_CASE("gateway: a start that the main refuses at once has not happened") {
  order_fixture node;
  check_problem(node.begin("", R"({"cents":-1})"), 409, "rejected");
  check_problem(node.get(one), 404, "entity_not_found");
}

TEST_CASE("gateway: a main that failed is answered with 422 and the failure's type") {
  order_fixture node;
  node.begin("", R"({"cents":5,"account":"alice"})");
  auto work = node.post("/v1/activities/payments/poll");
  REQUIRE(work.status == 200);
  node.post("/v1/activities/" + work.shown("token") + "/fail",
            R"({"type":"card_declined","message":"no","retryable":false})");
  auto failed = node.get(one + "/result");
  check_problem(failed, 422, "failed");
  CHECK(failed.shown("errorType") == "card_declined");
  auto about = node.get(one);
  CHECK(about.shown("status") == "failed");
  auto* failure = about.json.find("main")->find("failure");
  REQUIRE(failure != nullptr);
  CHECK(failure->shown("type") == "card_declined");
}

TEST_CASE("gateway: cancelling ends the main, and an entity without one refuses") {
  order_fixture node;
  node.begin();
  auto asked = node.post(one + "/cancel", R"({"reason":"changed my mind"})");
  CHECK(asked.status == 202);
  CHECK(asked.body() == R"({"event":"7","run":1})");
  CHECK(node.status() == "cancelled");
  CHECK(node.get(one + "/result").shown("detail") == "cancelled: changed my mind");
  check_problem(node.post(one + "/cancel"), 409, "completed");
  node.signal("ring");
  check_problem(node.post("/v1/entities/ledger/one/cancel"), 409, "rejected");
  check_problem(node.post("/v1/entities/order/none/cancel"), 404, "entity_not_found");
}

TEST_CASE("gateway: a paused entity keeps signals until it is resumed") {
  order_fixture node;
  node.begin();
  auto paused = node.post(one + "/pause", R"({"reason":"audit"})");
  CHECK(paused.status == 202);
  CHECK_FALSE(paused.shown("event").empty());
  CHECK(node.status() == "paused");
  CHECK(node.release().status == 202);
  CHECK(node.status() == "paused");
  CHECK(node.post(one + "/resume").status == 202);
  node.pass(1ms, order_one);
  CHECK(node.get(one + "/result").status == 200);
  check_problem(node.post(one + "/pause"), 409, "completed");
}

TEST_CASE("gateway: what is ended while it is paused is no longer paused") {
  gateway_fixture node;
  node.signal("ring");
  const std::string ledger = "/v1/entities/ledger/one";
  CHECK(node.post(ledger + "/pause").status == 202);
  check_problem(node.update("take", R"({"amount":1})"), 503, "unavailable");
  CHECK(node.del(ledger, R"({"reason":"sold"})").status == 200);
  CHECK(node.describe().shown("status") == "terminated");
  check_problem(node.update("take", R"({"amount":1})"), 409, "completed");
}

TEST_CASE("gateway: a signal that a reset takes again keeps its key and its delay") {
  order_fixture node;
  node.begin();
  auto note = [&](const std::string& key, const std::string& delay) {
    return node.post(one + "/signals/note" + delay, R"({"text":"hi"})", {{"Idempotency-Key", key}});
  };
  auto heard = [&] { return node.get(one + "/queries/look").json.find("state")->shown("heard"); };
  CHECK(note("at once", "").status == 202);
  CHECK(note("later", "?delay=1h").status == 202);
  CHECK(node.post(one + "/reset?event=1").status == 202);
  CHECK(heard() == "1");
  CHECK(note("at once", "").header("Idempotency-Replayed") == "true");
  CHECK(note("later", "?delay=1h").header("Idempotency-Replayed") == "true");
  node.pass(1h, order_one);
  CHECK(heard() == "2");
}

TEST_CASE("gateway: a reset undoes what came after an event, but for signals") {
  order_fixture node;
  node.begin();
  node.post(one + "/signals/note", R"({"text":"first"})");
  node.post(one + "/signals/note", R"({"text":"second"})");
  auto reset = node.post(one + "/reset?event=1", R"({"reason":"a bug"})");
  CHECK(reset.status == 202);
  CHECK(reset.shown("run") == "2");
  CHECK(node.get(one + "/queries/look").json.find("state")->shown("heard") == "2");
  auto missing = node.post(one + "/reset");
  check_problem(missing, 400, "malformed");
  CHECK(missing.shown("detail").starts_with("event:"));
  check_problem(node.post(one + "/reset?event=0"), 400, "malformed");
  check_problem(node.post(one + "/reset?event=1"), 400, "malformed");
}

TEST_CASE("gateway: what a request about an entity's life says wrongly is named") {
  order_fixture node;
  node.begin();
  auto check_named = [&](const outcome& got, const std::string& name) {
    check_problem(got, 400, "malformed");
    CHECK_MESSAGE(got.shown("detail").starts_with(name + ":"), got.shown("detail"));
  };
  check_named(node.begin("?id-conflict=ignore"), "id-conflict");
  check_named(node.begin("?id-reuse=never"), "id-reuse");
  check_named(node.begin("?wait=long"), "wait");
  check_named(node.begin("?delay=soon"), "delay");
  check_named(node.begin("?run-timeout=5"), "run-timeout");
  check_named(node.begin("?execution-timeout=-1s"), "execution-timeout");
  check_named(node.begin("?timeout=1d"), "timeout");
  check_named(node.begin("", R"({"cents":"many"})"), "cents");
  check_named(node.get(one + "/result?timeout=soon"), "timeout");
  check_named(node.post(one + "/cancel", R"({"reason":5})"), "reason");
  check_named(node.post(one + "/cancel", R"({"why":"x"})"), "why");
  check_named(node.post(one + "/cancel", R"({"reason":"x","reason":"y"})"), "reason");
  check_named(node.post(one + "/pause", R"({"reason":")" + std::string(1'001, 'x') + R"("})"),
              "reason");
  check_named(node.post(one + "/pause", "[]"), "the body");
  check_named(node.post(one + "/resume", R"({"reason":"x"})"), "reason");
  check_named(node.post(one + "/reset?event=one"), "event");
  CHECK(node.get(one).shown("events") == "6");
}

TEST_CASE("gateway: a description has attributes, main, activities, children and messages") {
  order_fixture node;
  node.begin("", R"({"cents":1500,"account":"alice"})",
             {{"traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}});
  auto about = node.get(one);
  CHECK(about.json.find("attributes")->dump() ==
        R"({"account":"alice","share":375,"status":"placed","total":1500,"vip":true})");
  auto& main = *about.json.find("main");
  CHECK(main.shown("method") == "place");
  CHECK(main.shown("started") == "1");
  CHECK(main.find("params")->shown("cents") == "1500");
  CHECK(main.find("result") == nullptr);
  auto& charge = element(about, "activities", 0);
  CHECK(charge.shown("name") == "payments.charge");
  CHECK(charge.shown("queue") == "payments");
  CHECK(charge.shown("running") == "false");
  CHECK(charge.shown("attempt") == "0");
  CHECK(size_of(about, "messages") == 0);
  CHECK(size_of(about, "children") == 0);
  auto work = node.post("/v1/activities/payments/poll");
  CHECK(element(node.get(one), "activities", 0).shown("running") == "true");
  node.post("/v1/activities/" + work.shown("token") + "/fail", R"({"message":"no line"})");
  about = node.get(one);
  auto& failed = element(about, "activities", 0);
  CHECK(failed.shown("lastFailure") == "no line");
  CHECK(failed.shown("nextTry") == "1970-01-01T12:00:01.000Z");
  node.pass(1s, order_one);
  work = node.post("/v1/activities/payments/poll");
  node.post("/v1/activities/" + work.shown("token") + "/complete", R"({"receipt":"r-1"})");
  CHECK(node.get(one + "/result").shown("receipt") == "r-1");
  about = node.get(one);
  CHECK(about.shown("status") == "completed");
  CHECK(about.json.find("main")->find("result")->shown("receipt") == "r-1");
}
