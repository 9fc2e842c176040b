#include "runtime/watchers.h"

#include <utility>

namespace perdure::runtime {

subscription watchers::add(const entity_id& entity, callback changed) {
  auto kept = std::make_shared<callback>(std::move(changed));
  std::lock_guard guard{mutex_};
  watching_[to_string(entity)].push_back(kept);
  count_ = watching_.size();
  return kept;
}

void watchers::committed(const entity_id& entity, event_number last) {
  if (count_.load(std::memory_order_relaxed) == 0) return;
  std::vector<std::shared_ptr<callback>> told;
  {
    std::lock_guard guard{mutex_};
    auto found = watching_.find(to_string(entity));
    if (found == watching_.end()) return;
    std::erase_if(found->second, [&](auto& each) {
      auto alive = each.lock();
      if (alive) told.push_back(std::move(alive));
      return told.empty() || each.expired();
    });
    if (told.empty()) watching_.erase(found);
    count_ = watching_.size();
  }
  for (auto& each : told) (*each)(last);
}

}  // namespace perdure::runtime
