#pragma once

/// A delivery on its way to the entity that it is addressed to.

#include <cstdint>
#include <memory>
#include <utility>

#include <perdure/types.h>

#include "process/delivery.h"
#include "sharding/shard.h"

namespace perdure::runtime {

struct addressed_delivery {
  entity_id target;
  std::uint64_t hash = 0;  ///< Of the target, as `sharding::hash_of`.
  process::delivery what;
};

using delivery_ptr = std::shared_ptr<addressed_delivery>;

inline delivery_ptr address(entity_id target, process::delivery what) {
  auto made = std::make_shared<addressed_delivery>();
  made->target = std::move(target);
  made->hash = sharding::hash_of(made->target);
  made->what = std::move(what);
  return made;
}

/// Whether it waits in the mailbox within its bound. What an entity is owed has bounds of its own,
/// and is never refused for want of room.
inline bool is_bounded(const process::delivery& what) {
  return what.index() <= process::delivery(process::message{}).index();
}

}  // namespace perdure::runtime
