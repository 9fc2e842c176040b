#include <chrono>
#include <condition_variable>
#include <future>
#include <map>
#include <mutex>

#include "tests/gateway/fixture.h"

using namespace perdure;
using namespace perdure::gateway;
using namespace std::chrono_literals;

namespace {

const std::string history = "/v1/entities/ledger/one/history";

std::vector<json_document> events_of(const outcome& got) {
  CHECK(got.status == 200);
  auto* events = got.json.find("events");
  REQUIRE(events != nullptr);
  REQUIRE(events->elements() != nullptr);
  return *events->elements();
}

/// An event stream that is read on the transport's thread and waited for on the test's.
class stream_reader {
public:
  stream_reader(gateway_fixture& node, std::string path, header_list headers = {}) {
    headers.emplace_back("Accept", "text/event-stream");
    node.transport->follow(
        {.path = std::move(path), .headers = std::move(headers)},
        [seen = seen_](std::string_view piece) {
          std::lock_guard lock(seen->mutex);
          seen->text += piece;
          seen->changed.notify_all();
          return true;
        },
        [seen = seen_](result<http_response> ended) {
          std::lock_guard lock(seen->mutex);
          seen->status = ended ? ended->status : 1;
          seen->changed.notify_all();
        });
  }

  /// Waits until this text has come.
  void await(std::string_view text) {
    std::unique_lock lock(seen_->mutex);
    auto came = [&] { return seen_->text.find(text) != std::string::npos; };
    CHECK(seen_->changed.wait_for(lock, 30s, came));
  }

  /// Waits for the end of the stream, and returns its status.
  unsigned await_end() {
    std::unique_lock lock(seen_->mutex);
    CHECK(seen_->changed.wait_for(lock, 30s, [&] { return seen_->status != 0; }));
    return seen_->status;
  }

  std::string text() {
    std::lock_guard lock(seen_->mutex);
    return seen_->text;
  }

private:
  struct progress {
    std::mutex mutex;
    std::condition_variable changed;
    std::string text;
    unsigned status = 0;  ///< 0: it goes on. 1: it broke.
  };
  std::shared_ptr<progress> seen_ = std::make_shared<progress>();
};

}  // namespace

TEST_CASE("gateway: a history shows inputs and commands, decoded by the contract") {
  gateway_fixture node;
  node.signal("add", R"({"amount":5})", {{"Idempotency-Key", "k"}});
  node.signal("remindMe", R"({"name":"tea","time":1000})");
  node.update("take", R"({"amount":2})");
  auto events = events_of(node.get(history));
  REQUIRE(events.size() == 5);
  CHECK(events[0].dump() ==
        R"({"event":"1","run":1,"time":"1970-01-01T12:00:00.000Z","kind":"signal_received",)"
        R"("idempotencyKey":"k","method":"add","params":{"amount":"5"}})");
  CHECK(events[1].shown("kind") == "signal_received");
  CHECK(
      events[2].dump() ==
      R"({"event":"3","run":1,"time":"1970-01-01T12:00:00.000Z","kind":"reminder_set",)"
      R"("causedBy":"2","name":"tea","due":"1970-01-01T12:00:01.000Z","method":"ring","params":{}})");
  CHECK(events[3].shown("kind") == "update_accepted");
  CHECK(events[4].dump() ==
        R"({"event":"5","run":1,"time":"1970-01-01T12:00:00.000Z","kind":"update_ended",)"
        R"("causedBy":"4","update":"4","results":{"left":"3"}})");
}

TEST_CASE("gateway: timers, delays and failures have their place in a history") {
  gateway_fixture node;
  node.post("/v1/entities/ledger/one/signals/ring?delay=1s");
  node.signal("addLater", R"({"amount":-1,"time":2000})");
  node.signal("remindMe", R"({"name":"a","time":9000})");
  node.signal("forget", R"({"name":"a"})");
  node.post("/v1/entities/ledger/one/updates/failLater?wait=accepted", R"({"time":3000})");
  node.pass(5s);
  std::string kinds;
  for (auto& event : events_of(node.get(history))) kinds += event.shown("kind") + ' ';
  for (auto* kind : {"signal_delayed", "delayed_signal_due", "timer_started", "timer_fired",
                     "handler_failed", "reminder_set", "reminder_cancelled", "update_ended"}) {
    CHECK_MESSAGE(kinds.find(kind) != std::string::npos, kind);
  }
}

TEST_CASE("gateway: what a main does is in its history, decoded by whose contract it is") {
  gateway_fixture node;
  const std::string trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  node.post("/v1/entities/ledger/book/signals/add", R"({"amount":1})");
  node.post("/v1/entities/order/one?run-timeout=1h",
            R"({"cents":450,"account":"alice","tell":"book","parts":["wheel"]})",
            {{"traceparent", trace}});
  auto work = node.post("/v1/activities/payments/poll");
  node.post("/v1/activities/" + work.shown("token") + "/complete", R"({"receipt":"r"})");
  work = node.post("/v1/activities/vans/poll");
  std::promise<result<nothing>> shipped;
  node.running->activities().complete(
      work.shown("token"), encode(orders::shipping_contract::ship_results{.tracking = "t"}),
      [&](result<nothing> how) { shipped.set_value(std::move(how)); });
  REQUIRE(shipped.get_future().get());
  CHECK(node.get("/v1/entities/order/one/result").shown("receipt") == "r t left 450");
  std::map<std::string, std::vector<json_document>> of;
  for (auto& event : events_of(node.get("/v1/entities/order/one/history"))) {
    of[event.shown("kind")].push_back(event);
  }
  REQUIRE(of["main_started"].size() == 1);
  CHECK(
      of["main_started"][0].dump() ==
      R"({"event":"1","run":1,"time":"1970-01-01T12:00:00.000Z","kind":"main_started",)"
      R"("traceparent":")" +
          trace +
          R"(","method":"place","params":{"cents":"450",)"
          R"("account":"alice","hold":false,"tell":"book","parts":["wheel"]},"runTimeout":"1h"})");
  REQUIRE(of["attribute_set"].size() == 6);
  CHECK(of["attribute_set"][1].shown("name") == "total");
  CHECK(of["attribute_set"][1].shown("value") == "450");
  REQUIRE(of["activity_scheduled"].size() == 2);
  auto& charge = of["activity_scheduled"][0];
  CHECK(charge.shown("name") == "payments.charge");
  CHECK(charge.find("params")->dump() == R"({"account":"alice","cents":"450"})");
  CHECK(charge.shown("startToClose") == "1m");
  CHECK(charge.shown("heartbeat") == "30s");
  auto& ship = of["activity_scheduled"][1];
  CHECK(ship.shown("name") == "shipping.@0");
  CHECK(ship.shown("queue") == "vans");
  CHECK_FALSE(ship.shown("paramsBase64").empty());
  REQUIRE(of["activity_ended"].size() == 2);
  CHECK(of["activity_ended"][0].shown("activity") == charge.shown("event"));
  CHECK(of["activity_ended"][0].find("results")->dump() == R"({"receipt":"r"})");
  CHECK_FALSE(of["activity_ended"][1].shown("resultsBase64").empty());
  REQUIRE(of["message_sent"].size() == 2);
  CHECK(of["message_sent"][0].shown("sent") == "signal");
  CHECK(of["message_sent"][0].find("to")->dump() == R"({"type":"ledger","id":"book"})");
  CHECK(of["message_sent"][0].shown("method") == "add");
  CHECK(of["message_sent"][0].find("params")->dump() == R"({"amount":"450"})");
  CHECK(of["message_sent"][1].shown("sent") == "update");
  REQUIRE(of["reply_received"].size() == 1);
  CHECK(of["reply_received"][0].shown("message") == of["message_sent"][1].shown("event"));
  CHECK(of["reply_received"][0].find("results")->dump() == R"({"left":"450"})");
  REQUIRE(of["main_ended"].size() == 1);
  CHECK(of["main_ended"][0].shown("status") == "completed");
  CHECK(of["main_ended"][0].find("results")->shown("receipt") == "r t left 450");
  auto told = events_of(node.get("/v1/entities/ledger/book/history?from=2"));
  CHECK(told[0].find("from")->dump() == R"({"type":"order","id":"one"})");
  CHECK(told[0].shown("traceparent") == trace);
}

TEST_CASE("gateway: pauses, cancels, resets and new starts have their place in a history") {
  gateway_fixture node;
  const std::string one = "/v1/entities/order/one";
  node.post(one, R"({"hold":true})");
  node.post(one + "/pause", R"({"reason":"audit"})");
  node.post(one + "/resume");
  node.post(one + "/reset?event=1", R"({"reason":"a bug"})");
  node.post(one + "/cancel", R"({"reason":"enough"})");
  node.post(one, R"({"hold":true})");
  std::map<std::string, json_document> of;
  for (auto& event : events_of(node.get(one + "/history"))) of[event.shown("kind")] = event;
  CHECK(of["paused"].shown("reason") == "audit");
  CHECK(of.contains("resumed"));
  CHECK(of["run_reset"].shown("to") == "1");
  CHECK(of["run_reset"].shown("reason") == "a bug");
  CHECK(of["cancel_requested"].shown("reason") == "enough");
  CHECK(of["main_ended"].shown("status") == "cancelled");
  CHECK(of["run_continued"].find("main")->shown("method") == "place");
}

TEST_CASE("gateway: results of an update that ended later are decoded on any page") {
  gateway_fixture node;
  node.post("/v1/entities/ledger/one/updates/nap?wait=accepted", R"({"time":1000})");
  node.pass(1s);
  auto last = events_of(node.get(history + "?from=4"));
  REQUIRE(last.size() == 1);
  CHECK(last[0].shown("kind") == "update_ended");
  CHECK(last[0].find("results")->shown("woke") == "43201000");
}

TEST_CASE("gateway: a history comes in pages, cut at any event") {
  gateway_fixture node;
  for (int i = 0; i < 100; ++i) node.signal("remindMe", R"({"name":"tea","time":1000})");
  std::uint64_t expected = 1;
  std::string from = "1";
  while (!from.empty()) {
    auto page = node.get(history + "?limit=7&from=" + from);
    for (auto& event : events_of(page)) CHECK(event.shown("event") == std::to_string(expected++));
    from = page.shown("next");
  }
  CHECK(expected == 201);
  CHECK(events_of(node.get(history + "?from=201")).empty());
}

TEST_CASE("gateway: a page of a history ends early when it gets large") {
  http_options options;
  options.page_bytes_max = 1'000;
  gateway_fixture node({}, options);
  for (int i = 0; i < 20; ++i)
    node.signal("note", R"({"text":")" + std::string(400, 'x') + R"("})");
  auto page = node.get(history);
  CHECK(events_of(page).size() == 2);
  CHECK(page.shown("next") == "3");
}

TEST_CASE("gateway: a history can be asked for by run") {
  runtime::engine_limits limits;
  limits.continue_after_events = 16;
  gateway_fixture node(limits);
  for (int i = 0; i < 40; ++i) node.signal("add", R"({"amount":1})");
  const auto run = node.describe().shown("run");
  CHECK(run != "1");
  auto events = events_of(node.get(history + "?run=" + run));
  REQUIRE_FALSE(events.empty());
  CHECK(events[0].shown("kind") == "run_continued");
  CHECK(events[0].find("state")->find("total") != nullptr);
  for (auto& event : events) CHECK(event.shown("run") == run);
}

TEST_CASE("gateway: parameters of a history are checked") {
  gateway_fixture node;
  node.signal("ring");
  check_problem(node.get("/v1/entities/ledger/none/history"), 404, "entity_not_found");
  for (const std::string query :
       {"from=0", "from=x", "limit=0", "limit=1001", "run=0", "until=3"}) {
    auto got = node.get(history + '?' + query);
    check_problem(got, 400, "malformed");
    CHECK(got.shown("detail").starts_with(query.substr(0, query.find('=')) + ":"));
  }
  const header_list live{{"Accept", "text/event-stream"}};
  check_problem(node.get(history + "?limit=5", live), 400, "malformed");
  check_problem(node.get(history, {{"Accept", "text/event-stream"}, {"Last-Event-ID", "x"}}), 400,
                "malformed");
  check_problem(node.get("/v1/entities/ledger/none/history", live), 404, "entity_not_found");
}

TEST_CASE("gateway: a stream tells what was and what comes, and ends with the entity") {
  gateway_fixture node;
  node.signal("add", R"({"amount":5})");
  stream_reader reader(node, history);
  reader.await("id: 1\nevent: signal_received\ndata: {\"event\":\"1\"");
  node.signal("note", R"({"text":"hello"})");
  reader.await("hello");
  node.del("/v1/entities/ledger/one");
  CHECK(reader.await_end() == 200);
  CHECK(reader.text().find("id: 3\nevent: terminated\n") != std::string::npos);
}

TEST_CASE("gateway: a stream goes on where the client was, and stops it when all was told") {
  gateway_fixture node;
  for (int i = 0; i < 600; ++i) node.signal("add", R"({"amount":1})");
  node.del("/v1/entities/ledger/one");
  stream_reader rest(node, history, {{"Last-Event-ID", "300"}});
  CHECK(rest.await_end() == 200);
  auto text = rest.text();
  CHECK(text.starts_with("id: 301\n"));
  std::size_t events = 0;
  for (auto at = text.find("id: "); at != std::string::npos; at = text.find("\nid: ", at + 1))
    ++events;
  CHECK(events == 301);
  CHECK(node.get(history, {{"Accept", "text/event-stream"}, {"Last-Event-ID", "601"}}).status ==
        204);
}

TEST_CASE("gateway: a stream on which nothing happens is kept alive") {
  http_options options;
  options.heartbeat = 10ms;
  gateway_fixture node({}, options);
  node.signal("ring");
  stream_reader reader(node, history);
  reader.await("\n\n:\n\n:\n\n");
  node.signal("note", R"({"text":"still there"})");
  reader.await("still there");
  node.server->drain();
  CHECK(reader.await_end() == 200);
}
