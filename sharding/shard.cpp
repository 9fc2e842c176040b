#include "sharding/shard.h"

#include <array>
#include <cstring>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace perdure::sharding {

std::uint64_t hash_of(const entity_id& entity) {
  std::array<char, 512> name;
  const auto size = entity.type.size() + 1 + entity.id.size();
  if (size > name.size()) {
    const auto long_name = entity.type + '\0' + entity.id;
    return XXH3_64bits(long_name.data(), long_name.size());
  }
  std::memcpy(name.data(), entity.type.c_str(), entity.type.size() + 1);
  std::memcpy(name.data() + entity.type.size() + 1, entity.id.data(), entity.id.size());
  return XXH3_64bits(name.data(), size);
}

}  // namespace perdure::sharding
