#include "runtime/activities/pool.h"

namespace perdure::runtime {

void worker_pool::start(std::size_t threads, const std::function<void(std::size_t)>& body) {
  threads_.reserve(threads);
  for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back(body, i);
}

bool worker_pool::wait(std::unique_lock<std::mutex>& lock, bool has_worked) {
  if (closed_) return false;
  if (work_.load(std::memory_order_relaxed) != 0) return true;
  if (has_worked && !is_looking_) {
    is_looking_ = true;
    lock.unlock();
    const auto until = std::chrono::steady_clock::now() + patience;
    while (work_.load(std::memory_order_relaxed) == 0 && !closed_ &&
           std::chrono::steady_clock::now() < until) {
      std::this_thread::yield();
    }
    lock.lock();
    is_looking_ = false;
    if (closed_) return false;
    if (work_.load(std::memory_order_relaxed) != 0) return true;
  }
  ++sleeping_;
  added_.wait(lock, [this] { return is_waking_ || closed_; });
  --sleeping_;
  is_waking_ = false;
  return !closed_;
}

bool worker_pool::should_wake() {
  if (is_looking_ || is_waking_ || sleeping_ == 0) return false;
  is_waking_ = true;
  return true;
}

void worker_pool::close() {
  closed_ = true;
  added_.notify_all();
}

void worker_pool::join() {
  for (auto& thread : threads_) thread.join();
  threads_.clear();
}

}  // namespace perdure::runtime
