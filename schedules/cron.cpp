#include "schedules/cron.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace perdure::schedules {

namespace {

using namespace std::chrono_literals;
using std::chrono::days;

constexpr auto longest_pause = days{366 * 41};

constexpr std::string_view month_names[] = {"JAN", "FEB", "MAR", "APR", "MAY", "JUN",
                                            "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"};
constexpr std::string_view weekday_names[] = {"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"};

constexpr std::pair<std::string_view, std::string_view> macros[] = {
    {"@yearly", "0 0 1 1 *"}, {"@annually", "0 0 1 1 *"}, {"@monthly", "0 0 1 * *"},
    {"@weekly", "0 0 * * 0"}, {"@daily", "0 0 * * *"},    {"@midnight", "0 0 * * *"},
    {"@hourly", "0 * * * *"},
};

struct field {
  std::string_view name;
  unsigned least;
  unsigned most;
  std::span<const std::string_view> names;  ///< Of the values from `least` on.
};

constexpr std::array<field, 5> fields{{
    {"minute", 0, 59, {}},
    {"hour", 0, 23, {}},
    {"day of month", 1, 31, {}},
    {"month", 1, 12, month_names},
    {"day of week", 0, 7, weekday_names},
}};

/// Thrown within `parse`.
struct problem {
  std::string what;
};

std::string quoted(std::string_view text) { return '"' + std::string(text) + '"'; }

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> parts;
  while (true) {
    const auto end = text.find(at);
    parts.push_back(text.substr(0, end));
    if (end == text.npos) return parts;
    text.remove_prefix(end + 1);
  }
}

bool is_number(std::string_view text) {
  return !text.empty() && text.size() <= 4 &&
         std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

unsigned to_number(std::string_view text) {
  unsigned value = 0;
  for (char c : text) value = value * 10 + static_cast<unsigned>(c - '0');
  return value;
}

std::optional<unsigned> find_name(const field& of, std::string_view text) {
  for (std::size_t i = 0; i < of.names.size(); ++i) {
    if (std::ranges::equal(text, of.names[i], [](char a, char b) {
          return std::toupper(static_cast<unsigned char>(a)) == b;
        })) {
      return of.least + static_cast<unsigned>(i);
    }
  }
  return std::nullopt;
}

unsigned read_value(const field& of, std::string_view text) {
  if (auto named = find_name(of, text)) return *named;
  const auto range = std::to_string(of.least) + " to " + std::to_string(of.most);
  if (!is_number(text)) {
    const auto names = of.names.empty() ? ""
                                        : " or " + std::string(of.names.front()) + " to " +
                                              std::string(of.names.back());
    throw problem{"expected a number from " + range + names + ", got " + quoted(text)};
  }
  const auto value = to_number(text);
  if (value < of.least || value > of.most) {
    throw problem{std::string(text) + " is not in " + range};
  }
  return value;
}

struct values {
  unsigned from;
  unsigned to;
  unsigned step = 1;
};

/// One part of a list.
values read_part(const field& of, std::string_view text) {
  const auto slash = text.find('/');
  const auto range = text.substr(0, slash);
  values found{of.least, of.most};
  if (range != "*") {
    const auto dash = range.find('-');
    found.from = found.to = read_value(of, range.substr(0, dash));
    if (dash != range.npos) {
      found.to = read_value(of, range.substr(dash + 1));
      // Sunday ends a week as well as it begins one.
      if (&of == &fields[4] && found.to == 0 && found.from > 0) found.to = 7;
      if (found.to < found.from) throw problem{"the range " + quoted(range) + " runs backwards"};
    } else if (slash != text.npos) {
      throw problem{"a step needs a range: write " + std::string(range) + '-' +
                    std::to_string(of.most) + std::string(text.substr(slash)) + " for " +
                    quoted(text)};
    }
  }
  if (slash != text.npos) {
    const auto step = text.substr(slash + 1);
    if (!is_number(step) || to_number(step) == 0) {
      throw problem{"expected a step of at least 1, got " + quoted(step)};
    }
    found.step = to_number(step);
  }
  return found;
}

template <std::size_t Size>
std::bitset<Size> read_field(const field& of, std::string_view text) {
  std::bitset<Size> set;
  try {
    for (auto part : split(text, ',')) {
      const auto found = read_part(of, part);
      for (auto value = found.from; value <= found.to; value += found.step) set.set(value);
    }
  } catch (const problem& why) {
    throw problem{std::string(of.name) + ": " + why.what};
  }
  return set;
}

std::vector<std::string_view> words(std::string_view text) {
  std::vector<std::string_view> found;
  for (auto each : split(text, ' ')) {
    if (!each.empty()) found.push_back(each);
  }
  return found;
}

std::string_view expand(std::string_view text) {
  if (!text.starts_with('@')) return text;
  for (auto& [name, meaning] : macros) {
    if (name == text) return meaning;
  }
  std::string known;
  for (auto& [name, meaning] : macros) known += (known.empty() ? "" : ", ") + std::string(name);
  throw problem{"unknown; there are " + known};
}

/// Returns the first bit from `from` on; `Size`: there is none.
template <std::size_t Size>
std::size_t first_from(const std::bitset<Size>& set, std::size_t from) {
  while (from < Size && !set[from]) ++from;
  return from;
}

}  // namespace

result<cron> cron::parse(std::string_view text) {
  try {
    const auto parts = words(expand(text));
    if (parts.size() != fields.size()) {
      throw problem{"expected 5 fields (minute, hour, day of month, month, day of week), got " +
                    std::to_string(parts.size())};
    }
    cron made;
    made.minutes_ = read_field<60>(fields[0], parts[0]);
    made.hours_ = read_field<24>(fields[1], parts[1]);
    made.days_ = read_field<32>(fields[2], parts[2]);
    made.months_ = read_field<13>(fields[3], parts[3]);
    made.weekdays_ = read_field<8>(fields[4], parts[4]);
    if (made.weekdays_[7]) made.weekdays_.set(0);
    made.any_day_ = parts[2].starts_with('*');
    made.any_weekday_ = parts[4].starts_with('*');
    // Days of the week come by in every month; days alone may name none, as February 30.
    if (made.any_weekday_ || made.any_day_) {
      bool possible = false;
      for (unsigned month = 1; month <= 12; ++month) {
        // 2000 was a leap year.
        const auto last = std::chrono::year_month_day_last(
            std::chrono::year{2000}, std::chrono::month_day_last(std::chrono::month{month}));
        possible |=
            made.months_[month] && first_from(made.days_, 1) <= static_cast<unsigned>(last.day());
      }
      if (!possible) throw problem{"day of month: no month has this day"};
    }
    return made;
  } catch (const problem& why) {
    return error{errc::malformed, "cron " + quoted(text) + ": " + why.what};
  }
}

bool cron::fits(std::chrono::year_month_day date, std::chrono::weekday day) const {
  const bool by_day = days_[static_cast<unsigned>(date.day())];
  const bool by_weekday = weekdays_[day.c_encoding()];
  return any_day_ || any_weekday_ ? by_day && by_weekday : by_day || by_weekday;
}

/// Returns the first time that fits, from `from` (included) to `end`.
std::optional<local_time> cron::next(local_time from, local_time end) const {
  auto minute = std::chrono::ceil<std::chrono::minutes>(from);
  auto day = std::chrono::floor<days>(minute);
  auto in_day = minute - day;
  while (day < end) {
    const std::chrono::year_month_day date(day);
    if (!months_[static_cast<unsigned>(date.month())]) {
      const auto later = date.year() / date.month() / 1 + std::chrono::months{1};
      day = std::chrono::local_days(later);
      in_day = 0min;
      continue;
    }
    if (fits(date, std::chrono::weekday(day))) {
      auto hour = static_cast<std::size_t>(in_day / 1h);
      auto in_hour = first_from(minutes_, static_cast<std::size_t>((in_day % 1h) / 1min));
      if (in_hour == minutes_.size() || !hours_[hour]) {
        hour = first_from(hours_, in_hour == minutes_.size() ? hour + 1 : hour);
        in_hour = first_from(minutes_, 0);
      }
      if (hour < hours_.size()) {
        const local_time found = day + std::chrono::hours(hour) + std::chrono::minutes(in_hour);
        if (found < end) return found;
        return std::nullopt;
      }
    }
    day += days{1};
    in_day = 0min;
  }
  return std::nullopt;
}

std::optional<timestamp> cron::next(timestamp after, const time_zone& zone) const {
  const bool every_hour = hours_.all();
  const auto end = after + longest_pause;
  // Span by span; in each of them the clock runs evenly.
  auto from = after + duration{1};
  while (from < end) {
    const auto span = zone.at(from);
    auto local = span.to_local(from);
    if (!every_hour && span.begin > after - longest_pause) {
      const auto before = zone.at(span.begin - duration{1});
      const auto jump = span.offset - before.offset;
      if (jump > 0ms && from == span.begin) {
        // What the clock jumped over is due now.
        const auto skipped = before.to_local(span.begin);
        if (next(skipped, skipped + jump)) return span.begin;
      } else if (jump < 0ms) {
        // What the clock shows again has been.
        local = std::max(local, before.to_local(span.begin));
      }
    }
    const auto span_end = std::min(span.end, end);
    if (auto found = next(local, span.to_local(span_end))) return span.to_utc(*found);
    from = span_end;
  }
  return std::nullopt;
}

bool cron::includes(timestamp when, const time_zone& zone) const {
  const auto local = std::chrono::floor<std::chrono::minutes>(zone.at(when).to_local(when));
  return next(local, local + 1min).has_value();
}

}  // namespace perdure::schedules
