#include "gateway/loop_queue.h"

namespace perdure::gateway {

void loop_queue::post(kj::Function<void()> task) {
  std::lock_guard lock(mutex_);
  if (closed_) return;
  posted_.push_back(kj::mv(task));
  KJ_IF_MAYBE (sleeper, wake_) {
    (*sleeper)->fulfill();
    wake_ = nullptr;
  }
}

kj::Promise<void> loop_queue::run() {
  kj::Promise<void> woken = kj::READY_NOW;
  std::vector<kj::Function<void()>> tasks;
  {
    std::lock_guard lock(mutex_);
    tasks.swap(posted_);
    if (tasks.empty()) {
      auto pair = kj::newPromiseAndCrossThreadFulfiller<void>();
      wake_ = kj::mv(pair.fulfiller);
      woken = kj::mv(pair.promise);
    }
  }
  for (auto& task : tasks) task();
  return woken.then([this] { return run(); });
}

void loop_queue::close() {
  std::vector<kj::Function<void()>> tasks;
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
    tasks.swap(posted_);
    wake_ = nullptr;
  }
  waiting_.clear();
}

}  // namespace perdure::gateway
