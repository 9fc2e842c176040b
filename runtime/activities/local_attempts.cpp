// Attempts in this process: what the threads of the pool do.

#include <algorithm>
#include <utility>

#include "runtime/activities/desk.h"

namespace perdure::runtime {

std::string local_attempt::key() const {
  return activity_key(job_->entity, job_->life, job_->what.number);
}

void local_attempt::heartbeat(bytes_view details) { desk_.sign_of_life(*this, details); }

std::string local_attempt::complete_later() { return desk_.complete_later(*this); }

// -- the threads of the pool ----------------------------------------------------------------------

void activity_desk::work(std::size_t slot) {
  section at{*this};
  bool has_worked = false;
  for (;;) {
    const auto now = wall_.now();
    const auto next = stopping_ ? nullptr : queues_.next(now);
    if (!next) {
      if (wake_worker_ || wake_clerk_) {  // Who sleeps lets nobody else wait.
        at.leave();
        at.enter();
      }
      if (!pool_.wait(at.lock(), has_worked)) return;
      has_worked = false;
      continue;
    }
    auto& queue = *next->queue;
    local_attempt attempt{*this, next, next->attempt + 1, next->details};
    slots_[slot] = &attempt;
    begin(attempt, now);
    serve(queue, now);
    if (queues_.listed() != 0) wake_worker_ = wake_worker_ || pool_.should_wake();
    at.leave();

    auto came = run(attempt, *queue.provided);

    at.enter();
    const auto then = wall_.now();
    slots_[slot] = nullptr;
    --busy_;
    queues_.returned(queue);
    const bool has_ended = finish(attempt, std::move(came), then);
    serve(queue, then, false);
    has_worked = true;
    if (has_ended && !closed_) {
      ++telling_;
      at.leave();
      tell(*next);
      at.enter();
      --telling_;
    }
    if (stopping_) idle_.notify_all();
  }
}

void activity_desk::begin(local_attempt& attempt, timestamp now) {
  auto& what = *attempt.of();
  what.phase = job_phase::running;
  what.since = now;
  what.last_sign = now;
  what.deadline = limit_from(now, what.what.options.start_to_close);
  what.here = &attempt;
  ++what.attempt;
  attempt.set_deadline(std::min(what.deadline, process::close_of(what.what)));
  ++busy_;
  ++figures_.attempts;
  if (what.attempt > 1) note(what, now);
  arm(what);
}

activity_desk::attempt_end activity_desk::run(local_attempt& attempt, activities_base& by) {
  const auto& what = attempt.of()->what;
  const activity_scope scope{attempt};
  try {
    if (const auto* which = by.described().find(what.activity)) {
      return {by.run(*which, what.params), std::nullopt};
    }
    return {{}, process::unknown_activity(what)};
  } catch (...) {
    return {{}, process::caught_failure()};
  }
}

bool activity_desk::finish(local_attempt& attempt, attempt_end came, timestamp now) {
  if (!attempt.is_current) return false;
  auto& what = *attempt.of();
  what.here = nullptr;
  if (came.why) return attempt_failed(what, std::move(*came.why), now);
  if (attempt.completed_later) {
    arm(what);
    return false;
  }
  end(what, core::call_outcome{std::move(came.results), std::nullopt});
  return true;
}

void activity_desk::tell(const job& what) {
  tell_(what.entity, what.life, what.what.number, what.outcome);
}

// -- asked by an attempt --------------------------------------------------------------------------

void activity_desk::sign_of_life(local_attempt& attempt, bytes_view details) {
  const section at{*this};
  if (attempt.is_current) take_sign(*attempt.of(), details, wall_.now());
}

std::string activity_desk::complete_later(local_attempt& attempt) {
  const auto& of = *attempt.of();
  {
    const section at{*this};
    if (attempt.is_current && !attempt.completed_later) {
      attempt.completed_later = true;
      note(*attempt.of(), wall_.now());
    }
  }
  return mint_.seal({of.entity, of.life, of.what.number, attempt.attempt()});
}

}  // namespace perdure::runtime
