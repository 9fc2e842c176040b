#pragma once

/// The words every part of Perdure shares: who an entity is, when something happened, and how
/// much. Values only; nothing here reads a clock.

#include <algorithm>
#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace perdure {

/// Owned bytes, e.g. an encoded payload or a field of type Data.
using bytes = std::vector<std::byte>;

/// Borrowed bytes; valid only as long as their owner.
using bytes_view = std::span<const std::byte>;

/// All durations and times have millisecond grain.
using duration = std::chrono::milliseconds;

/// Milliseconds since 1970-01-01 UTC. Always handed in from outside, never read from a clock here.
using timestamp = std::chrono::sys_time<duration>;

/// Returns the time that much later: at least `from`, at most the last there is.
inline timestamp later(timestamp from, duration by) {
  by = std::max(by, duration::zero());
  return by < timestamp::max() - from ? from + by : timestamp::max();
}

/// Number of an event in the life of one entity: 1, 2, 3, ... It never starts again, not even when
/// the entity continues as new. 0 means "none".
using event_number = std::uint64_t;

/// Number of a run: 1 for the first, one more at each continue-as-new.
using run_number = std::uint32_t;

/// Names one entity. Two entities are the same exactly when type and id are equal.
struct entity_id {
  std::string type;  ///< As the contract declares it, e.g. "cart".
  std::string id;    ///< 1 to 255 bytes of UTF-8, chosen by the application, e.g. "alice".

  friend bool operator==(const entity_id&, const entity_id&) = default;
  friend auto operator<=>(const entity_id&, const entity_id&) = default;
};

/// Returns "type/id", the form in which people and the command line name an entity.
inline std::string to_string(const entity_id& entity) { return entity.type + '/' + entity.id; }

/// Views the bytes of a text.
inline bytes_view as_bytes_view(std::string_view text) {
  return std::as_bytes(std::span{text.data(), text.size()});
}

/// Views bytes as text; the caller knows that they are text.
inline std::string_view as_text(bytes_view data) {
  return {reinterpret_cast<const char*>(data.data()), data.size()};
}

}  // namespace perdure
