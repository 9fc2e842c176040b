#include "runtime/activities/job.h"

#include <algorithm>
#include <cstddef>

#include "runtime/activities/local_attempt.h"

namespace perdure::runtime {

namespace {

constexpr std::byte begun_outside{1};
constexpr duration abandoned_for = 10min;

timestamp start_of(const job& what) {
  return limit_from(what.since, what.what.options.schedule_to_start);
}

timestamp silence_of(const job& what) {
  return limit_from(what.last_sign, what.what.options.heartbeat);
}

}  // namespace

timestamp close_of(const job& what) {
  return limit_from(what.what.scheduled, what.what.options.schedule_to_close);
}

bool is_outside(const job& what) {
  return what.phase == job_phase::running && (what.here == nullptr || what.here->completed_later);
}

timestamp due_of(const job& what) {
  switch (what.phase) {
    case job_phase::waiting:
      return std::min(start_of(what), close_of(what));
    case job_phase::pausing:
      return std::min(what.next, close_of(what));
    case job_phase::running: {
      const auto due = std::min({what.deadline, silence_of(what), close_of(what)});
      return what.abandoned ? std::min(due, later(what.since, abandoned_for)) : due;
    }
    case job_phase::ended:
      return what.tell_at;
  }
  return never;
}

std::optional<time_out> passed_time_out(const job& what, timestamp now) {
  if (what.phase == job_phase::ended) return std::nullopt;
  if (close_of(what) <= now) return time_out::schedule_to_close;
  if (what.phase == job_phase::waiting && start_of(what) <= now) return time_out::schedule_to_start;
  if (what.phase != job_phase::running) return std::nullopt;
  if (what.deadline <= now) return time_out::start_to_close;
  if (silence_of(what) <= now) return time_out::heartbeat;
  return std::nullopt;
}

persistence::activity_progress progress_of(const job& what, timestamp now) {
  persistence::activity_progress progress;
  progress.activity = what.what.number;
  progress.attempt = what.attempt;
  progress.last_failure = what.last_failure;
  progress.next_try = what.phase == job_phase::pausing ? what.next : now;
  const bool outside = is_outside(what);
  if (outside) progress.next_try = what.deadline == never ? timestamp{} : what.deadline;
  if (outside || !what.details.empty()) {
    progress.heartbeat.reserve(what.details.size() + 1);
    progress.heartbeat.push_back(outside ? begun_outside : std::byte{0});
    progress.heartbeat.insert(progress.heartbeat.end(), what.details.begin(), what.details.end());
  }
  return progress;
}

void resume(job& what, const persistence::activity_progress& from, timestamp now) {
  what.noted = true;
  what.attempt = from.attempt;
  what.last_failure = from.last_failure;
  what.since = now;
  bool outside = false;
  if (!from.heartbeat.empty()) {
    outside = from.heartbeat.front() == begun_outside;
    what.details.assign(from.heartbeat.begin() + 1, from.heartbeat.end());
    what.details_noted = now;
  }
  if (outside) {
    what.phase = job_phase::running;
    what.deadline = from.next_try == timestamp{} ? never : from.next_try;
    what.last_sign = now;
    return;
  }
  // The last attempt that is allowed was interrupted, as otherwise the activity had ended.
  const auto most = what.what.options.retry.attempts;
  if (most != 0 && what.attempt >= most) what.attempt = most - 1;
  what.phase = from.next_try > now ? job_phase::pausing : job_phase::waiting;
  what.next = from.next_try;
}

}  // namespace perdure::runtime
