// The clerk: one thread that looks at the time, and calls hooks and the journal for those who
// should not wait for them.

#include <algorithm>

#include "runtime/activities/desk.h"

namespace perdure::runtime {

namespace {

constexpr duration look_again_after = 1s;  // The wall clock may jump.

}  // namespace

void activity_desk::keep_time() {
  section at{*this};
  for (;;) {
    look_again_ = false;
    const auto now = wall_.now();
    const auto next = look_at_all(now);
    if (wake_worker_) {
      at.leave();
      at.enter();
      continue;
    }
    if (run_errands(at) || look_again_) continue;
    if (closed_) return;
    planned_ = std::min(next, now + look_again_after);
    clerk_sleeps_ = true;
    clerk_called_.wait_for(at.lock(), planned_ - now);
    clerk_sleeps_ = false;
  }
}

timestamp activity_desk::look_at_all(timestamp now) {
  auto next = never;
  for (auto* attempt : slots_) {
    if (attempt == nullptr || !attempt->is_current) continue;
    const auto due = due_of(*attempt->of());
    if (due <= now) {
      look_at(*attempt->of(), now);
    } else {
      next = std::min(next, due);
    }
  }
  while (!due_.empty() && due_.begin()->first <= now) {
    auto& what = *due_.begin()->second;
    disarm(what);
    look_at(what, now);
  }
  while (!poll_ends_.empty() && poll_ends_.begin()->first.first <= now) {
    auto& [queue, place] = poll_ends_.begin()->second;
    calls_.emplace_back([done = std::move(place->done)] { done(std::nullopt); });
    queue->pollers.erase(place);
    queues_.drop_if_idle(*queue);
    poll_ends_.erase(poll_ends_.begin());
  }
  if (!stopping_) {
    next = std::min(next, queues_.look_at_paces(now));
    if (queues_.listed() != 0) wake_worker_ = wake_worker_ || pool_.should_wake();
  }
  if (!due_.empty()) next = std::min(next, due_.begin()->first);
  if (!poll_ends_.empty()) next = std::min(next, poll_ends_.begin()->first.first);
  return next;
}

void activity_desk::look_at(job& what, timestamp now) {
  const auto held = what.shared_from_this();
  if (due_of(what) > now) return arm(what);
  if (what.phase == job_phase::ended) {
    what.tell_at = never;
    tells_.push_back(held);
    return;
  }
  if (what.abandoned) return drop(what);
  const auto by = limits_of(what).passed(now);
  if (!by) return enqueue(what, now);  // The pause is over.
  // Who finds no worker fails in the attempt that was to begin.
  const auto attempt = what.attempt + (by == time_out::schedule_to_start ? 1 : 0);
  auto why = process::given_up(*by, what.what.options, attempt);
  if (what.phase == job_phase::running) {
    if (attempt_failed(what, std::move(why), now)) tells_.push_back(held);
    return;
  }
  end(what, what.cancel_requested
                ? process::end_by_cancel(name_of(what.what))
                : process::end_by(name_of(what.what), attempt, why, what.last_failure));
  tells_.push_back(held);
}

void activity_desk::arm(job& what) {
  const auto due = due_of(what);
  if (what.here != nullptr) return plan(due);  // What threads of ours run is looked at anyway.
  if (due >= what.armed) return;
  disarm(what);
  what.armed = due;
  due_.emplace(due, &what);
  plan(due);
}

void activity_desk::disarm(job& what) {
  if (what.armed == never) return;
  due_.erase({what.armed, &what});
  what.armed = never;
}

void activity_desk::plan(timestamp due) {
  if (due < planned_) hurry_clerk();
}

void activity_desk::hurry_clerk() {
  if (!clerk_sleeps_) return;
  clerk_sleeps_ = false;
  wake_clerk_ = true;
}

bool activity_desk::run_errands(section& at) {
  if (errands_.empty() && tells_.empty() && calls_.empty()) return false;
  const auto errands = std::exchange(errands_, {});
  const auto tells = std::exchange(tells_, {});
  const auto calls = std::exchange(calls_, {});
  at.leave();
  bool waits = false;
  for (auto& each : errands) {
    if (each.forget) {
      store_.forget(each.entity, each.progress.activity);
    } else {
      store_.note(each.entity, each.progress);
      waits = waits || each.waits;
    }
  }
  if (waits) store_.flush();
  for (auto& each : tells) tell(*each);
  for (auto& each : calls) each();
  at.enter();
  return true;
}

}  // namespace perdure::runtime
