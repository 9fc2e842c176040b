#pragma once

/// An engine over a journal in memory, with a clock that stands still unless the test moves it.

#include <atomic>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ledger.perdure.h"
#include "persistence/memory_journal.h"
#include "runtime/engine.h"
#include "tests/entities/ledger.h"

namespace perdure::runtime {

constexpr timestamp noon{std::chrono::hours{12}};

class manual_clock final : public wall_clock {
public:
  timestamp now() const override { return timestamp{duration{time_.load()}}; }
  void pass(duration time) { time_ += time.count(); }

private:
  std::atomic<std::int64_t> time_{noon.time_since_epoch().count()};
};

/// Waits for a callback of the engine.
template <class T>
class answer_box {
public:
  std::function<void(T)> box() {
    return [promise = promise_](T value) { promise->set_value(std::move(value)); };
  }
  T get() { return promise_->get_future().get(); }

private:
  std::shared_ptr<std::promise<T>> promise_ = std::make_shared<std::promise<T>>();
};

struct engine_fixture {
  explicit engine_fixture(engine_limits chosen = {}) : limits(chosen) { start(); }

  /// Ends the engine, as SIGTERM would, and begins another over the same journal.
  void restart() {
    running.reset();
    start();
  }

  void start() {
    running = std::make_unique<engine>(store, clock, limits);
    running->host(type_of<ledger::book>());
    running->start();
  }

  ledger::ledger_client book(std::string id = "one") { return {*running, std::move(id)}; }

  result<entity_description> describe(std::string id = "one") {
    answer_box<result<entity_description>> box;
    running->describe({"ledger", std::move(id)}, box.box());
    return box.get();
  }

  result<answer> terminate(std::string reason, std::string id = "one") {
    answer_box<result<answer>> box;
    running->terminate({"ledger", std::move(id)}, std::move(reason), box.box());
    return box.get();
  }

  /// Moves the clock.
  void jump(duration time) {
    clock.pass(time);
    running->look_at_clock();
  }

  /// Moves the clock and waits until the entity's timers of that time have fired.
  void pass(duration time, std::string id = "one") {
    jump(time);
    while (true) {
      auto about = describe(id);
      if (!about || !about->summary.next_due || *about->summary.next_due > clock.now()) return;
      std::this_thread::yield();
    }
  }

  std::int64_t total(std::string id = "one") {
    return book(std::move(id)).total().get().value().total;
  }

  manual_clock clock;
  persistence::memory_journal store;
  engine_limits limits;
  std::unique_ptr<engine> running;
};

}  // namespace perdure::runtime
