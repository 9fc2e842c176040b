// A schedule on an engine, told in JSON as an operator does.

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include <perdure/schedule.h>

#include "entities/json.h"
#include "persistence/memory_journal.h"
#include "runtime/engine.h"
#include "schedules/time_text.h"
#include "tests/schedules/jobs.h"

using namespace perdure;
using namespace std::chrono_literals;

namespace {

class manual_clock final : public runtime::wall_clock {
public:
  timestamp now() const override { return timestamp(duration(time_.load())); }
  void pass(duration time) { time_ += time.count(); }

private:
  std::atomic<std::int64_t> time_{
      schedules::parse_time("2030-01-01").value().time_since_epoch().count()};
};

struct node {
  node() { start(); }

  void start() {
    running = std::make_unique<runtime::engine>(store, clock);
    running->host(type_of<schedule>());
    running->host(type_of<jobs::job>());
    running->host(type_of<jobs::meter>());
    running->start();
  }

  void restart() {
    running.reset();
    start();
  }

  void pass(duration time) {
    clock.pass(time);
    running->look_at_clock();
  }

  /// Sends JSON to schedule/nightly; returns the JSON of the answer, or its error.
  std::string tell(std::string_view method, std::string_view json = {}) {
    auto& contract = schedule_contract::description();
    const auto& of = *contract.find(method);
    auto params = codec.decode(of.params, json);
    if (!params) return params.error().detail;
    std::promise<std::string> answered;
    running->call({{"schedule", "nightly"}, &contract, &of, *std::move(params), {}},
                  [&](result<answer> how) {
                    answered.set_value(how ? codec.encode(of.results, how->results).value()
                                           : how.error().detail);
                  });
    return answered.get_future().get();
  }

  /// Waits until `about` tells this of it.
  bool comes_to(std::string_view text) {
    const auto until = std::chrono::steady_clock::now() + 20s;
    while (tell("about").find(text) == std::string::npos) {
      if (std::chrono::steady_clock::now() > until) {
        MESSAGE(tell("about"));
        return false;
      }
      std::this_thread::sleep_for(1ms);
    }
    return true;
  }

  /// Waits until job/`id` sleeps: time that passes before is not time it has slept.
  bool sleeps(std::string_view id) {
    const auto until = std::chrono::steady_clock::now() + 20s;
    while (std::chrono::steady_clock::now() < until) {
      std::promise<std::size_t> timers;
      running->describe({"job", std::string(id)}, [&](result<runtime::entity_description> how) {
        timers.set_value(how ? how->timers.size() : 0);
      });
      if (timers.get_future().get() > 0) return true;
      std::this_thread::sleep_for(1ms);
    }
    return false;
  }

  manual_clock clock;
  persistence::memory_journal store;
  core::json_codec codec{schedule_contract::description()};
  std::unique_ptr<runtime::engine> running;
};

}  // namespace

TEST_CASE("engine: a schedule made from JSON starts entities, through restarts") {
  node n;
  CHECK(n.tell("create", R"({
          "spec": {"cron": ["30 2 * * *"], "timeZone": "Europe/Vienna"},
          "action": {"start": {"type": "job", "idPrefix": "report",
                               "params": "{\"seconds\": 3600}"},
                     "passLastResult": true},
          "policy": {"overlap": "bufferOne", "catchUp": "7d", "pauseOnFailure": true}})") ==
        R"({"next":"2030-01-01T01:30:00Z"})");
  n.pass(2h);
  REQUIRE(n.sleeps("report-2030-01-01T01:30:00Z"));
  n.restart();
  n.pass(1h);
  REQUIRE(n.comes_to(R"("outcome":"completed")"));
  // Down for two days: one run is made up for, the other waits.
  n.running.reset();
  n.clock.pass(48h);
  n.start();
  REQUIRE(n.comes_to(R"("buffered":1)"));
  REQUIRE(n.sleeps("report-2030-01-02T01:30:00Z"));
  n.pass(1h);
  REQUIRE(n.sleeps("report-2030-01-03T01:30:00Z"));
  n.pass(1h);
  REQUIRE(n.comes_to(R"("running":[])"));
  CHECK(n.tell("about").find(R"("failed":0)") != std::string::npos);
  CHECK(n.tell("trigger", R"({"overlap": "allowAll"})").starts_with(R"({"fate":"begun",)"));
  REQUIRE(n.comes_to(R"("manual":true)"));
}

TEST_CASE("engine: a schedule stops what it has started") {
  node n;
  n.tell("create", R"({"action": {"start": {"type": "job", "idPrefix": "j",
                                            "params": "{\"seconds\": 60}"}}})");
  n.tell("trigger");
  REQUIRE(n.comes_to(R"("outcome":"running")"));
  n.clock.pass(1s);
  CHECK(n.tell("trigger", R"({"overlap": "terminateOther"})").starts_with(R"({"fate":"buffered")"));
  REQUIRE(n.comes_to(R"("outcome":"terminated")"));
}

TEST_CASE("engine: a schedule signals and updates entities that it knows by name only") {
  node n;
  n.tell("create", R"({"action": {"update": {"type": "meter", "id": "m", "method": "read"}}})");
  n.tell("trigger");
  REQUIRE(n.comes_to(R"("outcome":"completed")"));
  n.tell("change", R"({"action": {"signal": {"type": "meter", "id": "m", "method": "tick"}}})");
  n.tell("trigger");
  REQUIRE(n.comes_to(R"("outcome":"sent")"));
  n.tell("change", R"({"action": {"start": {"type": "meter", "idPrefix": "j"}}})");
  n.tell("trigger");
  REQUIRE(n.comes_to(R"("outcome":"refused","detail":"unknown_method: )"));
}

TEST_CASE("engine: what is wrong with a schedule is answered by the field's name") {
  node n;
  CHECK(n.tell("create", R"({"spec": {"cron": ["0 25 * * *"]}})") ==
        "spec.cron[0]: cron \"0 25 * * *\": hour: 25 is not in 0 to 23");
  CHECK(n.tell("create", R"({"spec": {"crons": []}})").starts_with("spec.crons: unknown field"));
}
