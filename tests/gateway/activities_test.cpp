#include <atomic>
#include <chrono>
#include <thread>

#include "tests/gateway/fixture.h"
#include "tests/gateway/raw_socket.h"

using namespace perdure;
using namespace perdure::gateway;
using namespace std::chrono_literals;

namespace {

const std::string trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

const entity_id order_one{"order", "one"};

struct worker_fixture : gateway_fixture {
  using gateway_fixture::gateway_fixture;

  outcome place(const std::string& body = R"({"cents":450,"account":"alice"})") {
    return post("/v1/entities/order/one", body, {{"traceparent", trace}});
  }
  outcome poll(const std::string& queue = "payments", const std::string& timeout = "30s") {
    return post("/v1/activities/" + queue + "/poll?timeout=" + timeout);
  }
  outcome tell(const outcome& work, const std::string& what, const std::string& body = {}) {
    return post("/v1/activities/" + work.shown("token") + '/' + what, body);
  }
  outcome ended() { return get("/v1/entities/order/one/result"); }
};

}  // namespace

TEST_CASE("gateway: a worker gets an activity with all it takes, and completes it in JSON") {
  worker_fixture node;
  node.place();
  auto work = node.poll();
  CHECK(work.status == 200);
  CHECK(work.json.find("entity")->dump() == R"({"type":"order","id":"one"})");
  CHECK(work.shown("activities") == "payments");
  CHECK(work.shown("activity") == "charge");
  CHECK(work.json.find("params")->dump() == R"({"account":"alice","cents":"450"})");
  CHECK(work.shown("attempt") == "1");
  CHECK(work.shown("key").size() == 32);
  CHECK(work.shown("deadline") == "1970-01-01T12:01:00.000Z");
  CHECK(work.shown("heartbeatTimeout") == "30s");
  CHECK(work.json.find("heartbeatDetails") == nullptr);
  CHECK(work.shown("traceparent") == trace);
  auto told = node.tell(work, "complete", R"({"receipt":"r-7"})");
  CHECK(told.status == 200);
  CHECK(told.body() == "{}");
  CHECK(node.ended().shown("receipt") == "r-7");
}

TEST_CASE("gateway: a worker that waits in vain is answered with 204") {
  worker_fixture node;
  CHECK(node.poll("payments", "1ms").status == 204);
}

TEST_CASE("gateway: a worker that waits gets what comes meanwhile") {
  worker_fixture node;
  std::thread later([&] {
    while (node.server == nullptr) std::this_thread::yield();
    http_transport other({"127.0.0.1", node.server->port()}, 1);
    (void)other.fetch({http_verb::post, "/v1/entities/order/one", {}, R"({"cents":1})"}, patience);
  });
  auto work = node.poll();
  later.join();
  CHECK(work.status == 200);
  CHECK(work.shown("activity") == "charge");
}

TEST_CASE("gateway: workers that went away get nothing, and cost no attempt") {
  worker_fixture node;
  for (int i = 0; i < 20; ++i) {
    raw_socket gone(node.server->port());
    gone.write(
        "POST /v1/activities/payments/poll HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
  }
  // Behind them on the loop.
  CHECK(node.get("/healthz").status == 200);
  node.place();
  auto work = node.poll();
  CHECK(work.status == 200);
  CHECK(work.shown("attempt") == "1");
}

TEST_CASE("gateway: a failed attempt is followed by another, unless it failed for good") {
  worker_fixture node;
  node.place();
  auto first = node.poll();
  CHECK(node.tell(first, "fail", R"({"type":"busy","message":"later","nextDelay":"5s"})").status ==
        200);
  auto about = node.get("/v1/entities/order/one");
  CHECK(element(about, "activities", 0).shown("nextTry") == "1970-01-01T12:00:05.000Z");
  node.pass(5s, order_one);
  auto second = node.poll();
  CHECK(second.shown("attempt") == "2");
  CHECK(second.shown("key") == first.shown("key"));
  check_problem(node.tell(first, "complete", R"({"receipt":"r"})"), 409, "completed");
  node.tell(second, "fail", R"({"type":"card_declined","message":"no","retryable":false})");
  auto failed = node.ended();
  check_problem(failed, 422, "failed");
  CHECK(failed.shown("errorType") == "card_declined");
}

TEST_CASE("gateway: heartbeats hand details to the next attempt, and tell of a cancel") {
  worker_fixture node;
  node.place();
  auto first = node.poll();
  auto alive = node.tell(first, "heartbeat", R"({"done":[1,2]})");
  CHECK(alive.status == 200);
  CHECK(alive.body() == R"({"cancelled":false})");
  CHECK(node.tell(first, "heartbeat").status == 200);
  node.tell(first, "fail", R"({"message":"crashed"})");
  node.pass(1s, order_one);
  auto second = node.poll();
  CHECK(second.json.find("heartbeatDetails")->dump() == R"({"done":[1,2]})");
  node.post("/v1/entities/order/one/cancel");
  CHECK(node.tell(second, "heartbeat").body() == R"({"cancelled":true})");
}

TEST_CASE("gateway: tokens that are stale or forged are refused") {
  worker_fixture node;
  node.place();
  auto work = node.poll();
  node.tell(work, "complete", R"({"receipt":"r"})");
  node.ended();
  for (auto* what : {"complete", "fail", "heartbeat"}) {
    check_problem(node.tell(work, what), 409, "completed");
    check_problem(node.post("/v1/activities/forged/" + std::string(what)), 400, "malformed");
  }
}

TEST_CASE("gateway: a worker is answered when what it completes is in the history") {
  worker_fixture node;
  node.place();
  auto work = node.poll();
  node.store.fail_next(persistence::append_outcome::storage_full);
  std::atomic<bool> answered{false};
  std::thread worker([&] {
    auto told = node.tell(work, "complete", R"({"receipt":"r"})");
    CHECK(told.status == 200);
    CHECK(node.get("/v1/entities/order/one/history").body().find("activity_ended") !=
          std::string::npos);
    answered = true;
  });
  std::this_thread::sleep_for(50ms);
  CHECK_FALSE(answered);
  while (!answered) {
    node.clock.pass(1s);
    node.running->look_at_clock();
    std::this_thread::sleep_for(1ms);
  }
  worker.join();
  CHECK(node.ended().shown("receipt") == "r");
}

TEST_CASE("gateway: a worker whose entity was terminated is told that nobody waits") {
  worker_fixture node;
  node.place();
  auto work = node.poll();
  CHECK(node.del("/v1/entities/order/one").status == 200);
  SUBCASE("by its heartbeats first") {
    while (node.tell(work, "heartbeat").body() != R"({"cancelled":true})") {
      std::this_thread::yield();
    }
    auto told = node.tell(work, "complete", R"({"receipt":"r"})");
    check_problem(told, 409, "completed");
    CHECK(told.shown("detail").find("nobody waits for it any more") != std::string::npos);
  }
  SUBCASE("whenever it completes") {
    check_problem(node.tell(work, "complete", R"({"receipt":"r"})"), 409, "completed");
  }
  check_problem(node.tell(work, "complete", R"({"receipt":"r"})"), 409, "completed");
}

TEST_CASE("gateway: a token wakes its entity after a restart") {
  worker_fixture node;
  node.place();
  auto work = node.poll();
  node.start();
  CHECK(node.tell(work, "complete", R"({"receipt":"late"})").status == 200);
  CHECK(node.ended().shown("receipt") == "late");
}

TEST_CASE("gateway: activities whose contract is unknown are handed out as they are") {
  worker_fixture node;
  node.place(R"({"parts":["wheel"]})");
  auto work = node.poll("vans");
  CHECK(work.shown("activities") == "shipping");
  CHECK(work.shown("activity") == "@0");
  CHECK(work.json.find("params") == nullptr);
  CHECK_FALSE(work.shown("paramsBase64").empty());
  auto told = node.tell(work, "complete", R"({"tracking":"t"})");
  check_problem(told, 404, "unknown_method");
  CHECK(told.shown("detail").find("shipping.@0") != std::string::npos);
}

TEST_CASE("gateway: what a worker says wrongly is named and changes nothing") {
  worker_fixture node;
  node.place();
  auto work = node.poll();
  auto check_named = [&](const outcome& got, const std::string& name) {
    check_problem(got, 400, "malformed");
    CHECK_MESSAGE(got.shown("detail").starts_with(name + ":"), got.shown("detail"));
  };
  check_named(node.tell(work, "complete", R"({"receipt":5})"), "receipt");
  check_problem(node.tell(work, "complete", R"({"recipe":"x"})"), 400, "malformed");
  check_named(node.tell(work, "fail", R"({"type":7})"), "type");
  check_named(node.tell(work, "fail", R"({"retryable":"no"})"), "retryable");
  check_named(node.tell(work, "fail", R"({"nextDelay":"soon"})"), "nextDelay");
  check_named(node.tell(work, "fail", R"({"nextDelay":5})"), "nextDelay");
  check_named(node.tell(work, "fail", R"({"reason":"x"})"), "reason");
  check_problem(node.tell(work, "heartbeat", "{"), 400, "malformed");
  check_named(node.poll("payments", "soon"), "timeout");
  check_named(node.poll("payments", "11m"), "timeout");
  check_named(node.poll(std::string(256, 'q')), "queue");
  CHECK(node.tell(work, "complete", R"({"receipt":"r"})").status == 200);
}

TEST_CASE("gateway: a drain ends the wait of workers") {
  worker_fixture node;
  raw_socket waiting(node.server->port());
  waiting.write(
      "POST /v1/activities/payments/poll HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
  while (node.get("/metrics").body().find("perdure_http_connections 2") == std::string::npos) {
    std::this_thread::yield();
  }
  std::this_thread::sleep_for(50ms);
  node.server->drain();
  CHECK(waiting.read_all().starts_with("HTTP/1.1 204 "));
}
