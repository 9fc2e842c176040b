#include "sharding/shard.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace perdure::sharding {

shard_number shard_of(const entity_id& entity, std::uint32_t shard_count) {
  std::string name;
  name.reserve(entity.type.size() + 1 + entity.id.size());
  name.append(entity.type).push_back('\0');
  name.append(entity.id);
  return static_cast<shard_number>(XXH3_64bits(name.data(), name.size()) % shard_count);
}

}  // namespace perdure::sharding
