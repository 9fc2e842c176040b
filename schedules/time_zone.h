#pragma once

/// What a clock on the wall of a place shows, by the machine's time zone database. Through 2037:
/// from then on, Debian's library knows no summer times.

#include <string_view>

#include <perdure/errors.h>
#include <perdure/types.h>

namespace date {
class time_zone;
}

namespace perdure::schedules {

/// A time as a clock on the wall shows it, without saying where.
using local_time = std::chrono::local_time<duration>;

/// Immutable; cheap to copy. What it says changes with the database, so whatever is journaled
/// records what it said.
class time_zone {
public:
  /// Finds a zone by its name in the database, e.g. "Europe/Vienna"; "": UTC. Errors: malformed.
  static result<time_zone> find(std::string_view name);

  /// From `begin` to before `end` the local time is that of UTC and `offset`.
  struct span {
    timestamp begin;
    timestamp end;
    duration offset;

    local_time to_local(timestamp when) const {
      return local_time(when.time_since_epoch() + offset);
    }
    timestamp to_utc(local_time when) const { return timestamp(when.time_since_epoch() - offset); }
  };

  /// Returns the span that `when` lies in.
  span at(timestamp when) const;

private:
  explicit time_zone(const date::time_zone* zone) : zone_(zone) {}

  const date::time_zone* zone_;  // Null: UTC.
};

}  // namespace perdure::schedules
