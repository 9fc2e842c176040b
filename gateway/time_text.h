#pragma once

/// Times and durations as people and JSON write them.

#include <optional>
#include <string>
#include <string_view>

#include <perdure/types.h>

namespace perdure::gateway {

/// Returns RFC 3339 in UTC with milliseconds, e.g. "2026-03-01T12:00:00.250Z".
std::string format_time(timestamp time);

/// Reads "90s", "250ms", "1h30m", "7d"; nothing for anything else, such as negative or unit-less
/// numbers and what exceeds 100 years.
std::optional<duration> parse_duration(std::string_view text);

/// Returns a duration as `parse_duration` reads it, e.g. "1h30m".
std::string format_duration(duration time);

}  // namespace perdure::gateway
