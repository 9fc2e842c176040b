#pragma once

/// Random UUIDs for idempotency keys that the client left to us.

#include <array>
#include <string>

#include <uuid/uuid.h>

namespace perdure::gateway {

inline std::string make_uuid() {
  uuid_t made;
  std::array<char, UUID_STR_LEN> text{};
  uuid_generate_random(made);
  uuid_unparse_lower(made, text.data());
  return text.data();
}

}  // namespace perdure::gateway
