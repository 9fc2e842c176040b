#pragma once

/// When a failed attempt is repeated, and how the end of an activity is told. Pure.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <perdure/errors.h>
#include <perdure/options.h>
#include <perdure/types.h>

#include "entities/record.h"
#include "runtime/activities/dispatcher.h"

namespace perdure::runtime {

/// No time: later than every other.
inline constexpr timestamp never = timestamp::max();

/// Returns `from + by`, `never` where that is too far away.
timestamp later(timestamp from, duration by);

/// Returns when a limit that began at `from` is over; `never` when there is none (`no_limit`).
timestamp limit_from(timestamp from, duration limit);

/// Returns the pause behind the failed attempt number `attempt` (1: the first).
duration pause_behind(const retry_policy& policy, std::uint32_t attempt);

/// Returns when the attempt behind number `attempt`, which failed at `now`, begins; nothing when
/// there is none: the failure is final, no attempts are left, or it would come too late.
std::optional<timestamp> next_try(const core::pending_activity& what, std::uint32_t attempt,
                                  const attempt_failure& why, timestamp now);

/// The four time-outs. Their names are `error::type` of what they end.
enum class time_out : std::uint8_t {
  schedule_to_start,
  start_to_close,
  schedule_to_close,
  heartbeat,
};
std::string_view to_string(time_out which);

/// Returns the failure of an attempt by a time-out.
attempt_failure failure_by(time_out which, const activity_options& options, std::uint32_t attempt);

/// How an activity that was attempted `attempts` times ends when the last of them failed.
error end_by_failure(std::string_view name, std::uint32_t attempts, const attempt_failure& why);
/// How it ends when `which` ran out at its attempt `attempt`; `last_failure` may be empty.
error end_by_time_out(std::string_view name, time_out which, const activity_options& options,
                      std::uint32_t attempt, std::string_view last_failure);
error end_by_cancel(std::string_view name);

}  // namespace perdure::runtime
