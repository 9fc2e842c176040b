#include <doctest/doctest.h>

#include <thread>

#include "fixture.h"

using namespace perdure;
using namespace perdure::runtime;
using persistence::append_outcome;

TEST_CASE("engine: a signal is journaled, acknowledged, and seen by a query") {
  engine_fixture f;
  auto taken = f.book().add({.amount = 5}).get();
  REQUIRE(taken.has_value());
  CHECK(taken->event == 1);
  CHECK(taken->run == 1);
  CHECK(f.total() == 5);
  CHECK(f.running->history({"ledger", "one"}, 1, 10, std::nullopt)->size() == 1);
}

TEST_CASE("engine: what was acknowledged is there after a restart") {
  engine_fixture f;
  for (int i = 0; i < 10; ++i) REQUIRE(f.book().add({.amount = 1}).get());
  f.restart();
  CHECK(f.total() == 10);
  CHECK(f.book().add({.amount = 1}).get()->event == 11);
}

TEST_CASE("engine: messages of one caller to one entity are handled in order") {
  engine_fixture f;
  std::vector<std::future<void>> waiting;
  std::vector<event_number> events(1'000);
  for (std::size_t i = 0; i < events.size(); ++i) {
    auto done = std::make_shared<std::promise<void>>();
    waiting.push_back(done->get_future());
    f.book().add({.amount = 1}).then([&events, i, done](result<receipt> taken) {
      events[i] = taken ? taken->event : 0;
      done->set_value();
    });
  }
  for (auto& each : waiting) each.get();
  for (std::size_t i = 0; i < events.size(); ++i) CHECK(events[i] == i + 1);
  CHECK(f.total() == 1'000);
}

TEST_CASE("engine: a refusal reaches the caller and changes nothing") {
  engine_fixture f;
  auto refused = f.book().add({.amount = -1}).get();
  REQUIRE(!refused);
  CHECK(refused.error() == error{errc::rejected, "a negative amount"});
  CHECK(f.book().total().get().error().code == errc::entity_not_found);
}

TEST_CASE("engine: a query or a description does not bring an entity into being") {
  engine_fixture f;
  CHECK(f.book().total().get().error().code == errc::entity_not_found);
  CHECK(f.describe().error().code == errc::entity_not_found);
  CHECK(f.running->list({}).empty());
}

TEST_CASE("engine: an update answers with its results") {
  engine_fixture f;
  REQUIRE(f.book().add({.amount = 5}).get());
  CHECK(f.book().take({.amount = 2}).get()->left == 3);
  CHECK(f.book().take({.amount = 9}).get().error() == error{errc::rejected, "not that much"});
}

TEST_CASE("engine: an update that waits is answered when its condition comes true") {
  engine_fixture f;
  answer_box<result<ledger::ledger_contract::reach_results>> box;
  f.book().reach({.total = 5, .timeout = 0}).then(box.box());
  REQUIRE(f.book().add({.amount = 5}).get());
  CHECK(box.get()->reached);
}

TEST_CASE("engine: who waits for an update that a reset undoes is told so") {
  engine_fixture f;
  answer_box<result<ledger::ledger_contract::reach_results>> kept, undone;
  f.book().reach({.total = 5, .timeout = 0}).then(kept.box());
  const auto accepted = f.book().add({.amount = 1}).get();
  REQUIRE(accepted);
  f.book().reach({.total = 6, .timeout = 0}).then(undone.box());
  answer_box<result<answer>> reset;
  f.running->reset({"ledger", "one"}, accepted->event, "done over", reset.box());
  REQUIRE(reset.get());
  const auto told = undone.get().error();
  CHECK(told.code == errc::failed);
  CHECK(told.type == "reset");
  REQUIRE(f.book().add({.amount = 4}).get());
  CHECK(kept.get()->reached);
}

TEST_CASE("engine: an update that waits survives a restart and ends once") {
  engine_fixture f;
  auto accepted =
      f.book().reach({.total = 5, .timeout = 0}, {.key = "r", .until_accepted = true}).get();
  REQUIRE(accepted.has_value());
  f.restart();
  CHECK(f.describe()->suspended.size() == 1);
  REQUIRE(f.book().add({.amount = 5}).get());
  answer_box<result<update_state>> box;
  f.running->await_update({"ledger", "one"}, "r", forever, box.box());
  auto state = box.get();
  REQUIRE(state.has_value());
  CHECK(codec<ledger::ledger_contract::reach_results>::decode(state->results).reached);
  CHECK(f.describe()->suspended.empty());
}

TEST_CASE(
    "engine: whoever waits for an update longer than his patience does not keep it in memory") {
  engine_limits limits;
  limits.passivate_after = 1s;
  engine_fixture f{limits};
  answer_box<result<ledger::ledger_contract::reach_results>> box;
  f.book().reach({.total = 5, .timeout = 0}, {.patience = 30s}).then(box.box());
  CHECK(f.describe()->suspended.size() == 1);
  f.jump(29s);
  f.jump(2s);
  while (f.running->stats().active > 0) f.jump(2s);
  CHECK(box.get().error().code == errc::timeout);
  CHECK(f.running->stats().in_flight == 0);
  REQUIRE(f.book().add({.amount = 5}).get());
  CHECK(f.describe()->suspended.empty());
}

TEST_CASE("engine: an update that fails after its first await says so") {
  engine_fixture f;
  answer_box<result<nothing>> box;
  f.book().fail_later({.time = 50}).then(box.box());
  while (!f.describe()) std::this_thread::yield();
  f.pass(50ms);
  CHECK(box.get().error() == error{errc::failed, "too late"});
}

TEST_CASE("engine: a sleeping entity is woken at its time, also after a restart") {
  engine_fixture f;
  REQUIRE(f.book().remind_me({.name = "tea", .time = 60'000}).get());
  f.pass(59'999ms);
  CHECK(f.book().total().get()->rings == 0);
  f.restart();
  f.pass(1ms);
  CHECK(f.book().total().get()->rings == 1);
}

TEST_CASE("engine: timers that came due during an outage fire at once") {
  engine_fixture f;
  REQUIRE(f.book("a").remind_me({.name = "tea", .time = 1'000}).get());
  REQUIRE(f.book("b").add({.amount = 3}, {.delay = 2s}).get());
  f.running.reset();
  f.clock.pass(24h);
  f.start();
  f.pass(0ms, "a");
  f.pass(0ms, "b");
  CHECK(f.book("a").total().get()->rings == 1);
  CHECK(f.total("b") == 3);
}

TEST_CASE("engine: a crowd that came due during an outage fires, and does not stay in memory") {
  constexpr std::size_t count = 15'000;
  engine_fixture f;
  for (std::size_t i = 0; i < count; ++i) {
    REQUIRE(f.book("e" + std::to_string(i)).remind_me({.name = "tea", .time = 1'000}).get());
  }
  f.running.reset();
  f.clock.pass(1h);
  f.start();
  for (std::size_t i = 0; i < count; i += 50) {
    REQUIRE(f.book("e" + std::to_string(i)).add({.amount = 1}).get());
  }
  while (f.running->stats().timers_fired < count) std::this_thread::yield();
  // Those that come last are no crowd.
  while (f.running->stats().active > count / 2) std::this_thread::yield();
  for (std::size_t i = 0; i < count; i += 500) {
    auto total = f.book("e" + std::to_string(i)).total().get().value();
    CHECK(total.rings == 1);
    CHECK(total.total == 1);
  }
  CHECK(f.running->stats().timers_fired == count);
}

TEST_CASE("engine: a retried message with the same key counts once, also after a restart") {
  engine_fixture f;
  REQUIRE(!f.book().add({.amount = 5}, {.key = "k"}).get()->replayed);
  auto again = f.book().add({.amount = 5}, {.key = "k"}).get();
  CHECK(again->replayed);
  CHECK(again->event == 1);
  f.restart();
  CHECK(f.book().add({.amount = 5}, {.key = "k"}).get()->replayed);
  CHECK(f.book().add({.amount = 6}, {.key = "k"}).get().error().code == errc::idempotency_conflict);
  CHECK(f.total() == 5);
}

TEST_CASE("engine: keys are known after continue-as-new") {
  engine_limits limits;
  limits.continue_after_events = 10;
  engine_fixture f{limits};
  for (int i = 0; i < 35; ++i) {
    REQUIRE(f.book().add({.amount = 1}, {.key = "k" + std::to_string(i)}).get());
  }
  CHECK(f.describe()->summary.run >= 4);
  f.restart();
  CHECK(f.book().add({.amount = 1}, {.key = "k0"}).get()->replayed);
  CHECK(f.total() == 35);
}

TEST_CASE("engine: an entity continues as new by itself, and its callers see nothing of it") {
  engine_limits limits;
  limits.continue_after_events = 16;
  limits.snapshot_every_events = 5;
  engine_fixture f{limits};
  REQUIRE(f.book().remind_me({.name = "tea", .time = 3'600'000}).get());
  event_number last = 0;
  for (int i = 0; i < 200; ++i) {
    auto taken = f.book().add({.amount = 1}).get();
    REQUIRE(taken.has_value());
    CHECK(taken->event > last);
    last = taken->event;
  }
  CHECK(f.describe()->summary.run > 10);
  CHECK(f.running->stats().continued > 10);
  f.restart();
  CHECK(f.total() == 200);
  f.pass(3'600s);
  CHECK(f.book().total().get()->rings == 1);
}

TEST_CASE("engine: a suspended handler delays continue-as-new until it has ended") {
  engine_limits limits;
  limits.continue_after_events = 8;
  engine_fixture f{limits};
  REQUIRE(f.book().reach({.total = 30, .timeout = 0}, {.until_accepted = true}).get());
  for (int i = 0; i < 20; ++i) REQUIRE(f.book().add({.amount = 1}).get());
  CHECK(f.describe()->summary.run == 1);
  REQUIRE(f.book().add({.amount = 10}).get());
  CHECK(f.describe()->summary.run == 2);
}

TEST_CASE("engine: at the hard limit of history messages are refused until the handler ends") {
  engine_limits limits;
  limits.continue_after_events = 4;
  limits.history_events = 10;
  engine_fixture f{limits};
  REQUIRE(f.book().nap({.time = 1'000}, {.until_accepted = true}).get());
  result<receipt> taken = receipt{};
  for (int i = 0; i < 20 && taken; ++i) taken = f.book().add({.amount = 1}).get();
  REQUIRE(!taken);
  CHECK(taken.error().code == errc::history_full);
  CHECK(retryable(taken.error().code));
  f.pass(1s);
  CHECK(f.book().add({.amount = 1}).get().has_value());
}

TEST_CASE("engine: a query of the past answers from the state after that event") {
  engine_fixture f;
  for (int i = 0; i < 5; ++i) REQUIRE(f.book().add({.amount = 10}).get());
  CHECK(f.book().total({.at = 2}).get()->total == 20);
  CHECK(f.book().total({.at = 5}).get()->total == 50);
  CHECK(f.book().total({.at = 6}).get().error().code == errc::malformed);
  // Whichever event of a step is named: a step is whole or not at all.
  REQUIRE(f.book().take({.amount = 50}).get());
  CHECK(f.book().total({.at = 6}).get()->total == 0);
  CHECK(f.book().total({.at = 7}).get()->total == 0);
}

TEST_CASE("engine: a full disk refuses cleanly, reads go on, and later messages are taken again") {
  engine_fixture f;
  REQUIRE(f.book().add({.amount = 1}).get());
  f.store.fail_next(append_outcome::storage_full);
  auto refused = f.book().add({.amount = 10}).get();
  REQUIRE(!refused);
  CHECK(refused.error().code == errc::storage_full);
  CHECK(f.total() == 1);
  CHECK(f.book().add({.amount = 100}).get()->event == 2);
  CHECK(f.total() == 101);
}

TEST_CASE("engine: an update whose acceptance was not written is answered with why") {
  engine_fixture f;
  REQUIRE(f.book().add({.amount = 1}).get());
  f.store.fail_next(append_outcome::storage_full);
  auto refused = f.book().reach({.total = 50, .timeout = 0}).get();
  REQUIRE(!refused);
  CHECK(refused.error().code == errc::storage_full);
  CHECK(f.describe()->suspended.empty());
}

TEST_CASE("engine: steps behind one that was not written are refused too, and none is half there") {
  engine_fixture f;
  REQUIRE(f.book().add({.amount = 1}).get());
  f.store.fail_next(append_outcome::storage_full, 3);
  std::atomic<int> good{0};
  std::atomic<int> bad{0};
  for (int i = 0; i < 500; ++i) {
    f.book().add({.amount = 1}).then([&](result<receipt> taken) { ++(taken ? good : bad); });
  }
  while (good + bad < 500) std::this_thread::yield();
  CHECK(bad > 0);
  CHECK(f.total() == 1 + good);
  f.restart();
  CHECK(f.total() == 1 + good);
}

TEST_CASE("engine: a refusal by a large state reloads it and goes on") {
  engine_fixture f;
  REQUIRE(f.book().note({.text = std::string(20'000, 'x')}).get());
  CHECK(f.book().note({.text = "bad"}).get().error() == error{errc::rejected, "a bad note"});
  CHECK(f.book().total().get()->notes == 1);
  REQUIRE(f.book().note({.text = "good"}).get());
  CHECK(f.book().total().get()->notes == 2);
}

TEST_CASE("engine: idle entities leave memory and come back unchanged") {
  engine_limits limits;
  limits.passivate_after = 10s;
  engine_fixture f{limits};
  for (int i = 0; i < 50; ++i) REQUIRE(f.book("e" + std::to_string(i)).add({.amount = i}).get());
  CHECK(f.running->stats().active == 50);
  f.jump(60s);
  while (f.running->stats().active > 0) std::this_thread::yield();
  CHECK(f.running->stats().passivations == 50);
  for (int i = 0; i < 50; ++i) CHECK(f.total("e" + std::to_string(i)) == i);
}

TEST_CASE("engine: memory is bounded by putting away the least recently used") {
  engine_limits limits;
  limits.active_bytes = 100'000;
  engine_fixture f{limits};
  for (int i = 0; i < 500; ++i) {
    REQUIRE(f.book("e" + std::to_string(i)).add({.amount = i}).get());
    f.clock.pass(1ms);
  }
  f.jump(1s);
  while (f.running->stats().active_bytes > 100'000) std::this_thread::yield();
  CHECK(f.running->stats().active < 100);
  CHECK(f.total("e7") == 7);
}

TEST_CASE("engine: messages sent while an entity leaves are neither lost nor doubled") {
  engine_limits limits;
  limits.passivate_after = 1ms;
  limits.active_bytes = 0;  // every sweep sends everybody away
  engine_fixture f{limits};
  std::atomic<bool> stop{false};
  std::thread time{[&] {
    while (!stop) f.jump(1s);
  }};
  std::int64_t sent = 0;
  while (f.running->stats().passivations < 50) {
    REQUIRE(f.book().add({.amount = 1}).get());
    ++sent;
  }
  stop = true;
  time.join();
  CHECK(f.total() == sent);
}

TEST_CASE("engine: a mailbox that is full refuses as overloaded, and nothing is lost") {
  engine_limits limits;
  limits.mailbox = 10;
  engine_fixture f{limits};
  std::atomic<int> good{0};
  std::atomic<int> overloaded{0};
  for (int i = 0; i < 5'000; ++i) {
    f.book().add({.amount = 1}).then([&](result<receipt> taken) {
      if (taken)
        ++good;
      else if (taken.error().code == errc::overloaded)
        ++overloaded;
    });
  }
  while (good + overloaded < 5'000) std::this_thread::yield();
  CHECK(overloaded > 0);
  CHECK(f.total() == good);
  CHECK(f.running->stats().overloaded == static_cast<std::uint64_t>(overloaded));
}

TEST_CASE("engine: requests in flight are bounded over the whole node") {
  engine_limits limits;
  limits.in_flight = 1;
  engine_fixture f{limits};
  answer_box<result<ledger::ledger_contract::reach_results>> box;
  f.book().reach({.total = 5, .timeout = 0}).then(box.box());
  auto refused = f.book("other").add({.amount = 1}).get();
  CHECK(refused.error().code == errc::overloaded);
  f.running.reset();
  CHECK(box.get().error().code == errc::draining);
}

TEST_CASE("engine: a damaged history parks its entity, and its neighbours go on") {
  engine_fixture f;
  REQUIRE(f.book("good").add({.amount = 1}).get());
  // Not at rest when it leaves: it comes back by its records.
  REQUIRE(f.book("bad").reach({.total = 99, .timeout = 0}, {.until_accepted = true}).get());
  for (int i = 0; i < 3; ++i) REQUIRE(f.book("bad").add({.amount = 1}).get());
  f.running.reset();
  REQUIRE(f.store.damage({"ledger", "bad"}, 2));
  f.start();
  auto refused = f.book("bad").add({.amount = 1}).get();
  REQUIRE(!refused);
  CHECK(refused.error().code == errc::internal);
  CHECK(refused.error().detail.find("ledger/bad is parked") == 0);
  CHECK(f.describe("bad")->status == "parked");
  CHECK(f.running->stats().parked == 1);
  CHECK(f.running->parked().size() == 1);
  CHECK(f.total("good") == 1);
}

TEST_CASE("engine: a terminated entity takes nothing more and is still there to be read") {
  engine_fixture f;
  REQUIRE(f.book().add({.amount = 5}).get());
  REQUIRE(f.terminate("fraud"));
  CHECK(f.describe()->status == "terminated");
  CHECK(f.book().add({.amount = 1}).get().error().code == errc::completed);
  CHECK(f.terminate("again").error().code == errc::completed);
  CHECK(f.total() == 5);
  f.restart();
  CHECK(f.book().add({.amount = 1}).get().error().code == errc::completed);
  CHECK(f.terminate("x", "nobody").error().code == errc::entity_not_found);
}

TEST_CASE("engine: watchers are told of each durable step") {
  engine_fixture f;
  std::atomic<event_number> seen{0};
  auto watching = f.running->watch({"ledger", "one"}, [&](event_number last) { seen = last; });
  REQUIRE(f.book().add({.amount = 5}).get());
  CHECK(seen == 1);
  watching.reset();
  REQUIRE(f.book().add({.amount = 5}).get());
  CHECK(seen == 1);
}

TEST_CASE("engine: requests that make no sense are refused by name") {
  engine_fixture f;
  auto& contract = ledger::ledger_contract::description();
  auto send = [&](request what) {
    answer_box<result<answer>> box;
    f.running->call(std::move(what), box.box());
    return box.get().error();
  };
  CHECK(send({{"robot", "x"}, &contract, contract.find("add"), {}, {}}).code == errc::unknown_type);
  CHECK(send({{"ledger", ""}, &contract, contract.find("add"), {}, {}}).code == errc::malformed);
  CHECK(send({{"ledger", std::string(256, 'x')}, &contract, contract.find("add"), {}, {}}).code ==
        errc::malformed);
  CHECK(send({{"ledger", "x"}, &contract, nullptr, {}, {}}).code == errc::unknown_method);
  CHECK(send({{"ledger", "x"}, &contract, contract.find("add"), bytes(3 << 20), {}}).code ==
        errc::too_large);
  CHECK(send({{"ledger", "x"}, &contract, contract.find("add"), bytes(9), {}}).code ==
        errc::malformed);
  CHECK(send({{"ledger", "x"}, &contract, contract.find("add"), {}, {.key = std::string(256, 'x')}})
            .code == errc::malformed);
}

TEST_CASE("engine: after drain it refuses, and says that it is shutting down") {
  engine_fixture f;
  REQUIRE(f.book().add({.amount = 5}).get());
  f.running->drain();
  CHECK(f.book().add({.amount = 5}).get().error().code == errc::draining);
}
