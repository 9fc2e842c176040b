#pragma once

/// Who wants to know of an entity's steps as they become durable. Costs nothing where nobody does.

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "runtime/engine.h"

namespace perdure::runtime {

class watchers {
public:
  using callback = std::function<void(event_number)>;

  subscription add(const entity_id& entity, callback changed);

  /// Called by the writer.
  void committed(const entity_id& entity, event_number last);

private:
  std::atomic<std::size_t> count_{0};  ///< Of names in the map; saves the lock.
  std::mutex mutex_;
  std::unordered_map<std::string, std::vector<std::weak_ptr<callback>>> watching_;
};

}  // namespace perdure::runtime
