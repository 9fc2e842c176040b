#pragma once

/// A thread for calls that block for the time of a disk read, so that the event loop does not.

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace perdure::gateway {

class worker {
public:
  worker() : thread_([this] { run(); }) {}
  /// Finishes the task under way and drops the others.
  ~worker();

  /// Runs `task` on the thread, after those before it. From any thread.
  void post(std::function<void()> task);

private:
  void run();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> tasks_;
  bool stopping_ = false;
  std::thread thread_;  ///< Last: it uses the others.
};

}  // namespace perdure::gateway
