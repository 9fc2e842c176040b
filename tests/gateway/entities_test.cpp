#include <chrono>
#include <set>

#include "gateway/url.h"
#include "tests/gateway/fixture.h"

using namespace perdure;
using namespace perdure::gateway;
using namespace std::chrono_literals;

TEST_CASE("gateway: an entity's description has its state, timers and suspended handlers") {
  gateway_fixture node;
  node.signal("add", R"({"amount":5})", {{"Idempotency-Key", "k"}});
  node.signal("remindMe", R"({"name":"tea","time":60000})");
  node.post("/v1/entities/ledger/one/signals/ring?delay=2m");
  node.post("/v1/entities/ledger/one/updates/nap?wait=accepted", R"({"time":180000})");
  auto about = node.describe();
  CHECK(about.status == 200);
  CHECK(about.shown("type") == "ledger");
  CHECK(about.shown("id") == "one");
  CHECK(about.shown("status") == "running");
  CHECK(about.shown("run") == "1");
  CHECK(about.shown("events") == "6");
  CHECK(about.shown("runEvents") == "6");
  CHECK(about.shown("created") == "1970-01-01T12:00:00.000Z");
  CHECK(about.shown("lastActive") == "1970-01-01T12:00:00.000Z");
  CHECK(about.shown("nextDue") == "1970-01-01T12:01:00.000Z");
  CHECK(about.shown("idempotencyKeys") == "2");
  CHECK(about.shown("epoch") == "1");
  CHECK_FALSE(about.shown("shard").empty());
  CHECK(about.json.find("state")->shown("total") == "5");
  CHECK(size_of(about, "suspended") == 1);
  CHECK(element(about, "suspended", 0).shown("method") == "nap");
  CHECK(element(about, "suspended", 0).shown("startedBy") == "5");
  std::set<std::string> timers;
  for (std::size_t i = 0; i < size_of(about, "timers"); ++i) {
    auto& timer = element(about, "timers", i);
    timers.insert(timer.shown("kind") + ' ' + timer.shown("name") + ' ' + timer.shown("due"));
  }
  CHECK(timers == std::set<std::string>{"reminder tea 1970-01-01T12:01:00.000Z",
                                        "delayed_signal ring 1970-01-01T12:02:00.000Z",
                                        "timer sleep 1970-01-01T12:03:00.000Z"});
}

TEST_CASE("gateway: termination is recorded with its reason and final") {
  gateway_fixture node;
  check_problem(node.del("/v1/entities/ledger/one"), 404, "entity_not_found");
  node.signal("ring");
  auto ended = node.del("/v1/entities/ledger/one?reason=no%20longer%20needed");
  CHECK(ended.status == 200);
  CHECK(ended.body() == R"({"event":"2","run":1})");
  CHECK(node.describe().shown("status") == "terminated");
  check_problem(node.del("/v1/entities/ledger/one"), 409, "completed");
  auto history = node.get("/v1/entities/ledger/one/history?from=2");
  CHECK(element(history, "events", 0).shown("kind") == "terminated");
  CHECK(element(history, "events", 0).shown("reason") == "no longer needed");
  check_problem(node.del("/v1/entities/ledger/one?reason=" + std::string(1001, 'x')), 400,
                "malformed");
}

TEST_CASE("gateway: the list comes in pages that lead from one to the next") {
  gateway_fixture node;
  for (int i = 0; i < 5; ++i) {
    node.post("/v1/entities/ledger/l%2F" + std::to_string(i) + "/signals/ring");
    node.post("/v1/entities/account/a" + std::to_string(i) + "/updates/deposit", R"({"cents":1})");
  }
  std::vector<std::string> found;
  std::string after;
  do {
    auto page =
        node.get("/v1/entities?limit=3" + (after.empty() ? "" : "&after=" + percent_encode(after)));
    CHECK(page.status == 200);
    CHECK(size_of(page, "entities") <= 3);
    for (std::size_t i = 0; i < size_of(page, "entities"); ++i) {
      found.push_back(element(page, "entities", i).shown("type") + '/' +
                      element(page, "entities", i).shown("id"));
    }
    after = page.shown("next");
  } while (!after.empty());
  CHECK(found == std::vector<std::string>{"account/a0", "account/a1", "account/a2", "account/a3",
                                          "account/a4", "ledger/l/0", "ledger/l/1", "ledger/l/2",
                                          "ledger/l/3", "ledger/l/4"});
}

TEST_CASE("gateway: a last page that is full has no next") {
  gateway_fixture node;
  node.signal("ring");
  auto page = node.get("/v1/entities?limit=1");
  CHECK(size_of(page, "entities") == 1);
  CHECK(page.json.find("next") == nullptr);
  auto empty = node.get("/v1/entities?type=cart");
  CHECK(empty.body() == R"({"entities":[]})");
}

TEST_CASE("gateway: the list is filtered by type and status") {
  gateway_fixture node;
  node.signal("ring");
  node.post("/v1/entities/ledger/two/signals/ring");
  node.post("/v1/entities/account/a/updates/deposit", R"({"cents":1})");
  node.del("/v1/entities/ledger/two");
  CHECK(size_of(node.get("/v1/entities?type=ledger"), "entities") == 2);
  auto ended = node.get("/v1/entities?status=terminated");
  CHECK(size_of(ended, "entities") == 1);
  CHECK(element(ended, "entities", 0).shown("id") == "two");
  CHECK(element(ended, "entities", 0).shown("status") == "terminated");
  CHECK(size_of(node.get("/v1/entities?status=running&type=ledger"), "entities") == 1);
  CHECK(size_of(node.get("/v1/entities?status=parked"), "entities") == 0);
}

TEST_CASE("gateway: the list is searched by attributes, and shows them") {
  gateway_fixture node;
  for (int i = 1; i <= 5; ++i) {
    node.post("/v1/entities/order/o" + std::to_string(i),
              R"({"hold":true,"account":"a)" + std::to_string(i % 2) + R"(","cents":)" +
                  std::to_string(500 * i) + '}');
  }
  node.signal("ring");
  auto found = [&](const std::string& where) {
    std::string ids;
    auto page = node.get("/v1/entities?where=" + percent_encode(where));
    for (std::size_t i = 0; i < size_of(page, "entities"); ++i) {
      ids += element(page, "entities", i).shown("id") + ' ';
    }
    return ids;
  };
  CHECK(found("total > 1000") == "o3 o4 o5 ");
  CHECK(found(R"(account = "a1" and not vip = true)") == "o1 ");
  CHECK(found("not total > 0") == "one ");
  auto first = node.get("/v1/entities?type=order&limit=1");
  CHECK(element(first, "entities", 0).find("attributes")->shown("total") == "500");
  auto rest = node.get("/v1/entities?type=order&limit=1&after=order%2Fo1&where=" +
                       percent_encode("vip = true"));
  CHECK(element(rest, "entities", 0).shown("id") == "o3");
  CHECK(rest.shown("next") == "order/o3");
}

TEST_CASE("gateway: entities are counted") {
  gateway_fixture node;
  for (int i = 0; i < 12; ++i) node.post("/v1/entities/order/o" + std::to_string(i), "{}");
  node.signal("ring");
  CHECK(node.get("/v1/entities?count=true").body() == R"({"count":"13"})");
  CHECK(node.get("/v1/entities?count=true&status=completed").shown("count") == "12");
  CHECK(node.get("/v1/entities?count=true&type=ledger&status=running").shown("count") == "1");
  CHECK(node.get("/v1/entities?count=true&status=parked").shown("count") == "0");
  CHECK(node.get("/v1/entities?count=true&where=" + percent_encode("vip = false")).shown("count") ==
        "12");
}

TEST_CASE("gateway: parameters of the list are checked") {
  gateway_fixture node;
  check_problem(node.get("/v1/entities?type=tree"), 404, "unknown_type");
  for (const std::string query :
       {"status=asleep", "limit=0", "limit=1001", "limit=x", "after=alice", "where=x", "count=1",
        "limit=5&count=true", "after=a/b&count=true", "where=a=1&status=parked"}) {
    auto got = node.get("/v1/entities?" + query);
    check_problem(got, 400, "malformed");
    CHECK(got.shown("detail").starts_with(query.substr(0, query.find('=')) + ":"));
  }
}

TEST_CASE("gateway: a parked entity shows why, in its description and in the list") {
  gateway_fixture node;
  node.signal("add", R"({"amount":5})");
  node.signal("add", R"({"amount":6})");
  REQUIRE(node.store.damage({"ledger", "one"}, 2));
  node.start();
  auto asked = node.get("/v1/entities/ledger/one/queries/total");
  check_problem(asked, 500, "internal");
  auto about = node.describe();
  CHECK(about.shown("status") == "parked");
  CHECK(about.json.find("parked")->shown("code") == "internal");
  CHECK(about.json.find("state") == nullptr);
  auto parked = node.get("/v1/entities?status=parked");
  CHECK(size_of(parked, "entities") == 1);
  CHECK(element(parked, "entities", 0).shown("status") == "parked");
  CHECK(element(node.get("/v1/entities"), "entities", 0).shown("status") == "parked");
}
