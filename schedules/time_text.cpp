#include "schedules/time_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <utility>

namespace perdure::schedules {

namespace {

using namespace std::chrono_literals;

constexpr duration longest = std::chrono::hours(24 * 365 * 100);

constexpr std::array<std::pair<std::string_view, duration>, 5> units{
    {{"d", 24h}, {"h", 1h}, {"m", 1min}, {"s", 1s}, {"ms", 1ms}}};

std::optional<duration> unit_of(std::string_view name) {
  for (auto& [unit, time] : units) {
    if (unit == name) return time;
  }
  return {};
}

/// Takes what is expected off the front of a text, and remembers whether it was there.
class scanner {
public:
  explicit scanner(std::string_view text) : text_(text) {}

  bool at_end() const { return text_.empty(); }
  bool failed() const { return failed_; }

  bool skip(char expected) {
    if (text_.empty() || text_.front() != expected) return false;
    text_.remove_prefix(1);
    return true;
  }

  void require(char expected) { failed_ |= !skip(expected); }

  int digits(std::size_t count, int most) {
    int value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (text_.empty() || text_.front() < '0' || text_.front() > '9') {
        failed_ = true;
        return 0;
      }
      value = value * 10 + (text_.front() - '0');
      text_.remove_prefix(1);
    }
    failed_ |= value > most;
    return value;
  }

  /// Milliseconds of a fraction with 1 to 9 digits.
  duration fraction() {
    int scale = 100;
    int value = 0;
    std::size_t count = 0;
    for (; !text_.empty() && text_.front() >= '0' && text_.front() <= '9'; ++count) {
      value += (text_.front() - '0') * scale;
      scale /= 10;
      text_.remove_prefix(1);
    }
    failed_ |= count == 0 || count > 9;
    return duration{value};
  }

private:
  std::string_view text_;
  bool failed_ = false;
};

}  // namespace

std::string format_time(timestamp time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  std::array<char, 48> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d",
                static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()),
                static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()));
  std::string all = text.data();
  if (const auto rest = clock.subseconds().count(); rest > 0) {
    std::snprintf(text.data(), text.size(), ".%03d", static_cast<int>(rest));
    all += text.data();
  }
  return all + 'Z';
}

std::optional<timestamp> parse_time(std::string_view text) {
  scanner from(text);
  const auto year = from.digits(4, 9999);
  from.require('-');
  const auto month = static_cast<unsigned>(from.digits(2, 12));
  from.require('-');
  const auto day = static_cast<unsigned>(from.digits(2, 31));
  const std::chrono::year_month_day date(std::chrono::year{year}, std::chrono::month{month},
                                         std::chrono::day{day});
  if (from.failed() || !date.ok() || year < 1970) return {};
  timestamp time = std::chrono::sys_days(date);
  if (from.at_end()) return time;
  from.require('T');
  time += std::chrono::hours(from.digits(2, 23));
  from.require(':');
  time += std::chrono::minutes(from.digits(2, 59));
  from.require(':');
  time += std::chrono::seconds(from.digits(2, 59));
  if (from.skip('.')) time += from.fraction();
  if (!from.skip('Z')) {
    const bool behind = from.skip('-');
    if (!behind) from.require('+');
    duration offset = std::chrono::hours(from.digits(2, 23));
    from.require(':');
    offset += std::chrono::minutes(from.digits(2, 59));
    time += behind ? offset : -offset;
  }
  if (from.failed() || !from.at_end() || time.time_since_epoch() < 0ms) return {};
  return time;
}

std::optional<duration> parse_duration(std::string_view text) {
  if (text.empty()) return {};
  duration total{0};
  while (!text.empty()) {
    std::int64_t count = 0;
    auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (problem != std::errc{} || count < 0) return {};
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    const auto letters = std::min(text.find_first_of("0123456789"), text.size());
    const auto unit = unit_of(text.substr(0, letters));
    if (!unit || count > longest / *unit) return {};
    text.remove_prefix(letters);
    total += count * *unit;
    if (total > longest) return {};
  }
  return total;
}

}  // namespace perdure::schedules
