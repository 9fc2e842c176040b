#pragma once

/// Cron expressions: five fields (minute, hour, day of month, month, day of week), or `@hourly`,
/// `@daily`, `@midnight`, `@weekly`, `@monthly`, `@yearly`, `@annually`. Debian has no C++ library
/// for them, so this is Perdure's own.
///
/// A field is `*`, a value, a range `a-b`, either of the latter in a list `a,b-c`, and with a step
/// `*/n`, `a-b/n`. Months and days of the week have names (`JAN`, `MON`); Sunday is 0 and 7. Where
/// both day fields are restricted (neither begins with `*`), a day that fits either is taken.
///
/// Guarantees, about local time that jumps:
/// - A time that does not exist is due at the moment of the jump, once.
/// - A time that exists twice is due the first time.
/// - An expression for all 24 hours goes by the time that passes: every five minutes are five
///   minutes, without a pause of an hour when clocks are put back.
///
/// Values; no clocks, no files but the zone's.

#include <bitset>
#include <optional>
#include <string_view>

#include <perdure/errors.h>
#include <perdure/types.h>

#include "schedules/time_zone.h"

namespace perdure::schedules {

class cron {
public:
  /// Errors: malformed, naming the field and what is wrong with it.
  static result<cron> parse(std::string_view text);

  /// Returns the first time after `after`, in the clock of `zone`; nothing where there is none
  /// within 41 years (a Sunday that is a February 29 can be 40 away).
  std::optional<timestamp> next(timestamp after, const time_zone& zone) const;

  /// Whether the minute that `when` lies in fits, as the clock of `zone` shows it.
  bool includes(timestamp when, const time_zone& zone) const;

private:
  cron() = default;

  bool fits(std::chrono::year_month_day date, std::chrono::weekday day) const;
  std::optional<local_time> next(local_time from, local_time end) const;

  std::bitset<60> minutes_;
  std::bitset<24> hours_;
  std::bitset<32> days_;
  std::bitset<13> months_;
  std::bitset<8> weekdays_;  // Sunday is 0.
  bool any_day_ = false;     // The field begins with a star.
  bool any_weekday_ = false;
};

}  // namespace perdure::schedules
