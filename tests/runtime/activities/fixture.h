#pragma once

/// A dispatcher over a journal that keeps notes alone, with a clock that stands still unless the
/// test moves it, and activities that do what the test says.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <perdure/activities.h>

#include "persistence/journal.h"
#include "runtime/activities/dispatcher.h"

namespace perdure::runtime {

inline constexpr timestamp midday{std::chrono::hours{12}};

class standing_clock final : public wall_clock {
public:
  timestamp now() const override { return timestamp{duration{time_.load()}}; }
  void pass(duration time) { time_ += time.count(); }

private:
  std::atomic<std::int64_t> time_{midday.time_since_epoch().count()};
};

/// Keeps notes of activities; has no entities.
class notebook final : public persistence::journal {
public:
  using progress = persistence::activity_progress;

  void note(const entity_id& entity, const progress& what) override {
    const std::lock_guard guard{mutex_};
    ++notes;
    kept_[entity].insert_or_assign(what.activity, what);
  }
  void forget(const entity_id& entity, event_number activity) override {
    const std::lock_guard guard{mutex_};
    ++forgotten;
    kept_[entity].erase(activity);
  }
  std::vector<progress> noted(const entity_id& entity) const override {
    const std::lock_guard guard{mutex_};
    std::vector<progress> all;
    if (const auto of = kept_.find(entity); of != kept_.end()) {
      for (auto& [number, each] : of->second) all.push_back(each);
    }
    return all;
  }

  std::atomic<std::size_t> notes{0};
  std::atomic<std::size_t> forgotten{0};
  std::atomic<std::size_t> flushes{0};

  std::uint32_t shard_count() const override { return 1; }
  sharding::epoch_number acquire(sharding::shard_number) override { return 1; }
  void append(std::span<const persistence::batch>,
              std::span<persistence::append_outcome>) override {}
  std::optional<persistence::entity_summary> find(const entity_id&) const override { return {}; }
  result<persistence::loaded_entity> load(const entity_id&, event_number) const override {
    return error{errc::entity_not_found, "no entities here"};
  }
  result<std::vector<core::record>> history(const entity_id&, event_number, std::size_t,
                                            std::optional<run_number>) const override {
    return error{errc::entity_not_found, "no entities here"};
  }
  std::vector<persistence::listed_entity> list(const persistence::list_filter&) const override {
    return {};
  }
  std::uint64_t count(const persistence::list_filter&) const override { return 0; }
  void pending(const std::function<void(const entity_id&)>&) const override {}
  persistence::due_reader due(timestamp) const override {
    return [](const auto&) { return false; };
  }
  void keep(persistence::snapshot) override {}
  bool collect(timestamp) override { return false; }
  void flush() override { ++flushes; }
  bytes secret() const override { return bytes(32, std::byte{7}); }
  persistence::journal_stats stats() const override { return {}; }

private:
  mutable std::mutex mutex_;
  std::map<entity_id, std::map<event_number, progress>> kept_;
};

inline bytes to_bytes(std::string_view text) {
  const auto view = as_bytes_view(text);
  return {view.begin(), view.end()};
}

inline std::string to_text(bytes_view data) { return std::string(as_text(data)); }

/// Waits, generously, until it holds. Returns whether it does.
inline bool eventually(const std::function<bool()>& holds) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds{20};
  while (!holds()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(std::chrono::microseconds{200});
  }
  return true;
}

/// A door that attempts stand before until the test opens it.
class door {
public:
  void open() {
    const std::lock_guard guard{mutex_};
    is_open_ = true;
    opened_.notify_all();
  }
  void pass() {
    std::unique_lock lock{mutex_};
    ++before_;
    opened_.wait(lock, [this] { return is_open_; });
  }
  std::size_t before() const { return before_; }

private:
  std::mutex mutex_;
  std::condition_variable opened_;
  bool is_open_ = false;
  std::atomic<std::size_t> before_{0};
};

/// Activities of any name whose one activity, "act" (number 1), is a function of the test.
class scripted final : public activities_base {
public:
  using script = std::function<bytes(activity_context&, bytes_view params)>;

  scripted(std::string name, script run) : name_(std::move(name)), run_(std::move(run)) {
    described_.name = name_;
    described_.activities = all_;
  }

  const activities_description& described() const override { return described_; }
  bytes run(const activity&, bytes_view params) override { return run_(context(), params); }

private:
  std::string name_;
  script run_;
  std::vector<activity> all_{{.ordinal = 1, .name = "act"}};
  activities_description described_;
};

/// Collects what polls were answered with.
class poll_box {
public:
  std::function<void(std::optional<polled_activity>)> box() {
    return [all = all_](std::optional<polled_activity> got) {
      const std::lock_guard guard{all->mutex};
      all->got.push_back(std::move(got));
    };
  }
  std::size_t size() const {
    const std::lock_guard guard{all_->mutex};
    return all_->got.size();
  }
  /// Waits for the answer number `i`.
  std::optional<polled_activity> get(std::size_t i = 0) const {
    REQUIRE(eventually([&] { return size() > i; }));
    const std::lock_guard guard{all_->mutex};
    return all_->got[i];
  }

private:
  struct content {
    std::mutex mutex;
    std::vector<std::optional<polled_activity>> got;
  };
  std::shared_ptr<content> all_ = std::make_shared<content>();
};

/// What a worker is answered.
class report_box {
public:
  activity_dispatcher::answered box() {
    return [all = all_](result<nothing> how) {
      const std::lock_guard guard{all->mutex};
      REQUIRE_FALSE(all->how);
      all->how = std::move(how);
    };
  }
  bool is_answered() const {
    const std::lock_guard guard{all_->mutex};
    return all_->how.has_value();
  }
  /// Waits for it.
  result<nothing> get() const {
    REQUIRE(eventually([&] { return is_answered(); }));
    const std::lock_guard guard{all_->mutex};
    return *all_->how;
  }

private:
  struct content {
    std::mutex mutex;
    std::optional<result<nothing>> how;
  };
  std::shared_ptr<content> all_ = std::make_shared<content>();
};

struct dispatcher_fixture {
  explicit dispatcher_fixture(std::size_t threads = 4) : threads(threads) { make(); }
  ~dispatcher_fixture() { running.reset(); }

  /// As if the process had ended, with all it had not noted.
  void restart() {
    running.reset();
    make();
  }

  void make() {
    running = std::make_unique<activity_dispatcher>(
        store, clock, store.secret(), threads,
        [this](const entity_id& entity, timestamp life, event_number activity,
               core::call_outcome outcome) {
          CHECK(entity == who);
          const std::lock_guard guard{mutex};
          ends.push_back({activity, std::move(outcome), life});
        });
  }

  /// Provides "work" and starts.
  void start(scripted::script run, activity_limits limits = {}) {
    running->provide(std::make_shared<scripted>("work", std::move(run)), limits);
    running->start();
  }

  core::pending_activity plan(event_number number, activity_options options = {},
                              std::string activities = "work") const {
    core::pending_activity what;
    what.number = number;
    what.scheduled = clock.now();
    what.activities = std::move(activities);
    what.activity = 1;
    what.params = to_bytes("params");
    what.options = std::move(options);
    what.traceparent = "trace";
    return what;
  }

  void schedule(event_number number, activity_options options = {},
                std::string activities = "work") {
    running->schedule(who, midday, plan(number, std::move(options), std::move(activities)));
  }

  /// Moves the clock.
  void pass(duration time) {
    clock.pass(time);
    running->look_at_clock();
  }

  std::size_t ended() const {
    const std::lock_guard guard{mutex};
    return ends.size();
  }
  /// Waits for the end number `i`.
  core::call_outcome end(std::size_t i = 0) const {
    REQUIRE(eventually([&] { return ended() > i; }));
    const std::lock_guard guard{mutex};
    return ends[i].how;
  }
  error failure(std::size_t i = 0) const {
    const auto outcome = end(i);
    REQUIRE(outcome.why);
    return *outcome.why;
  }

  std::optional<activity_status> status(event_number number = 1) const {
    for (auto& each : running->status_of(who)) {
      if (each.number == number) return each;
    }
    return std::nullopt;
  }
  /// Waits until the activity pauses for its next try.
  timestamp pause(event_number number = 1) const {
    std::optional<timestamp> next;
    REQUIRE(eventually([&] {
      const auto now = status(number);
      if (now) next = now->next_try;
      return next.has_value();
    }));
    return *next;
  }
  std::optional<notebook::progress> note(event_number number = 1) const {
    for (auto& each : store.noted(who)) {
      if (each.activity == number) return each;
    }
    return std::nullopt;
  }

  polled_activity poll(std::string queue) {
    poll_box answer;
    running->poll(std::move(queue), std::chrono::minutes{1}, answer.box());
    auto got = answer.get();
    REQUIRE(got);
    return *got;
  }

  report_box complete_later(const std::string& token, bytes results = {}) const {
    report_box told;
    running->complete(token, std::move(results), told.box());
    return told;
  }
  report_box fail_later(const std::string& token, attempt_failure why = {}) const {
    report_box told;
    running->fail(token, std::move(why), told.box());
    return told;
  }
  /// Completes it, and has the entity record what it hears of it.
  result<nothing> complete(const std::string& token, bytes results = {}) const {
    const auto of = running->find(token);
    return answer_of(complete_later(token, std::move(results)), of);
  }
  result<nothing> fail(const std::string& token, attempt_failure why = {}) const {
    const auto of = running->find(token);
    return answer_of(fail_later(token, std::move(why)), of);
  }
  result<nothing> answer_of(const report_box& told, const result<polled_activity>& of) const {
    const auto is_told_of = [&] {
      const std::lock_guard guard{mutex};
      return of && std::ranges::any_of(
                       ends, [&](auto& each) { return each.activity == of->activity_number; });
    };
    REQUIRE(eventually([&] { return told.is_answered() || is_told_of(); }));
    if (!told.is_answered()) running->recorded(who, midday, of->activity_number);
    return told.get();
  }

  const entity_id who{"order", "one"};
  const std::size_t threads;
  standing_clock clock;
  notebook store;
  mutable std::mutex mutex;
  struct told_end {
    event_number activity = 0;
    core::call_outcome how;
    timestamp life;
  };
  std::vector<told_end> ends;
  std::unique_ptr<activity_dispatcher> running;
};

}  // namespace perdure::runtime
