#include "entities/bounds.h"

#include <string>

namespace perdure::core {

std::optional<error> check(const entity_id& target, const bounds& within) {
  if (!target.id.empty() && target.id.size() <= within.id_bytes) return std::nullopt;
  return error{errc::malformed, "id: expected 1 to " + std::to_string(within.id_bytes) +
                                    " bytes, got " + std::to_string(target.id.size())};
}

std::optional<error> check(const request& what, const bounds& within) {
  if (auto why = check(what.target, within)) return why;
  if (auto why = check_params_size(what.params.size(), within.payload_bytes)) return why;
  if (what.options.key.size() > within.key_bytes) {
    return error{errc::malformed, "idempotency key: expected at most " +
                                      std::to_string(within.key_bytes) + " bytes, got " +
                                      std::to_string(what.options.key.size())};
  }
  if (what.options.delay < duration::zero()) {
    return error{errc::malformed, "delay: expected a duration that is not negative"};
  }
  return std::nullopt;
}

std::optional<error> check_params_size(std::size_t bytes, std::size_t most) {
  if (bytes <= most) return std::nullopt;
  return error{errc::too_large, "the parameters have " + std::to_string(bytes) +
                                    " bytes; the limit is " + std::to_string(most)};
}

}  // namespace perdure::core
