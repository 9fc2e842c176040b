#include "gateway/time_text.h"

#include <array>
#include <charconv>
#include <cstdio>
#include <utility>

namespace perdure::gateway {

namespace {

using namespace std::chrono_literals;

constexpr duration longest = std::chrono::hours(24 * 365 * 100);

// Largest first; "ms" before "m" and "s" matters to nobody but the reader.
constexpr std::array<std::pair<std::string_view, duration>, 5> units{
    {{"d", 24h}, {"h", 1h}, {"m", 1min}, {"s", 1s}, {"ms", 1ms}}};

std::optional<duration> unit_of(std::string_view name) {
  for (auto& [unit, time] : units) {
    if (unit == name) return time;
  }
  return {};
}

}  // namespace

std::string format_time(timestamp time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ",
                static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()),
                static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()),
                static_cast<int>(clock.subseconds().count()));
  return text.data();
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

std::string format_duration(duration time) {
  std::string text;
  for (auto& [unit, length] : units) {
    if (const auto count = time / length; count > 0) {
      text += std::to_string(count);
      text += unit;
      time -= count * length;
    }
  }
  return text.empty() ? "0s" : text;
}

}  // namespace perdure::gateway
