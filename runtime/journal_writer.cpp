#include "runtime/journal_writer.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include <spdlog/spdlog.h>

namespace perdure::runtime {

using persistence::append_outcome;

namespace {

constexpr std::size_t steps_per_collection = 500;  // of twice as many records at most
constexpr std::chrono::seconds idle_time{1};
constexpr std::chrono::microseconds linger_time{300};
constexpr std::chrono::microseconds gather_time{100};
constexpr std::size_t gather_enough = 512;

}  // namespace

error to_error(append_outcome outcome) {
  switch (outcome) {
    case append_outcome::storage_full:
      return {errc::storage_full,
              "there is no room left for the journal, on the disk or below --storage-limit; "
              "nothing was "
              "written: make room and try again"};
    case append_outcome::fenced:
      return {errc::unavailable, "another node owns this entity's shard now: try again"};
    case append_outcome::out_of_sequence:
      return {
          errc::unavailable,
          "an earlier message to this entity could not be written, so this one was not: try again"};
    case append_outcome::unknown:
    case append_outcome::ok:
      break;
  }
  return {
      errc::unavailable,
      "it is not known whether the message was written: try again with the same idempotency key"};
}

journal_writer::journal_writer(persistence::journal& store, const wall_clock& wall,
                               const engine_limits& limits,
                               const std::atomic<std::size_t>& expected, const outlet& out,
                               hooks notify)
    : store_(store),
      wall_(wall),
      limits_(limits),
      expected_(expected),
      out_(out),
      notify_(std::move(notify)) {}

journal_writer::~journal_writer() {
  {
    std::lock_guard guard{mutex_};
    stopping_ = true;
  }
  woken_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void journal_writer::start() {
  thread_ = std::thread([this] { run(); });
}

void journal_writer::submit(commit work) {
  bool wake = false;
  {
    std::lock_guard guard{mutex_};
    wake = queue_.empty() && !busy_;
    queue_.push_back(std::move(work));
    queued_ = queue_.size();
  }
  if (wake) woken_.notify_one();
}

void journal_writer::drain() {
  std::unique_lock lock{mutex_};
  idle_.wait(lock, [&] { return queue_.empty() && !busy_; });
}

writer_figures journal_writer::figures() const {
  std::lock_guard guard{mutex_};
  return figures_;
}

void journal_writer::run() {
  std::vector<commit> work;
  std::unique_lock lock{mutex_};
  while (true) {
    if (queue_.empty()) {
      busy_ = false;
      idle_.notify_all();
      if (stopping_) return;
      if (!more_garbage_) wait_for_work(lock);
    }
    busy_ = true;
    gather(lock);
    std::swap(work, queue_);
    queued_ = 0;
    lock.unlock();
    commit_all(work);
    // Garbage is removed when there is nothing else to do, and now and then under load.
    steps_since_collection_ += work.size();
    if (work.empty() || steps_since_collection_ >= steps_per_collection) {
      steps_since_collection_ = 0;
      more_garbage_ = store_.collect(wall_.now());
    }
    work.clear();
    lock.lock();
  }
}

void journal_writer::wait_for_work(std::unique_lock<std::mutex>& lock) {
  // Whoever has just been answered often asks again at once, or after an activity; waking a
  // sleeping thread takes longer than it takes him.
  lock.unlock();
  const auto until = std::chrono::steady_clock::now() + linger_time;
  while (queued_ == 0 && std::chrono::steady_clock::now() < until) std::this_thread::yield();
  lock.lock();
  woken_.wait_for(lock, idle_time, [&] { return stopping_ || !queue_.empty(); });
}

void journal_writer::gather(std::unique_lock<std::mutex>& lock) {
  // What is with its entity already is a step in a moment: a commit for all costs as much as one
  // for a few, and those left behind would wait for two.
  if (queue_.empty() || expected_ == 0) return;
  lock.unlock();
  const auto until = std::chrono::steady_clock::now() + gather_time;
  while (expected_ > 0 && queued_ < gather_enough && std::chrono::steady_clock::now() < until) {
    std::this_thread::yield();
  }
  lock.lock();
}

void journal_writer::commit_all(std::vector<commit>& work) {
  for (std::size_t done = 0; done < work.size();) done = commit_some(work, done);
}

std::size_t journal_writer::commit_some(std::vector<commit>& work, std::size_t from) {
  batches_.clear();
  std::size_t bytes = 0;
  auto to = from;
  for (;
       to < work.size() && batches_.size() < limits_.commit_batches && bytes < limits_.commit_bytes;
       ++to) {
    if (!work[to].step) continue;
    bytes += work[to].step->encoded.size();
    batches_.push_back(std::move(*work[to].step));
  }
  outcomes_.assign(batches_.size(), append_outcome::unknown);
  const auto began = std::chrono::steady_clock::now();
  if (!batches_.empty()) store_.append(batches_, outcomes_);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;

  std::size_t committed = 0;
  std::size_t snapshots = 0;
  for (std::size_t i = from, batch = 0; i < to; ++i) {
    auto& each = work[i];
    if (!each.step) {
      come_back(each, std::nullopt);
      continue;
    }
    const auto outcome = outcomes_[batch];
    if (outcome == append_outcome::ok) {
      ++committed;
      const auto& after = batches_[batch].after;
      each.entity->durable.store(after.last_event, std::memory_order_release);
      notify_.committed(*each.entity, after);
      if (each.snapshot) ++snapshots;
    }
    ++batch;
    come_back(each, outcome);
  }
  if (!batches_.empty()) note_room();
  std::lock_guard guard{mutex_};
  figures_.commits += batches_.empty() ? 0 : 1;
  figures_.steps += committed;
  figures_.snapshots += snapshots;
  figures_.seconds += took.count();
  return to;
}

/// Logs when there is no room any more, and when there is again.
void journal_writer::note_room() {
  const bool full = std::ranges::find(outcomes_, append_outcome::storage_full) != outcomes_.end();
  if (std::exchange(full_, full) == full) return;
  if (full)
    spdlog::error("the storage is full: messages are refused until there is room again");
  else
    spdlog::info("the storage has room again");
}

void journal_writer::come_back(commit& done, std::optional<append_outcome> outcome) {
  const bool durable = outcome ? *outcome == append_outcome::ok
                               : done.entity->durable.load(std::memory_order_acquire) >= done.needs;
  if (durable) {
    if (done.snapshot) store_.keep(std::move(*done.snapshot));
    for (auto& each : done.replies) out_.say(std::move(each));
    for (auto& each : done.effects) out_.perform(done.entity->id, std::move(each));
  } else {
    const auto why = to_error(outcome.value_or(append_outcome::out_of_sequence));
    // The entity first: whoever hears of the refusal and asks at once finds it loading again.
    if (outcome) notify_.refused(*done.entity, why);
    for (auto& each : done.replies) out_.take_back(std::move(each), why);
  }
  if (done.reached) done.reached();
}

}  // namespace perdure::runtime
