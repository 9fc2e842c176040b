// What is answered 2xx is in the journal: every route that changes something, with a disk that is
// full at the wrong moment.

#include <doctest/doctest.h>

#include <atomic>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <thread>

#include "fixture.h"
#include "gateway/router.h"

using namespace perdure;
using namespace perdure::gateway;

namespace {

const entity_id the_order{"order", "o"};
const std::string path = "/v1/entities/order/o";

/// An order that waits to be released, and charges then.
struct order_node : gateway_fixture {
  order_node() {
    CHECK(post(path + "?wait=accepted", R"({"cents":100,"hold":true})").status / 100 == 2);
  }

  /// Releases the order and takes its payment over, as a worker outside.
  std::string charge_token() {
    CHECK(post(path + "/signals/release").status == 202);
    return post("/v1/activities/payments/poll?timeout=30s").shown("token");
  }

  std::uint64_t events() const {
    const auto known = store.find(the_order);
    return known ? known->last_event : 0;
  }
};

/// How a route that changes something is asked: what comes before, and the request.
struct route {
  std::function<std::string(order_node&)> before = [](order_node&) { return std::string(); };
  std::function<outcome(order_node&, const std::string&)> ask;
};

const std::map<std::string, route>& changing_routes() {
  static const std::map<std::string, route> all{
      {"signal",
       {.ask = [](auto& n, auto&) { return n.post(path + "/signals/note", R"({"text":"x"})"); }}},
      {"update",
       {.before =
            [](auto& n) {
              n.store.lose_derived();
              return std::string();
            },
        .ask =
            [](auto& n, auto&) {
              return n.post("/v1/entities/ledger/o/updates/take", R"({"amount":0})");
            }}},
      {"start",
       {.ask =
            [](auto& n, auto&) {
              return n.post(path + "?wait=accepted&id-conflict=terminate-existing",
                            R"({"hold":true})");
            }}},
      {"cancel", {.ask = [](auto& n, auto&) { return n.post(path + "/cancel", "{}"); }}},
      {"terminate", {.ask = [](auto& n, auto&) { return n.del(path); }}},
      {"pause", {.ask = [](auto& n, auto&) { return n.post(path + "/pause", "{}"); }}},
      {"resume",
       {.before =
            [](auto& n) {
              CHECK(n.post(path + "/pause", "{}").status / 100 == 2);
              return std::string();
            },
        .ask = [](auto& n, auto&) { return n.post(path + "/resume"); }}},
      {"reset", {.ask = [](auto& n, auto&) { return n.post(path + "/reset?event=1", "{}"); }}},
      {"complete",
       {.before = [](auto& n) { return n.charge_token(); },
        .ask =
            [](auto& n, auto& token) {
              return n.post("/v1/activities/" + token + "/complete", R"({"receipt":"r"})");
            }}},
      {"fail",
       {.before = [](auto& n) { return n.charge_token(); },
        .ask =
            [](auto& n, auto& token) {
              return n.post("/v1/activities/" + token + "/fail",
                            R"({"message":"no","retryable":false})");
            }}},
      {"batch",
       {.ask =
            [](auto& n, auto&) {
              auto got = n.post("/v1/batch", R"({"type":"order","action":"pause"})");
              // Answered as a whole; what it says of each counts.
              if (got.shown("done") != "1") got.status = 503;
              return got;
            }}},
  };
  return all;
}

/// Routes that are no entity's: they read, or say what may be lost by design.
const std::set<std::string> other_routes{"query", "poll", "heartbeat", "backup"};

/// Asks while time passes, so that what has to be told again is.
outcome ask_in_time(order_node& node, const route& what, const std::string& word) {
  std::atomic<bool> over{false};
  std::thread time([&] {
    while (!over) {
      node.clock.pass(duration{100});
      node.running->look_at_clock();
      std::this_thread::sleep_for(duration{1});
    }
  });
  auto got = what.ask(node, word);
  over = true;
  time.join();
  return got;
}

}  // namespace

TEST_CASE("gateway: every route that changes something is known to be durable when answered") {
  for (auto& each : endpoints()) {
    if (each.method == kj::HttpMethod::GET) continue;
    const std::string name(each.name);
    INFO(name);
    CHECK((changing_routes().contains(name) || other_routes.contains(name)));
  }
}

TEST_CASE("gateway: what is answered 2xx is in the journal, on every route") {
  for (auto& [name, what] : changing_routes()) {
    INFO(name);
    order_node node;
    const auto word = what.before(node);
    const auto before = node.store.stats().records;
    const auto got = ask_in_time(node, what, word);
    INFO(got.body());
    CHECK(got.status / 100 == 2);
    CHECK(node.store.stats().records > before);
  }
}

TEST_CASE("gateway: a step that cannot be written is not answered 2xx, on any route") {
  for (auto& [name, what] : changing_routes()) {
    INFO(name);
    order_node node;
    const auto word = what.before(node);
    const auto before = node.store.stats().records;
    node.store.fail_next(persistence::append_outcome::storage_full);
    const auto got = ask_in_time(node, what, word);
    INFO(got.body());
    // A worker's report is told again until it is written, and answered then.
    CHECK((got.status / 100 != 2 || node.store.stats().records > before));
    if (name != "complete" && name != "fail") CHECK(got.status / 100 == 5);
  }
}
