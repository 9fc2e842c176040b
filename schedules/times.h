#pragma once

/// When a schedule is due: its specification, read and checked.
///
/// Pure but for the time zone database; whatever is journaled records what was answered.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <perdure/errors.h>
#include <perdure/schedule.h>
#include <perdure/types.h>

#include "schedules/cron.h"
#include "schedules/time_zone.h"

namespace perdure::schedules {

struct moment {
  timestamp nominal;
  timestamp actual;  ///< With jitter.
};

class times {
public:
  /// `owner` is what jitter depends on. Errors: malformed, naming the field.
  static result<times> read(const schedule_spec& spec, const entity_id& owner);

  /// Returns the first time due after `after`; nothing: there is none.
  std::optional<timestamp> next(timestamp after) const;

  /// Likewise, with jitter.
  std::optional<moment> next_moment(timestamp after) const;

  /// Returns up to `count` of them.
  std::vector<moment> upcoming(timestamp after, std::size_t count) const;

  /// Returns what is due after `after` at `now`, at most `most`, and what comes then. What is older
  /// than `window` is counted as missed, at most ten times `most` at once.
  schedule_due due(timestamp after, timestamp now, duration window, std::size_t most) const;

  /// Returns the first `most` times after `after` up to `to`, without jitter; `next` when there are
  /// more.
  schedule_due between(timestamp after, timestamp to, std::size_t most) const;

private:
  struct interval {
    duration every;
    duration offset;
  };

  explicit times(time_zone zone) : zone_(zone) {}

  std::optional<timestamp> next_included(timestamp after) const;
  timestamp jittered(timestamp nominal, std::optional<timestamp> following) const;

  time_zone zone_;
  std::vector<cron> crons_;
  std::vector<interval> intervals_;
  std::vector<timestamp> singles_;
  std::vector<cron> excluded_;
  std::optional<timestamp> start_;
  std::optional<timestamp> end_;
  duration jitter_{0};
  std::uint64_t seed_ = 0;
};

}  // namespace perdure::schedules
