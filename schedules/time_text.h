#pragma once

/// Times and durations as a schedule's JSON writes them.

#include <optional>
#include <string>
#include <string_view>

#include <perdure/types.h>

namespace perdure::schedules {

/// Returns RFC 3339 in UTC, e.g. "2026-03-01T12:00:00Z"; milliseconds where there are any.
std::string format_time(timestamp time);

/// Reads RFC 3339 with "Z" or an offset, e.g. "2026-03-01T12:00:00.250+01:00", or a date alone: its
/// first moment in UTC. Years 1970 to 9999. Nothing for anything else.
std::optional<timestamp> parse_time(std::string_view text);

/// Reads "90s", "250ms", "1h30m", "7d"; nothing for anything else, such as negative or unit-less
/// numbers and what exceeds 100 years.
std::optional<duration> parse_duration(std::string_view text);

}  // namespace perdure::schedules
