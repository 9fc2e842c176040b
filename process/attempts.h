#pragma once

/// What the rules of activities say of attempts: how one fails, when the next one begins, which
/// time-out has passed, and how the end of an activity is told. Whoever runs attempts, a node or a
/// test, asks here, so that they cannot differ.
///
/// Pure: no threads, clocks, locks.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <perdure/activities.h>
#include <perdure/errors.h>
#include <perdure/options.h>
#include <perdure/types.h>

#include "entities/record.h"

namespace perdure::process {

/// No time: later than every other.
inline constexpr timestamp never = timestamp::max();

/// Returns when a limit that began at `from` is over; `never` when there is none (`no_limit`).
timestamp limit_from(timestamp from, duration limit);

/// The four time-outs. Their names are `error::type` of what they end.
enum class time_out : std::uint8_t {
  schedule_to_start,
  start_to_close,
  schedule_to_close,
  heartbeat,
};
std::string_view to_string(time_out which);

/// Why an attempt failed.
struct attempt_failure {
  std::string type = {};
  std::string message = {};
  bool retryable = true;
  std::optional<duration> next_delay = {};
  std::optional<time_out> by = {};  ///< Set: it did not fail itself, but was given up.
  friend bool operator==(const attempt_failure&, const attempt_failure&) = default;
};

/// Returns the failure as people read it: "busy: come back".
std::string text_of(const attempt_failure& why);

/// Returns how an attempt failed that threw the exception at hand. REQUIRES: one is being handled.
attempt_failure caught_failure();

/// Returns the failure of an attempt where the code has no such activity (any more).
attempt_failure unknown_activity(const core::pending_activity& what);

/// Returns the failure of attempt number `attempt` (1: the first) by a time-out. For
/// `schedule_to_start` and `schedule_to_close` it is final.
attempt_failure given_up(time_out by, const activity_options& options, std::uint32_t attempt);

/// Returns "payments.charge"; "payments.@0" where `which` is null.
std::string name_of(const core::pending_activity& what, const activity* which);

/// When the limits of an activity are over, as far as they hold now.
struct attempt_limits {
  timestamp schedule_to_close = never;
  timestamp schedule_to_start = never;  ///< Holds while it waits for a worker.
  timestamp start_to_close = never;     ///< These two while an attempt is under way.
  timestamp heartbeat = never;

  /// Returns the first of these times.
  timestamp first() const;
  /// Returns which has passed at `now`, the gravest first: that which ends the activity.
  std::optional<time_out> passed(timestamp now) const;
};

/// Returns when the activity as a whole is over.
timestamp close_of(const core::pending_activity& what);

/// Returns the pause behind the failed attempt number `attempt`.
duration pause_behind(const retry_policy& policy, std::uint32_t attempt);

/// Returns when the attempt behind number `attempt`, which failed at `now`, begins; nothing when
/// there is none: the failure is final, no attempts are left, or it would come too late.
std::optional<timestamp> next_try(const core::pending_activity& what, std::uint32_t attempt,
                                  const attempt_failure& why, timestamp now);

/// How an activity called `name`, of which `attempts` were made, ends when the last of them, or
/// the wait for it, failed as `why`. `last_failure`, of the attempt before, may be empty.
error end_by(std::string_view name, std::uint32_t attempts, const attempt_failure& why,
             std::string_view last_failure);
/// How one ends that was asked to stop, unless it succeeds in spite of it.
error end_by_cancel(std::string_view name);

}  // namespace perdure::process
