#include "runtime/activities/retry.h"

#include <algorithm>
#include <cmath>

namespace perdure::runtime {

namespace {

std::string milliseconds(duration time) { return std::to_string(time.count()) + " ms"; }

std::string counted(std::uint32_t attempts) {
  return std::to_string(attempts) + (attempts == 1 ? " attempt" : " attempts");
}

}  // namespace

timestamp later(timestamp from, duration by) {
  if (by.count() <= 0) return from;
  return by >= never - std::max(from, timestamp{}) ? never : from + by;
}

timestamp limit_from(timestamp from, duration limit) {
  return limit == no_limit ? never : later(from, limit);
}

duration pause_behind(const retry_policy& policy, std::uint32_t attempt) {
  const auto most = static_cast<double>(policy.most.count());
  const auto times = attempt > 0 ? attempt - 1 : 0;
  const auto pause = static_cast<double>(policy.first.count()) * std::pow(policy.factor, times);
  if (std::isnan(pause) || pause < 0) return duration{0};
  return pause >= most ? std::max(policy.most, duration{0})
                       : duration{static_cast<std::int64_t>(pause)};
}

std::optional<timestamp> next_try(const core::pending_activity& what, std::uint32_t attempt,
                                  const attempt_failure& why, timestamp now) {
  const auto& policy = what.options.retry;
  if (!why.retryable) return std::nullopt;
  if (policy.attempts != 0 && attempt >= policy.attempts) return std::nullopt;
  if (!why.type.empty() &&
      std::ranges::find(policy.final_types, why.type) != policy.final_types.end()) {
    return std::nullopt;
  }
  const auto next = later(now, why.next_delay ? *why.next_delay : pause_behind(policy, attempt));
  const auto close = limit_from(what.scheduled, what.options.schedule_to_close);
  if (close != never && next >= close) return std::nullopt;
  return next;
}

std::string_view to_string(time_out which) {
  switch (which) {
    case time_out::schedule_to_start:
      return "schedule_to_start";
    case time_out::start_to_close:
      return "start_to_close";
    case time_out::schedule_to_close:
      return "schedule_to_close";
    case time_out::heartbeat:
      return "heartbeat";
  }
  return "";
}

attempt_failure failure_by(time_out which, const activity_options& options, std::uint32_t attempt) {
  attempt_failure why{.type = std::string(to_string(which)), .message = {}};
  const auto number = "attempt " + std::to_string(attempt);
  switch (which) {
    case time_out::schedule_to_start:
      why.message = number + " found no worker within " + milliseconds(options.schedule_to_start);
      why.retryable = false;
      break;
    case time_out::start_to_close:
      why.message = number + " took longer than " + milliseconds(options.start_to_close);
      break;
    case time_out::schedule_to_close:
      why.message = "not completed within " + milliseconds(options.schedule_to_close) + ", after " +
                    counted(attempt);
      why.retryable = false;
      break;
    case time_out::heartbeat:
      why.message = number + " gave no sign of life for " + milliseconds(options.heartbeat);
      break;
  }
  why.message += " (" + why.type + ')';
  return why;
}

error end_by_failure(std::string_view name, std::uint32_t attempts, const attempt_failure& why) {
  return {errc::failed,
          std::string(name) + " failed after " + counted(attempts) + ": " + why.message, why.type};
}

error end_by_time_out(std::string_view name, time_out which, const activity_options& options,
                      std::uint32_t attempt, std::string_view last_failure) {
  auto why = failure_by(which, options, attempt);
  auto text = std::string(name) + " timed out: " + why.message;
  if (!last_failure.empty()) text.append("; the last failure: ").append(last_failure);
  return {errc::timeout, std::move(text), std::move(why.type)};
}

error end_by_cancel(std::string_view name) {
  return {errc::failed, std::string(name) + " was cancelled", "cancelled"};
}

}  // namespace perdure::runtime
