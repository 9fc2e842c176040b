#include "schedules/times.h"

#include <algorithm>
#include <span>
#include <string_view>
#include <utility>

#include "entities/payload.h"
#include "schedules/time_text.h"

namespace perdure::schedules {

namespace {

using namespace std::chrono_literals;

/// So many minutes in a row that are excluded (more than a year) are taken for all.
constexpr int excluded_max = 600'000;

std::string quoted(std::string_view text) { return '"' + std::string(text) + '"'; }

[[noreturn]] void refuse(const std::string& field, const std::string& why) {
  throw failure({errc::malformed, field + ": " + why});
}

std::string element(std::string_view list, std::size_t index) {
  return std::string(list) + '[' + std::to_string(index) + ']';
}

timestamp read_time(const std::string& field, std::string_view text) {
  auto time = parse_time(text);
  if (!time) refuse(field, "expected a time such as \"2026-03-01T12:00:00Z\", got " + quoted(text));
  return *time;
}

duration read_duration(const std::string& field, std::string_view text) {
  if (text.empty()) return duration{0};
  auto time = parse_duration(text);
  if (!time) refuse(field, "expected a duration such as \"1h30m\", got " + quoted(text));
  return *time;
}

cron read_cron(const std::string& field, std::string_view text) {
  auto found = cron::parse(text);
  if (!found) refuse(field, found.error().detail);
  return *std::move(found);
}

std::int64_t millis(timestamp time) { return time.time_since_epoch().count(); }

schedule_time to_state(const moment& what) {
  return {.nominal = millis(what.nominal), .actual = millis(what.actual)};
}

}  // namespace

result<times> times::read(const schedule_spec& spec, const entity_id& owner) {
  try {
    auto zone = time_zone::find(spec.time_zone);
    if (!zone) refuse("spec.timeZone", zone.error().detail);
    times made(*zone);
    for (std::size_t i = 0; i < spec.cron.size(); ++i) {
      made.crons_.push_back(read_cron(element("spec.cron", i), spec.cron[i]));
    }
    for (std::size_t i = 0; i < spec.intervals.size(); ++i) {
      const auto field = element("spec.intervals", i);
      const interval found{read_duration(field + ".every", spec.intervals[i].every),
                           read_duration(field + ".offset", spec.intervals[i].offset)};
      if (found.every < 1s) refuse(field + ".every", "expected at least \"1s\"");
      if (found.offset >= found.every) refuse(field + ".offset", "expected less than every");
      made.intervals_.push_back(found);
    }
    for (std::size_t i = 0; i < spec.at.size(); ++i) {
      made.singles_.push_back(read_time(element("spec.at", i), spec.at[i]));
    }
    std::ranges::sort(made.singles_);
    for (std::size_t i = 0; i < spec.exclude.size(); ++i) {
      made.excluded_.push_back(read_cron(element("spec.exclude", i), spec.exclude[i]));
    }
    if (!spec.start_at.empty()) made.start_ = read_time("spec.startAt", spec.start_at);
    if (!spec.end_at.empty()) made.end_ = read_time("spec.endAt", spec.end_at);
    if (made.start_ && made.end_ && *made.end_ < *made.start_) {
      refuse("spec.endAt", "it is before startAt");
    }
    made.jitter_ = read_duration("spec.jitter", spec.jitter);
    made.seed_ = core::digest(as_bytes_view(to_string(owner)));
    return made;
  } catch (const failure& why) {
    return why.why();
  }
}

std::optional<timestamp> times::next_included(timestamp after) const {
  std::optional<timestamp> first;
  auto offer = [&](timestamp when) {
    if (!first || when < *first) first = when;
  };
  for (auto& each : crons_) {
    if (auto when = each.next(after, zone_)) offer(*when);
  }
  for (auto& each : intervals_) {
    const auto since = after.time_since_epoch() - each.offset;
    // Rounded down, before 1970 too.
    auto count = since / each.every - (since % each.every < 0ms ? 1 : 0);
    offer(timestamp((count + 1) * each.every + each.offset));
  }
  if (auto single = std::ranges::upper_bound(singles_, after); single != singles_.end()) {
    offer(*single);
  }
  return first;
}

std::optional<timestamp> times::next(timestamp after) const {
  if (start_) after = std::max(after, *start_ - 1ms);
  for (int i = 0; i < excluded_max; ++i) {
    auto found = next_included(after);
    if (!found || (end_ && *found > *end_)) return std::nullopt;
    if (std::ranges::none_of(excluded_, [&](auto& each) { return each.includes(*found, zone_); })) {
      return found;
    }
    // The rest of the minute is excluded, too.
    after = std::max(*found, std::chrono::floor<std::chrono::minutes>(*found) + 1min - 1ms);
  }
  return std::nullopt;
}

timestamp times::jittered(timestamp nominal, std::optional<timestamp> following) const {
  auto bound = jitter_;
  if (following) bound = std::min(bound, *following - nominal);
  if (bound <= 0ms) return nominal;
  const std::int64_t time[] = {millis(nominal)};
  const auto drawn = core::digest(std::as_bytes(std::span{time}), seed_);
  return nominal + duration(drawn % static_cast<std::uint64_t>(bound.count()));
}

std::optional<moment> times::next_moment(timestamp after) const {
  auto nominal = next(after);
  if (!nominal) return std::nullopt;
  return moment{*nominal, jitter_ > 0ms ? jittered(*nominal, next(*nominal)) : *nominal};
}

std::vector<moment> times::upcoming(timestamp after, std::size_t count) const {
  std::vector<moment> all;
  for (auto found = next_moment(after); found && all.size() < count;
       found = next_moment(found->nominal)) {
    all.push_back(*found);
  }
  return all;
}

schedule_due times::due(timestamp after, timestamp now, duration window, std::size_t most) const {
  schedule_due found;
  auto next = next_moment(after);
  while (next && next->actual <= now && found.times.size() < most && found.missed < 10 * most) {
    if (now - next->actual > window)
      ++found.missed;
    else
      found.times.push_back(to_state(*next));
    after = next->nominal;
    next = next_moment(after);
  }
  found.handled = millis(after);
  if (next) found.next = to_state(*next);
  return found;
}

schedule_due times::between(timestamp after, timestamp to, std::size_t most) const {
  schedule_due found;
  auto nominal = next(after);
  for (; nominal && *nominal <= to && found.times.size() < most; nominal = next(*nominal)) {
    found.times.push_back(to_state({*nominal, *nominal}));
    after = *nominal;
  }
  found.handled = millis(after);
  if (nominal && *nominal <= to) found.next = to_state({*nominal, *nominal});
  return found;
}

}  // namespace perdure::schedules
