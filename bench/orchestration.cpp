// Activities, timers and children, in process, on an LMDB journal.

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "bench/harness.h"
#include "bench/jobs.h"
#include "persistence/lmdb/lmdb_journal.h"
#include "runtime/engine.h"

namespace perdure::bench {

namespace {

using namespace ::jobs;

class job_engine {
public:
  explicit job_engine(const std::filesystem::path& folder) {
    persistence::lmdb_options options;
    options.directory = folder;
    options.shard_count = 256;  // As a node does for new data.
    store_ = persistence::open_lmdb_journal(std::move(options)).value();
    engine_ = std::make_unique<runtime::engine>(*store_, wall_);
    engine_->host(type_of<job>());
    engine_->host(type_of<batch>());
    engine_->host(type_of<fleet>());
    engine_->provide(std::make_shared<instant_tasks>());
    engine_->start();
  }

  runtime::engine& engine() { return *engine_; }
  job_client of(std::size_t number) { return {*engine_, "job-" + std::to_string(number)}; }
  timestamp now() const { return wall_.now(); }

private:
  system_clock wall_;
  std::unique_ptr<persistence::journal> store_;
  std::unique_ptr<runtime::engine> engine_;
};

/// Calls `three` again as soon as it was answered.
class patient_caller {
public:
  patient_caller(job_engine& on, std::size_t entity, std::size_t count)
      : on_(on), entity_(entity), left_(count) {}

  void go() {
    on_.of(entity_).three().then([this](const result<job_client::three_results>& got) {
      if (!got || got->value != 3) std::abort();
      if (--left_ == 0)
        done_.set_value();
      else
        go();
    });
  }
  void wait() { done_.get_future().wait(); }

private:
  job_engine& on_;
  std::size_t entity_;
  std::size_t left_;
  std::promise<void> done_;
};

}  // namespace

void activities(run& r) {
  job_engine on(r.folder("activities"));
  latencies one_by_one;
  for (std::size_t i = 0; i < r.size(3'000, 20); ++i) {
    stopwatch one;
    on.of(i % 64).three().get().value();
    one_by_one.add(one.elapsed());
  }
  r.report("update of three activities, p50", one_by_one.micros(0.5), "us", at_most(1'500));
  r.report("update of three activities, p99", one_by_one.micros(0.99), "us");

  const std::size_t callers = 64;
  const auto each = r.size(3'000, 10);
  std::vector<std::unique_ptr<patient_caller>> all;
  for (std::size_t i = 0; i < callers; ++i) {
    all.push_back(std::make_unique<patient_caller>(on, i, each));
  }
  stopwatch time;
  for (auto& one : all) one->go();
  for (auto& one : all) one->wait();
  r.report("  from 64 callers", static_cast<double>(callers * each) / time.seconds(), "1/s",
           at_least(10'000));
}

void fan_out(run& r) {
  job_engine on(r.folder("fan-out"));
  const auto batches = static_cast<std::uint32_t>(r.size(1'000, 3));
  const auto tasks = static_cast<std::uint32_t>(r.size(1'000, 20));
  fleet_client root(on.engine(), "all");
  stopwatch time;
  auto finished = root.send({.batches = batches, .tasks = tasks, .at_once = 50}).get().value();
  const auto seconds = time.seconds();
  if (finished.done != std::uint64_t{batches} * tasks) std::abort();
  r.report("1,000 x 1,000 activities", static_cast<double>(finished.done) / seconds, "1/s");
  r.report("  memory then", static_cast<double>(memory_of_this().anonymous) / 1e6, "MB");
}

namespace {

/// Lets `count` timers come due over five seconds, and reports how late they were.
void measure_lateness(run& r) {
  job_engine on(r.folder("timers-late"));
  const auto count = r.size(50'000, 100);
  const auto spread = r.size(5'000, 300);
  std::mutex mutex;
  latencies late;
  std::atomic<std::size_t> left = count;
  // Who wakes is told by its number; here the order of the times is enough.
  std::vector<timestamp> due(count);
  const auto first = on.now() + duration{r.size(8'000, 1'000)};
  std::atomic<std::size_t> woken = 0;
  job::on_woken = [&] {
    const auto now = on.now();
    const auto index = woken++;
    std::lock_guard lock(mutex);
    late.add(std::max<std::chrono::nanoseconds>(now - due[index], std::chrono::nanoseconds{0}));
    --left;
  };
  std::vector<std::future<void>> sent;
  std::atomic<std::size_t> accepted = 0;
  for (std::size_t i = 0; i < count; ++i) {
    due[i] = first + duration{i * spread / count};
    on.of(i).wake({.at = due[i].time_since_epoch().count()}).then([&](const result<receipt>& got) {
      got.value();
      ++accepted;
    });
    while (i + 1 - accepted > 10'000) std::this_thread::yield();
  }
  while (left > 0) std::this_thread::sleep_for(std::chrono::milliseconds{1});
  job::on_woken = nullptr;
  r.report("10,000 timers a second fire late by, p99", late.micros(0.99) / 1'000, "ms",
           at_most(50));
}

/// A million timers: how much memory they take while they sleep, and how long it takes to fire all
/// of them when the node was away as they came due.
void measure_outage(run& r) {
  const auto folder = r.folder("timers-many");
  const auto count = r.size(1'000'000, 200);
  timestamp due;
  {
    job_engine on(folder);
    due = on.now() + duration{r.size(60'000, 1'500)};
    std::atomic<std::size_t> accepted = 0;
    for (std::size_t i = 0; i < count; ++i) {
      on.of(i).wake({.at = due.time_since_epoch().count()}).then([&](const result<receipt>& got) {
        got.value();
        ++accepted;
      });
      while (i + 1 - accepted > 10'000) std::this_thread::yield();
    }
    while (accepted < count) std::this_thread::yield();
  }
  auto asleep = output_of({"/proc/self/exe", "--measure-asleep", folder.string()});
  if (!r.is_tiny() && system_clock{}.now() >= due) {
    throw std::runtime_error("the timers came due before their memory was measured");
  }
  r.report("memory of 1,000,000 sleeping timers", std::stod(asleep) / 1e6, "MB", at_most(200));
  std::atomic<std::size_t> woken = 0;
  job::on_woken = [&] { ++woken; };
  while (system_clock{}.now() <= due) std::this_thread::sleep_for(std::chrono::milliseconds{50});
  stopwatch time;
  job_engine on(folder);
  while (woken < count) std::this_thread::sleep_for(std::chrono::milliseconds{1});
  r.report("all of them fired after an outage", time.seconds(), "s", at_most(10));
  job::on_woken = nullptr;
}

}  // namespace

void measure_asleep(const std::filesystem::path& folder) {
  job_engine on(folder);
  // Long enough for the engine to have looked at what is due.
  std::this_thread::sleep_for(std::chrono::milliseconds{500});
  std::printf("%zu\n", static_cast<std::size_t>(memory_of_this().anonymous));
}

void timers(run& r) {
  measure_lateness(r);
  measure_outage(r);
}

}  // namespace perdure::bench
