#pragma once

/// A shard is a fixed slice of the id space: `hash(type, id) mod shard_count`. It is owned by one
/// node at a time; its epoch grows with each change of owner, and whoever writes under an older
/// epoch is refused.

#include <cstdint>

#include <perdure/types.h>

namespace perdure::sharding {

using shard_number = std::uint32_t;
using epoch_number = std::uint64_t;

/// Returns the hash of `entity`: XXH3-64 (xxHash 0.8) of type, a zero byte, and id. Part of the
/// data format: stable over builds and machines.
std::uint64_t hash_of(const entity_id& entity);

/// Returns the shard of an entity with this hash. REQUIRES: shard_count > 0.
inline shard_number shard_of(std::uint64_t hash, std::uint32_t shard_count) {
  return static_cast<shard_number>(hash % shard_count);
}

/// Returns the shard of `entity`. REQUIRES: shard_count > 0.
inline shard_number shard_of(const entity_id& entity, std::uint32_t shard_count) {
  return shard_of(hash_of(entity), shard_count);
}

}  // namespace perdure::sharding
