#include "runtime/scheduling_policy.h"

namespace perdure::runtime {

void scheduling_policy::add(coordinator_data& shared, caf::resumable* job) {
  bool wake = false;
  {
    std::lock_guard guard{shared.lock};
    shared.queue.push_back(job);
    shared.size.store(shared.queue.size(), std::memory_order_relaxed);
    wake = shared.sleeping > 0 && shared.looking < shared.queue.size();
  }
  if (wake) shared.added.notify_one();
}

caf::resumable* scheduling_policy::next(coordinator_data& shared) {
  std::unique_lock guard{shared.lock};
  if (shared.queue.empty()) look(shared, guard);
  while (shared.queue.empty()) {
    ++shared.sleeping;
    shared.added.wait(guard);
    --shared.sleeping;
  }
  auto* job = shared.queue.front();
  shared.queue.pop_front();
  shared.size.store(shared.queue.size(), std::memory_order_relaxed);
  return job;
}

void scheduling_policy::look(coordinator_data& shared, std::unique_lock<std::mutex>& guard) {
  ++shared.looking;
  guard.unlock();
  const auto until = std::chrono::steady_clock::now() + patience;
  while (shared.size.load(std::memory_order_relaxed) == 0 &&
         std::chrono::steady_clock::now() < until) {
    std::this_thread::yield();
  }
  guard.lock();
  --shared.looking;
}

}  // namespace perdure::runtime
