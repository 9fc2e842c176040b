#pragma once

/// Threads that wait for work. One that has just worked looks for more a little while before it
/// sleeps, at most one at a time, and whoever adds work wakes one only if none is looking: bursts
/// with gaps of microseconds cost no sleep and no waking.
///
/// Threads: the mutex of whoever owns the work is held for each member, except where noted.

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace perdure::runtime {

class worker_pool {
public:
  /// How long a thread looks before it sleeps: a commit and a little more, as whoever awaits one
  /// activity after the other schedules the next when the result of the last is durable.
  static constexpr std::chrono::microseconds patience{500};

  /// `work` says about how much there is, and is looked at without the lock.
  explicit worker_pool(const std::atomic<std::size_t>& work) : work_(work) {}
  /// REQUIRES: joined.
  ~worker_pool() = default;

  /// Runs `body(i)` on as many threads. Without the lock.
  void start(std::size_t threads, const std::function<void(std::size_t)>& body);

  /// Waits until there may be work. `has_worked`: since it last waited. Returns false when the pool
  /// is closed.
  bool wait(std::unique_lock<std::mutex>& lock, bool has_worked);

  /// Whether a thread should be woken, as there is work and nobody is about to see it. The caller
  /// then calls `wake`, once it has let go of the lock.
  bool should_wake();
  /// Without the lock.
  void wake() { added_.notify_one(); }

  /// Lets threads end when they have no work.
  void close();
  /// Without the lock.
  void join();

private:
  const std::atomic<std::size_t>& work_;
  std::condition_variable added_;
  std::size_t sleeping_ = 0;
  bool is_looking_ = false;  ///< One of them.
  bool is_waking_ = false;   ///< One was woken and has not come up yet.
  std::atomic<bool> closed_{false};
  std::vector<std::thread> threads_;
};

}  // namespace perdure::runtime
