#pragma once

/// What workers outside hold of an attempt: a text that names it and that nobody else can make.
/// Signed, not encrypted: whoever holds it can read the entity's name in it.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <perdure/types.h>

namespace perdure::runtime {

/// Which attempt a token names.
struct named_attempt {
  entity_id entity;
  timestamp life;  ///< When the entity was created.
  event_number activity = 0;
  std::uint32_t attempt = 0;
  friend bool operator==(const named_attempt&, const named_attempt&) = default;
};

/// Makes and checks tokens. Any thread.
class token_mint {
public:
  /// Throws std::invalid_argument when `secret` is not 32 bytes.
  explicit token_mint(bytes secret);

  /// Returns the token: letters, digits, '-' and '_' only.
  std::string seal(const named_attempt& what) const;
  /// Returns what a token names, or nothing when it was not made with this secret.
  std::optional<named_attempt> open(std::string_view token) const;

private:
  bytes secret_;
};

/// Returns the idempotency key of an activity: the same for all its attempts, on every node, and
/// for no other activity. 32 hexadecimal digits.
std::string activity_key(const entity_id& entity, timestamp life, event_number activity);

}  // namespace perdure::runtime
