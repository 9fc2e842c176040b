#include "desk.h"

#include <algorithm>

namespace perdure::simulation {

namespace {

using process::never;
using process::time_out;

constexpr duration told_again_after{1'000};

}  // namespace

desk::job* desk::known(const entity_id& of, timestamp life, event_number activity) {
  auto found = jobs_.find({of, activity});
  return found == jobs_.end() || found->second.life != life ? nullptr : &found->second;
}

// -- asked by the entity --------------------------------------------------------------------------

void desk::schedule(const entity_id& of, timestamp life, core::pending_activity what) {
  if (known(of, life, what.number)) return;
  job fresh{life, std::move(what)};
  accept(of, std::move(fresh));
}

void desk::schedule_reloaded(const entity_id& of, timestamp life,
                             std::vector<core::pending_activity> what) {
  const auto noted = with_.store.noted(of);
  const auto now = with_.time.wall();
  for (auto& each : what) {
    if (auto* before = known(of, life, each.number)) {
      if (before->phase == phase::ended && before->tell_at == never) {
        before->tell_at = later(now, told_again_after);
      }
      continue;
    }
    job fresh{life, std::move(each)};
    const auto note =
        std::ranges::find(noted, fresh.what.number, &persistence::activity_progress::activity);
    if (note != noted.end()) {
      fresh.attempt = note->attempt;
      fresh.last_failure = note->last_failure;
      fresh.since = now;
      if (!note->heartbeat.empty()) {
        fresh.phase = phase::running;
        fresh.outside = true;
        fresh.deadline = note->next_try;
      } else {
        const auto most = fresh.what.options.retry.attempts;
        if (most != 0 && fresh.attempt >= most) fresh.attempt = most - 1;
        if (note->next_try > now) fresh.phase = phase::pausing;
        fresh.next = note->next_try;
      }
    }
    accept(of, std::move(fresh));
  }
}

void desk::accept(const entity_id& of, job fresh) {
  const name as{of, fresh.what.number};
  auto& kept = jobs_.insert_or_assign(as, std::move(fresh)).first->second;
  if (kept.phase == phase::waiting) wait_for_worker(kept);
}

void desk::wait_for_worker(job& what) {
  what.phase = phase::waiting;
  what.since = with_.time.wall();
  what.next = never;
  what.worker_comes = with_.time.passed;
  if (with_.befalls(fault::absent_workers)) {
    what.worker_comes += duration{1 << with_.chance.below(16)};
  }
}

void desk::cancel(const entity_id& of, timestamp life, event_number activity) {
  if (known(of, life, activity)) jobs_.erase({of, activity});
}

void desk::request_cancel(const entity_id& of, timestamp life, event_number activity) {
  auto* what = known(of, life, activity);
  if (!what || what->phase == phase::ended) return;
  what->cancel_requested = true;
  if (what->phase != phase::running) end_job(*what, {{}, process::end_by_cancel("lend")});
}

void desk::recorded(const entity_id& of, timestamp life, event_number activity) {
  auto* what = known(of, life, activity);
  if (!what) return;
  if (what->reported && !with_.model.has_ended(of, life, activity)) {
    throw violation{to_string(of) + ": the end of activity " + std::to_string(activity) +
                    " is said to be durable and is not"};
  }
  jobs_.erase({of, activity});
}

void desk::refused(const entity_id& of, timestamp life, event_number activity) {
  if (known(of, life, activity)) jobs_.erase({of, activity});
}

void desk::tell_again(const entity_id& of, timestamp life, event_number activity) {
  auto* what = known(of, life, activity);
  if (!what || what->phase != phase::ended) return;
  what->tell_at = later(with_.time.wall(), told_again_after);
}

// -- attempts -------------------------------------------------------------------------------------

void desk::begin_attempt(const name& of, job& what) {
  const auto now = with_.time.wall();
  what.phase = phase::running;
  what.since = now;
  what.worker_comes = never;
  ++what.attempt;
  what.deadline = process::limit_from(now, what.what.options.start_to_close);
  what.how = end::success;
  if (with_.befalls(fault::failing_attempts)) {
    what.how = static_cast<end>(with_.chance.below(4));
  }
  const auto takes = duration{with_.chance.chance(700) ? 0 : 1 << with_.chance.below(12)};
  what.outside = with_.chance.chance(250);
  what.comes_to_end = what.how == end::none ? never : with_.time.passed + takes;
  if (what.outside) {
    note(of, what);
    if (what.how != end::none) {
      outside_[of] = {what.comes_to_end, what.life, what.attempt};
      what.comes_to_end = never;
    }
  }
}

void desk::end_attempt(const name& of, job& what) {
  if (what.how == end::success) {
    const auto params = decode<tools_contract::lend_params>(what.what.params);
    return end_job(what,
                   {encode(tools_contract::lend_results{.value = answer_to(params.token)}), {}});
  }
  attempt_failed(of, what,
                 {.type = "busy", .message = "busy", .retryable = what.how == end::failure});
}

void desk::attempt_failed(const name& of, job& what, process::attempt_failure why) {
  const auto now = with_.time.wall();
  if (what.cancel_requested) return end_job(what, {{}, process::end_by_cancel("lend")});
  const auto next = process::next_try(what.what, what.attempt, why, now);
  if (!next) {
    return end_job(what, {{}, process::end_by("lend", what.attempt, why, what.last_failure)});
  }
  what.last_failure = process::text_of(why);
  what.phase = phase::pausing;
  what.outside = false;
  what.since = now;
  what.next = *next;
  what.deadline = what.comes_to_end = never;
  note(of, what);
}

void desk::end_job(job& what, core::call_outcome how) {
  what.phase = phase::ended;
  what.outcome = std::move(how);
  what.tell_at = with_.time.wall();
  what.worker_comes = what.comes_to_end = never;
}

void desk::note(const name& of, const job& what) {
  if (with_.befalls(fault::lost_notes)) return;
  persistence::activity_progress progress;
  progress.activity = of.second;
  progress.attempt = what.attempt;
  progress.last_failure = what.last_failure;
  progress.next_try = what.outside ? what.deadline : what.next;
  if (what.outside) progress.heartbeat.push_back(std::byte{1});
  with_.store.note(of.first, progress);
}

void desk::report_from_outside(const name& of, outsider who) {
  auto* what = known(of.first, who.life, of.second);
  if (!what) {
    // Its entity is not in memory yet, or nobody waits for it.
    if (++who.tries > 5) return;
    who.due = with_.time.passed + duration{1'000};
    outside_.emplace(of, who);
    return;
  }
  if (what->phase != phase::running || what->attempt != who.attempt) return;
  what->reported = true;
  end_attempt(of, *what);
}

// -- time -----------------------------------------------------------------------------------------

process::attempt_limits desk::limits_of(const job& what) const {
  process::attempt_limits limits;
  if (what.phase == phase::ended) return limits;
  limits.schedule_to_close = process::close_of(what.what);
  if (what.phase == phase::waiting) {
    limits.schedule_to_start = process::limit_from(what.since, what.what.options.schedule_to_start);
  }
  if (what.phase == phase::running) limits.start_to_close = what.deadline;
  return limits;
}

timestamp desk::due_of(const job& what) const {
  const auto limit = with_.time.to_passed(limits_of(what).first());
  switch (what.phase) {
    case phase::waiting:
      return std::min(limit, with_.calm ? with_.time.passed : what.worker_comes);
    case phase::pausing:
      return std::min(limit, with_.time.to_passed(what.next));
    case phase::running:
      return std::min(limit, what.comes_to_end);
    case phase::ended:
      return with_.time.to_passed(what.tell_at);
  }
  return never;
}

timestamp desk::next() const {
  auto first = never;
  for (auto& [of, what] : jobs_) first = std::min(first, due_of(what));
  for (auto& [of, who] : outside_) first = std::min(first, who.due);
  return first;
}

void desk::act() {
  const auto now = with_.time.passed;
  for (auto each = outside_.begin(); each != outside_.end(); ++each) {
    if (each->second.due > now) continue;
    const auto [of, who] = *each;
    outside_.erase(each);
    with_.note(21, of.second, [&, &of = of] {
      return "a worker outside reports activity " + std::to_string(of.second) + " of " +
             to_string(of.first);
    });
    return report_from_outside(of, who);
  }
  std::vector<name> due;
  for (auto& [of, what] : jobs_) {
    if (due_of(what) <= now) due.push_back(of);
  }
  if (due.empty()) return;
  const auto& of = due[with_.chance.below(static_cast<std::uint32_t>(due.size()))];
  look_at(of, jobs_.at(of));
}

void desk::look_at(const name& of, job& what) {
  const auto now = with_.time.wall();
  with_.note(22, mixed(of.second, static_cast<std::uint64_t>(what.phase)), [&] {
    constexpr const char* phases[] = {"waiting", "pausing", "running", "ended"};
    return "activity " + std::to_string(of.second) + " of " + to_string(of.first) + ", " +
           phases[static_cast<std::size_t>(what.phase)];
  });
  if (what.phase == phase::ended) {
    what.tell_at = never;
    return tell_(of.first, {of.second, what.life, what.outcome});
  }
  if (const auto by = limits_of(what).passed(now)) {
    const auto attempt = what.attempt + (by == time_out::schedule_to_start ? 1 : 0);
    auto why = process::given_up(*by, what.what.options, attempt);
    if (what.phase == phase::running) return attempt_failed(of, what, std::move(why));
    return end_job(
        what, {{},
               what.cancel_requested ? process::end_by_cancel("lend")
                                     : process::end_by("lend", attempt, why, what.last_failure)});
  }
  if (what.phase == phase::pausing) return wait_for_worker(what);
  if (what.phase == phase::waiting) return begin_attempt(of, what);
  end_attempt(of, what);
}

bool desk::is_idle() const {
  return std::ranges::all_of(jobs_, [&](auto& each) {
    auto& what = each.second;
    return with_.plan.has(fault::unknown) && what.phase == phase::ended && what.tell_at == never;
  });
}

std::string desk::describe() const {
  std::string text;
  for (auto& [of, what] : jobs_) {
    text += " " + to_string(of.first) + " " + std::to_string(of.second);
  }
  return text;
}

}  // namespace perdure::simulation
