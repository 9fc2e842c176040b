#pragma once

/// A shard is a fixed slice of the id space: `hash(type, id) mod shard_count`. It is owned by one
/// node at a time; its epoch grows with each change of owner, and whoever writes under an older
/// epoch is refused.

#include <cstdint>

#include <perdure/types.h>

namespace perdure::sharding {

using shard_number = std::uint32_t;
using epoch_number = std::uint64_t;

/// Returns the shard of `entity`. Part of the data format: stable over builds and machines.
/// Hash: XXH3-64 (xxHash 0.8) of type, a zero byte, and id.
/// REQUIRES: shard_count > 0.
shard_number shard_of(const entity_id& entity, std::uint32_t shard_count);

}  // namespace perdure::sharding
