#include "runtime/activities/job.h"

#include <algorithm>
#include <cstddef>

#include "runtime/activities/local_attempt.h"

namespace perdure::runtime {

namespace {

constexpr std::byte begun_outside{1};
constexpr duration abandoned_for = 10min;

}  // namespace

process::attempt_limits limits_of(const job& what) {
  process::attempt_limits limits;
  if (what.phase == job_phase::ended) return limits;
  const auto& options = what.what.options;
  limits.schedule_to_close = process::close_of(what.what);
  if (what.phase == job_phase::waiting) {
    limits.schedule_to_start = limit_from(what.since, options.schedule_to_start);
  }
  if (what.phase == job_phase::running) {
    limits.start_to_close = what.deadline;
    limits.heartbeat = limit_from(what.last_sign, options.heartbeat);
  }
  return limits;
}

bool is_outside(const job& what) {
  return what.phase == job_phase::running && (what.here == nullptr || what.here->completed_later);
}

timestamp due_of(const job& what) {
  switch (what.phase) {
    case job_phase::waiting:
      return limits_of(what).first();
    case job_phase::pausing:
      return std::min(what.next, limits_of(what).first());
    case job_phase::running: {
      const auto due = limits_of(what).first();
      return what.abandoned ? std::min(due, later(what.since, abandoned_for)) : due;
    }
    case job_phase::ended:
      return what.tell_at;
  }
  return never;
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
