#include "runtime/activities/queues.h"

#include <algorithm>
#include <utility>

namespace perdure::runtime {

void work_queues::provide(std::shared_ptr<activities_base> what, activity_limits limits) {
  auto& queue = named(what->described().name);
  queue.provided = std::move(what);
  queue.limits = limits;
  queue.begun = pace{limits.per_second};
  provided_.push_back(&queue);
}

work_queue& work_queues::named(std::string_view name) {
  if (auto known = queues_.find(name); known != queues_.end()) return *known->second;
  auto made = std::make_unique<work_queue>();
  made->name = name;
  auto& queue = *made;
  queues_.emplace(queue.name, std::move(made));
  return queue;
}

void work_queues::assign(job& what) {
  const auto& chosen = what.what.options.queue;
  auto& queue = named(chosen.empty() ? what.what.activities : chosen);
  what.queue = &queue;
  what.is_local = queue.provided && queue.name == what.what.activities;
  ++queue.jobs;
}

void work_queues::leave(job& what) {
  auto& queue = *std::exchange(what.queue, nullptr);
  --queue.jobs;
  drop_if_idle(queue);
}

void work_queues::drop_if_idle(work_queue& queue) {
  if (queue.provided || queue.jobs != 0 || !queue.pollers.empty()) return;
  queues_.erase(queues_.find(queue.name));
}

void work_queues::add(const std::shared_ptr<job>& what) {
  auto& side = what->queue->side_of(*what);
  what->place = side.insert(side.end(), what);
}

std::shared_ptr<job> work_queues::remove(job& what) {
  auto taken = std::move(*what.place);
  what.queue->side_of(what).erase(what.place);
  return taken;
}

bool work_queues::allows(work_queue& queue, timestamp now) const {
  return queue.provided && queue.running < queue.limits.at_once && queue.begun.allows(now);
}

bool work_queues::list(work_queue& queue, timestamp now) {
  if (queue.for_us.empty() || !allows(queue, now)) return false;
  if (!queue.is_listed) {
    queue.is_listed = true;
    listed_.push_back(&queue);
    listed_count_.store(listed_.size(), std::memory_order_relaxed);
  }
  return true;
}

std::shared_ptr<job> work_queues::next(timestamp now) {
  while (!listed_.empty()) {
    auto& queue = *listed_.front();
    listed_.pop_front();
    queue.is_listed = false;
    std::shared_ptr<job> taken;
    if (!queue.for_us.empty() && allows(queue, now)) {
      taken = remove(*queue.for_us.front());
      ++queue.running;
      queue.begun.begin();
      list(queue, now);
    }
    listed_count_.store(listed_.size(), std::memory_order_relaxed);
    if (taken) return taken;
  }
  return nullptr;
}

timestamp work_queues::look_at_paces(timestamp now) {
  auto earliest = never;
  for (auto* queue : provided_) {
    if (queue->for_us.empty() || queue->running >= queue->limits.at_once) continue;
    if (!list(*queue, now)) earliest = std::min(earliest, queue->begun.next(now));
  }
  return earliest;
}

}  // namespace perdure::runtime
