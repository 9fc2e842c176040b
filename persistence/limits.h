#pragma once

/// What every engine holds an entity's name to, so that it fits a key of any of them.

#include <perdure/types.h>

namespace perdure::persistence {

inline constexpr std::size_t type_bytes_max = 240;
inline constexpr std::size_t id_bytes_max = 255;

/// Whether `entity` can be a key. A type has no zero byte: it is what ends it there.
inline bool is_key(const entity_id& entity) {
  return entity.type.size() <= type_bytes_max && entity.id.size() <= id_bytes_max &&
         entity.type.find('\0') == std::string::npos;
}

}  // namespace perdure::persistence
