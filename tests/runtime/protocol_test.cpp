// What an engine promises about messages, resets and starts, whatever comes between.

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "crew.perdure.h"
#include "crew_small.perdure.h"
#include "fixture.h"

using namespace perdure;
using namespace perdure::runtime;

namespace {

using crew::crew_contract;

/// Does what it is told by words: "send ID TEXT", "send-ledger ID", "run ID PLAN", "ask ID TEXT",
/// "sleep MS", "forever", "refuse", "bulk BYTES", "spoil"; anything else it notes. Steps of a plan
/// are separated by ';'.
class member final : public crew::crew_entity {
public:
  task<work_results> work(work_params what) override {
    if (what.plan == "refuse") throw rejected("refused as asked");
    co_await follow(what.plan);
    co_return {.result = "done"};
  }
  void tell(const tell_params& what) override {
    if (!obey(what.text)) state.log.push_back(what.text);
  }
  task<ask_results> ask(ask_params what) override {
    co_await follow(what.text);
    co_return {.result = what.text};
  }
  log_results log() const override { return {.lines = state.log}; }

private:
  static std::string rest_of(std::istringstream& words) {
    std::string rest;
    std::getline(words >> std::ws, rest);
    return rest;
  }

  bool obey(const std::string& text) {
    std::istringstream words(text);
    std::string what, whom;
    words >> what;
    if (what == "send") {
      words >> whom;
      entity<crew_contract>(whom).tell({.text = rest_of(words)});
    } else if (what == "send-ledger") {
      entity("ledger", rest_of(words)).signal("ring", "{}");
    } else if (what == "bulk") {
      state.log.push_back(std::string(std::stoul(rest_of(words)), 'x'));
    } else if (what == "forget") {
      state.log.clear();
    } else if (what == "spoil") {
      state.log.emplace_back("spoiled");
      throw rejected("spoiled");
    } else {
      return false;
    }
    return true;
  }

  task<> follow(const std::string& plan) {
    std::istringstream steps(plan);
    for (std::string step; std::getline(steps >> std::ws, step, ';');) {
      std::istringstream words(step);
      std::string what, whom;
      words >> what;
      if (what == "sleep") {
        co_await sleep(duration{std::stol(rest_of(words))});
      } else if (what == "forever") {
        co_await wait_until([] { return false; });
      } else if (what == "run") {
        words >> whom;
        auto how = co_await child<crew_contract>(whom).work({.plan = rest_of(words)}).as_result();
        state.log.push_back("child " + (how ? how->result : how.error().detail));
      } else if (what == "ask") {
        words >> whom;
        auto how = co_await entity<crew_contract>(whom).ask({.text = rest_of(words)}).as_result();
        state.log.push_back("asked " + (how ? how->result : how.error().detail));
      } else if (!obey(step)) {
        state.log.push_back(step);
      }
    }
  }
};

class small_member final : public crew_small::crew_entity {
public:
  task<work_results> work(work_params) override { co_return {}; }
};

struct crew_fixture {
  explicit crew_fixture(engine_limits chosen = {}, persistence::memory_options options = {})
      : store(options), limits(chosen) {
    start();
  }

  void start(bool with_ledger = false) {
    running.reset();
    running = std::make_unique<engine>(store, clock, limits);
    running->host(type_of<member>());
    if (with_ledger) running->host(type_of<ledger::book>());
    running->start();
  }

  crew::crew_client of(std::string id) { return {*running, std::move(id)}; }
  void tell(const std::string& id, const std::string& text) {
    of(id).tell({.text = text}).get().value();
  }
  std::vector<std::string> log(const std::string& id) {
    auto found = of(id).log().get();
    return found ? found->lines : std::vector<std::string>{};
  }
  entity_description describe(const std::string& id) {
    answer_box<result<entity_description>> box;
    running->describe({"crew", id}, box.box());
    return box.get().value();
  }
  using operation = void (engine::*)(const entity_id&, std::string, completion);
  result<answer> operate(operation what, const std::string& id) {
    answer_box<result<answer>> box;
    (*running.*what)({"crew", id}, "", box.box());
    return box.get();
  }
  result<answer> pause(const std::string& id) { return operate(&engine::pause, id); }
  result<answer> terminate(const std::string& id) { return operate(&engine::terminate, id); }
  result<answer> resume(const std::string& id) {
    answer_box<result<answer>> box;
    running->resume({"crew", id}, box.box());
    return box.get();
  }
  result<answer> reset(const std::string& id, event_number to) {
    answer_box<result<answer>> box;
    running->reset({"crew", id}, to, "", box.box());
    return box.get();
  }
  /// Begins a main, and does not wait for its end.
  result<answer> begin(const std::string& id, const std::string& plan, start_options how = {}) {
    answer_box<result<answer>> box;
    request what;
    what.target = {"crew", id};
    what.contract = &crew_contract::description();
    what.method = what.contract->main();
    what.params = codec<crew::crew_entity::work_params>::encode({.plan = plan});
    what.options.until_accepted = true;
    what.options.start = how;
    running->call(std::move(what), box.box());
    return box.get();
  }

  /// Lets time pass until it holds.
  void until(const std::function<bool()>& holds) {
    while (!holds()) {
      clock.pass(100ms);
      running->look_at_clock();
      std::this_thread::yield();
    }
  }
  void until_quiet() {
    until([&] { return running->stats().messages_under_way == 0; });
  }
  /// Has an entity loaded again, by a step that could not be written.
  void reload(const std::string& id) {
    store.fail_next_of({"crew", id}, persistence::append_outcome::storage_full);
    CHECK_FALSE(of(id).tell({.text = "lost"}).get());
  }
  void remove(const std::string& id) {
    clock.pass(100h);
    until([&] {
      store.collect(clock.now());
      return !store.find({"crew", id});
    });
  }

  manual_clock clock;
  persistence::memory_journal store;
  engine_limits limits;
  std::unique_ptr<engine> running;
};

using lines = std::vector<std::string>;

}  // namespace

// -- messages wait for who cannot take them -------------------------------------------------------

TEST_CASE("protocol: a message to a type that no node hosts waits, is shown, and arrives") {
  crew_fixture f;
  f.tell("a", "send-ledger x");
  f.until([&] { return f.describe("a").messages.size() == 1; });
  f.until([&] { return f.describe("a").messages.at(0).attempts > 0; });
  CHECK(f.describe("a").messages.at(0).last_failure.find("no entity type \"ledger\"") !=
        std::string::npos);
  f.start(true);
  f.until([&] { return f.store.find({"ledger", "x"}).has_value(); });
  f.until_quiet();
  CHECK(ledger::ledger_client(*f.running, "x").total().get()->rings == 1);
}

TEST_CASE("protocol: a message to an entity whose history is damaged waits until it is mended") {
  crew_fixture f;
  f.tell("b", "first");
  REQUIRE(f.store.damage({"crew", "b"}, 1));
  f.reload("b");
  CHECK(f.describe("b").status == "parked");
  CHECK(f.describe("b").parked->code == errc::internal);
  f.tell("a", "send b hello");
  f.until(
      [&] { return !f.describe("a").messages.empty() && f.describe("a").messages[0].attempts; });
  CHECK(f.describe("a").messages.at(0).last_failure.find("parked") != std::string::npos);
  REQUIRE(f.store.damage({"crew", "b"}, 1));  // The bit is flipped back.
  REQUIRE(f.resume("b"));
  f.until_quiet();
  CHECK(f.log("b") == lines{"first", "hello"});
}

// -- what was told is told again until it is durable ----------------------------------------------

TEST_CASE("protocol: a refusal that spoils a large state leaves no message under way for ever") {
  engine_limits limits;
  limits.calls_per_entity = 5;
  crew_fixture f(limits);
  f.tell("a", "bulk 20000");  // Beyond what is copied: a refusal costs a reload.
  for (int i = 0; i < 20; ++i) {
    const auto send = "send b " + std::to_string(i);
    f.until([&] { return f.of("a").tell({.text = send}).get().has_value(); });
    f.until([&] { return f.log("b").size() == static_cast<std::size_t>(i) + 1; });
    CHECK(f.of("a").tell({.text = "spoil"}).get().error().code == errc::rejected);
  }
  f.until_quiet();
  CHECK(f.log("b").size() == 20);
}

TEST_CASE("protocol: a full disk leaves no message under way for ever") {
  crew_fixture f;
  f.tell("a", "send b one");
  f.until([&] { return f.log("b").size() == 1; });
  f.reload("a");
  f.until_quiet();
  f.tell("a", "send b two");
  f.until_quiet();
  CHECK(f.log("b") == lines{"one", "two"});
}

// -- nothing is removed while somebody owes it or is owed by it -----------------------------------

TEST_CASE("protocol: a sender that has ended is kept until its messages are delivered") {
  crew_fixture f;
  f.tell("a", "send-ledger x");
  f.until([&] { return f.describe("a").messages.size() == 1; });
  REQUIRE(f.terminate("a"));
  f.clock.pass(200h);
  for (int i = 0; i < 10; ++i) f.store.collect(f.clock.now());
  f.start(true);
  f.until([&] { return f.store.find({"ledger", "x"}).has_value(); });
  f.until_quiet();
  CHECK(ledger::ledger_client(*f.running, "x").total().get()->rings == 1);
  f.remove("a");
}

TEST_CASE("protocol: a receiver that has ended is kept until its senders have settled") {
  crew_fixture f;
  // The asker is parked before it can record the answer.
  REQUIRE(f.begin("a", "ask b one;ask b two;forever"));
  f.until([&] { return f.log("a").size() == 2; });
  f.until_quiet();
  REQUIRE(f.terminate("b"));
  f.remove("b");
  CHECK(f.log("a") == lines{"asked one", "asked two"});
}

TEST_CASE("protocol: a message of an entity made anew is not taken for one of its earlier life") {
  persistence::memory_options at_once;
  at_once.terminated_retention = duration{0};
  crew_fixture f({}, at_once);
  for (int life = 1; life <= 3; ++life) {
    // The clock stands still: only the name of the life tells them apart.
    f.tell("a", "send b hello");
    while (f.log("b").size() < static_cast<std::size_t>(life)) std::this_thread::yield();
    CHECK(f.log("b").size() == static_cast<std::size_t>(life));
    REQUIRE(f.terminate("a"));
    f.until([&] {
      f.store.collect(f.clock.now());
      return !f.store.find({"crew", "a"});
    });
  }
  f.until_quiet();
  CHECK(f.log("b") == lines{"hello", "hello", "hello"});
}

// -- reset ----------------------------------------------------------------------------------------

TEST_CASE("protocol: a reset that could not be written has sent nothing") {
  crew_fixture f;
  REQUIRE(f.begin("a", "send b one;forever"));
  f.until([&] { return f.log("b").size() == 1; });
  f.until_quiet();
  f.store.fail_next_of({"crew", "a"}, persistence::append_outcome::storage_full);
  CHECK_FALSE(f.reset("a", 1));
  for (int i = 0; i < 50; ++i) f.until([&] { return f.describe("a").status == "running"; });
  CHECK(f.log("b").size() == 1);
  REQUIRE(f.reset("a", 1));
  f.until([&] { return f.log("b").size() == 2; });
  f.until_quiet();
  CHECK(f.log("b") == lines{"one", "one"});
}

TEST_CASE("protocol: a child that was started behind a reset's place is the parent's again") {
  crew_fixture f;
  REQUIRE(f.begin("a", "run kid sleep 500;child is over"));
  f.until([&] { return f.store.find({"crew", "kid"}).has_value(); });
  REQUIRE(f.reset("a", 1));
  f.until([&] { return f.describe("a").status == "completed"; });
  CHECK(f.log("a") == lines{"child done", "child is over"});
  CHECK(f.describe("kid").status == "completed");
  CHECK(f.describe("kid").summary.run == 1);
}

TEST_CASE("protocol: a child that a reset has left behind ends with its parent") {
  crew_fixture f;
  REQUIRE(f.begin("a", "sleep 1000;run kid forever"));
  f.until([&] { return f.store.find({"crew", "kid"}).has_value(); });
  REQUIRE(f.reset("a", 1));
  CHECK(f.describe("kid").status == "running");
  REQUIRE(f.terminate("a"));
  f.until([&] { return f.describe("kid").status == "terminated"; });
}

TEST_CASE("protocol: a main that ran out of its time has it anew after a reset") {
  crew_fixture f;
  REQUIRE(f.begin("a", "sleep 1000;forever", {.execution_timeout = 2s}));
  f.until([&] { return f.describe("a").status == "failed"; });
  REQUIRE(f.reset("a", 1));
  CHECK(f.describe("a").status == "running");
  f.clock.pass(1500ms);
  f.running->look_at_clock();
  CHECK(f.describe("a").status == "running");
  f.until([&] { return f.describe("a").status == "failed"; });
}

TEST_CASE("protocol: a reset of a history of 60,000 events keeps what it keeps") {
  engine_limits limits;
  limits.continue_after_events = 1'000'000;
  limits.continue_after_bytes = 1ull << 40;
  limits.history_events = 1'000'000;
  crew_fixture f(limits);
  REQUIRE(f.begin("a", "forever"));
  constexpr int count = 59'990;
  std::atomic<int> taken{0};
  for (int i = 0; i < count; ++i) {
    std::move(f.of("a").tell({.text = i % 1000 == 0 ? "send b x" : "forget"})).then([&](auto how) {
      CHECK(how);
      ++taken;
    });
    while (i - taken > 5'000) std::this_thread::yield();
  }
  while (taken < count) std::this_thread::yield();
  const auto last = f.store.find({"crew", "a"})->last_event;
  REQUIRE(last > count);
  const auto done = f.reset("a", last - 1);
  REQUIRE(done);
  CHECK(f.describe("a").summary.run == 2);
  CHECK(f.describe("a").status == "running");
}

TEST_CASE("protocol: signals behind a reset's place are there even if the node goes down at once") {
  crew_fixture f;
  REQUIRE(f.begin("a", "sleep 100;slept;forever"));
  f.until([&] { return f.log("a").size() == 1; });
  f.tell("a", "one");
  f.tell("a", "two");
  REQUIRE(f.reset("a", 1));
  f.reload("a");
  f.until([&] { return f.log("a").size() == 3; });
  auto known = f.log("a");
  CHECK(std::ranges::find(known, "one") < std::ranges::find(known, "two"));
  CHECK(std::ranges::count(known, "two") == 1);
}

// -- starts ---------------------------------------------------------------------------------------

TEST_CASE("protocol: a start that would replace and is refused leaves the running one alone") {
  crew_fixture f;
  const start_options replacing{.when_running = id_conflict::terminate_existing};
  REQUIRE(f.begin("a", "forever"));
  CHECK_FALSE(f.begin("a", "refuse", replacing));
  CHECK(f.describe("a").status == "running");
  auto never_twice = replacing;
  never_twice.when_ended = id_reuse::reject;
  CHECK_FALSE(f.begin("a", "again", never_twice));
  CHECK(f.describe("a").status == "running");
  CHECK(f.describe("a").summary.run == 1);
  f.store.fail_next_of({"crew", "a"}, persistence::append_outcome::storage_full);
  CHECK_FALSE(f.begin("a", "again;forever", replacing));
  CHECK(f.describe("a").summary.run == 1);
  CHECK(f.describe("a").status == "running");
  REQUIRE(f.begin("a", "again;forever", replacing));
  CHECK(f.describe("a").summary.run == 2);
  CHECK(f.log("a") == lines{"again"});
}

TEST_CASE("protocol: who waits for a main that a start replaces hears that it was terminated") {
  crew_fixture f;
  REQUIRE(f.begin("a", "run kid forever"));
  f.until([&] { return f.store.find({"crew", "kid"}).has_value(); });
  answer_box<result<answer>> end;
  f.running->await_result({"crew", "a"}, forever, end.box());
  REQUIRE(f.begin("a", "forever", {.when_running = id_conflict::terminate_existing}));
  CHECK(end.get().error().type == "terminated");
  f.until([&] { return f.describe("kid").status == "terminated"; });
}

// -- paused ---------------------------------------------------------------------------------------

TEST_CASE("protocol: signals that a paused entity holds come before those behind its resumption") {
  crew_fixture f;
  for (int round = 0; round < 50; ++round) {
    const auto id = "p" + std::to_string(round);
    f.tell(id, "0");
    REQUIRE(f.pause(id));
    for (auto text : {"1", "2", "3"}) f.tell(id, text);
    REQUIRE(f.resume(id));
    f.tell(id, "4");
    CHECK(f.log(id) == lines{"0", "1", "2", "3", "4"});
  }
}

TEST_CASE("protocol: an answer to a paused entity is recorded, and known after a restart") {
  crew_fixture f;
  REQUIRE(f.begin("a", "ask b sleep 500;forever"));
  f.until([&] { return f.store.find({"crew", "b"}).has_value(); });
  REQUIRE(f.pause("a"));
  f.until([&] { return f.running->stats().messages_under_way == 0; });
  CHECK(f.log("a").empty());
  f.start();
  CHECK(f.describe("a").status == "paused");
  REQUIRE(f.resume("a"));
  CHECK(f.log("a") == lines{"asked sleep 500"});
  CHECK(f.log("b").empty());
}

// -- another build --------------------------------------------------------------------------------

TEST_CASE(
    "protocol: a signal whose method the build lacks parks its entity, and the node goes on") {
  crew_fixture f;
  f.of("a").tell({.text = "later"}, {.delay = 1h}).get().value();
  f.tell("b", "now");
  f.running.reset();
  f.running = std::make_unique<engine>(f.store, f.clock, f.limits);
  f.running->host(type_of<small_member>());
  f.running->host(type_of<ledger::book>());
  f.running->start();
  f.clock.pass(2h);
  f.running->look_at_clock();
  std::vector<std::pair<entity_id, error>> parked;
  f.until([&] { return !(parked = f.running->parked()).empty(); });
  const auto [who, why] = parked.front();
  CHECK(who == entity_id{"crew", "a"});
  CHECK(why.code == errc::nondeterministic);
  CHECK(why.detail.find("@1") != std::string::npos);
  ledger::ledger_client(*f.running, "x").ring().get().value();
  f.start();
  f.until([&] { return f.log("a").size() == 1; });
  CHECK(f.log("a") == lines{"later"});
}

// -- many at once ---------------------------------------------------------------------------------

TEST_CASE("protocol: many questions behind a signal to the same entity are all answered") {
  crew_fixture f;
  std::string plan = "send b first";
  for (int i = 0; i < 1'900; ++i) plan += ";send b more";
  REQUIRE(f.begin("a", plan + ";forever"));
  f.until_quiet();
  CHECK(f.log("b").size() == 1'901);
}
