#pragma once

/// What the parts of an engine share about one active entity. Fields that more than one thread
/// writes are atomic; the rest is set once.

#include <atomic>
#include <cstddef>
#include <cstdint>

#include <perdure/types.h>

#include "sharding/shard.h"

namespace perdure::runtime {

struct entity_slot {
  entity_id id;
  std::uint64_t hash = 0;  ///< Of the id.
  sharding::shard_number shard = 0;
  sharding::epoch_number epoch = 0;

  std::atomic<std::size_t> waiting{0};     ///< Deliveries sent and not yet taken up.
  std::atomic<event_number> durable{0};    ///< Last event known to be durable. Set by the writer.
  std::atomic<std::int64_t> armed_due{0};  ///< What the timers were last told, in ms; 0: nothing.
};

}  // namespace perdure::runtime
