// Durable signals in process, through engine::call: the way of a message without HTTP.

#include <atomic>
#include <condition_variable>
#include <functional>
#include <future>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "bench/counter_engine.h"
#include "bench/harness.h"

namespace perdure::bench {

namespace {

/// Counts requests under way; waits while there are too many, and for the last one.
class window {
public:
  explicit window(std::size_t size) : size_(size) {}

  void enter() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return under_way_ < size_; });
    ++under_way_;
  }
  void leave() {
    std::lock_guard lock(mutex_);
    --under_way_;
    // Waking the sender for each answer would cost more than the answer.
    if (under_way_ == 0 || under_way_ == size_ / 2) changed_.notify_all();
  }
  void wait_until_empty() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return under_way_ == 0; });
  }

private:
  const std::size_t size_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t under_way_ = 0;
};

/// Sends `count` signals to counters 0 .. entities-1, `width` of them under way; returns the rate.
double rate(counter_engine& counters, std::size_t count, std::size_t entities, std::size_t width) {
  window open(width);
  std::atomic<std::size_t> failed = 0;
  stopwatch all;
  for (std::size_t i = 0; i < count; ++i) {
    open.enter();
    // A stride prime to the number of entities: no neighbours, all equally often.
    counters.add(i * 7'919 % entities, [&](result<answer> got) {
      if (!got) ++failed;
      open.leave();
    });
  }
  open.wait_until_empty();
  auto seconds = all.seconds();
  if (failed > 0) throw std::runtime_error(std::to_string(failed) + " signals were refused");
  return static_cast<double>(count) / seconds;
}

/// One of many callers that each wait for the answer before they send again.
class patient_caller {
public:
  patient_caller(counter_engine& counters, std::size_t entity, std::size_t count)
      : counters_(counters), entity_(entity), left_(count) {}

  void go() {
    counters_.add(entity_, [this](result<answer> got) {
      got.value();
      if (--left_ == 0)
        done_.set_value();
      else
        go();
    });
  }
  void wait() { done_.get_future().wait(); }

private:
  counter_engine& counters_;
  std::size_t entity_;
  std::size_t left_;
  std::promise<void> done_;
};

double patient_rate(counter_engine& counters, std::size_t callers, std::size_t each) {
  std::vector<std::unique_ptr<patient_caller>> all;
  for (std::size_t i = 0; i < callers; ++i) {
    all.push_back(std::make_unique<patient_caller>(counters, i, each));
  }
  stopwatch time;
  for (auto& one : all) one->go();
  for (auto& one : all) one->wait();
  return static_cast<double>(callers * each) / time.seconds();
}

}  // namespace

void signals(run& r) {
  auto entities = r.size(100'000, 50);
  {
    counter_engine counters(r.folder("signals-many"));
    rate(counters, entities, entities, r.size(16'384, 64));  // Wakes them all.
    auto reached = rate(counters, r.size(3'000'000, 500), entities, r.size(16'384, 64));
    r.report("durable signals to 100,000 entities", reached, "1/s", at_least(300'000));
    r.report("  of raw LMDB in batches of 1,024",
             100 * reached / r.reported("raw LMDB, append in batches of 1,024"), "%", at_least(20));
  }
  {
    counter_engine counters(r.folder("signals-one"));
    r.report("durable signals to one entity",
             rate(counters, r.size(1'000'000, 500), 1, r.size(8'192, 64)), "1/s",
             at_least(100'000));
  }
  counter_engine counters(r.folder("signals-callers"));
  r.report("64 callers, one signal in flight each", patient_rate(counters, 64, r.size(8'000, 10)),
           "1/s", at_least(50'000));

  latencies one_by_one;
  for (std::size_t i = 0; i < r.size(8'000, 20); ++i) {
    stopwatch one;
    std::promise<void> answered;
    counters.add(i % 64, [&](result<answer>) { answered.set_value(); });
    answered.get_future().wait();
    one_by_one.add(one.elapsed());
  }
  r.report("sequential signal, p50", one_by_one.micros(0.5), "us",
           at_most(1.5 * r.reported("raw LMDB, commit of one record, p50")));
  r.report("sequential signal, p99", one_by_one.micros(0.99), "us");
}

}  // namespace perdure::bench
