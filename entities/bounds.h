#pragma once

/// The bounds of what is sent to entities: the same for a node and for the test kit.

#include <cstddef>
#include <optional>

#include <perdure/call.h>
#include <perdure/errors.h>

namespace perdure::core {

struct bounds {
  std::size_t id_bytes = 255;
  std::size_t key_bytes = 255;  ///< Of idempotency keys.
  std::size_t payload_bytes = 2 * 1024 * 1024;
};

/// Each returns what is wrong, if anything is. Errors: malformed, too_large.
std::optional<error> check(const entity_id& target, const bounds& within);
std::optional<error> check(const request& what, const bounds& within);
std::optional<error> check_params_size(std::size_t bytes, std::size_t most);

}  // namespace perdure::core
