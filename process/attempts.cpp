#include "process/attempts.h"

#include <algorithm>
#include <cmath>
#include <exception>
#include <utility>

namespace perdure::process {

namespace {

std::string milliseconds(duration time) { return std::to_string(time.count()) + " ms"; }

std::string counted(std::uint32_t attempts) {
  return std::to_string(attempts) + (attempts == 1 ? " attempt" : " attempts");
}

}  // namespace

timestamp limit_from(timestamp from, duration limit) {
  return limit == no_limit ? never : later(from, limit);
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

// -- failures -------------------------------------------------------------------------------------

std::string text_of(const attempt_failure& why) {
  return why.type.empty() || why.by ? why.message : why.type + ": " + why.message;
}

attempt_failure caught_failure() {
  try {
    throw;
  } catch (const activity_failure& why) {
    return {why.type, why.what(), why.retryable, why.next_delay};
  } catch (const rejected& why) {
    return {"rejected", why.what(), false};
  } catch (const std::exception& why) {
    return {{}, why.what()};
  } catch (...) {
    return {{}, "it threw what is no std::exception"};
  }
}

attempt_failure unknown_activity(const core::pending_activity& what) {
  return {"unknown_activity", "this node's " + what.activities +
                                  " has no activity with the number " +
                                  std::to_string(what.activity)};
}

attempt_failure given_up(time_out by, const activity_options& options, std::uint32_t attempt) {
  attempt_failure why{.type = std::string(to_string(by)), .by = by};
  const auto number = "attempt " + std::to_string(attempt);
  switch (by) {
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

std::string name_of(const core::pending_activity& what, const activity* which) {
  return what.activities + '.' +
         (which != nullptr ? std::string(which->name) : '@' + std::to_string(what.activity));
}

// -- time-outs ------------------------------------------------------------------------------------

timestamp attempt_limits::first() const {
  return std::min({schedule_to_close, schedule_to_start, start_to_close, heartbeat});
}

std::optional<time_out> attempt_limits::passed(timestamp now) const {
  if (schedule_to_close <= now) return time_out::schedule_to_close;
  if (schedule_to_start <= now) return time_out::schedule_to_start;
  if (start_to_close <= now) return time_out::start_to_close;
  if (heartbeat <= now) return time_out::heartbeat;
  return std::nullopt;
}

timestamp close_of(const core::pending_activity& what) {
  return limit_from(what.scheduled, what.options.schedule_to_close);
}

// -- retries --------------------------------------------------------------------------------------

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
  const auto close = close_of(what);
  if (close != never && next >= close) return std::nullopt;
  return next;
}

// -- ends -----------------------------------------------------------------------------------------

error end_by(std::string_view name, std::uint32_t attempts, const attempt_failure& why,
             std::string_view last_failure) {
  if (!why.by) {
    return {errc::failed,
            std::string(name) + " failed after " + counted(attempts) + ": " + why.message,
            why.type};
  }
  auto text = std::string(name) + " timed out: " + why.message;
  // Where the last attempt itself ran out of time, the text says so already.
  const bool is_of_attempt = *why.by == time_out::start_to_close || *why.by == time_out::heartbeat;
  if (!is_of_attempt && !last_failure.empty()) {
    text.append("; the last failure: ").append(last_failure);
  }
  return {errc::timeout, std::move(text), why.type};
}

error end_by_cancel(std::string_view name) {
  return {errc::failed, std::string(name) + " was cancelled", "cancelled"};
}

}  // namespace perdure::process
