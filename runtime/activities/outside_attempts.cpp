// Attempts outside this process: handed out to those who poll, and known by their tokens.

#include <algorithm>
#include <utility>

#include "runtime/activities/desk.h"

namespace perdure::runtime {

namespace {

/// A failed attempt whose note is lost is found by its time-outs: soon enough, if within this.
constexpr duration found_by_time_out_within = 60s;

}  // namespace

// -- handing out ----------------------------------------------------------------------------------

void activity_desk::poll(std::string queue, duration patience,
                         std::function<void(std::optional<polled_activity>)> done,
                         std::function<bool()> is_there) {
  section at{*this};
  if (stopping_) {
    calls_.emplace_back([done = std::move(done)] { done(std::nullopt); });
    hurry_clerk();
    if (closed_) run_errands(at);  // The clerk is gone.
    return;
  }
  const auto now = wall_.now();
  auto& from = queues_.named(queue);
  const auto until = later(now, patience);
  from.pollers.push_back({++pollers_, until, std::move(done), std::move(is_there)});
  poll_ends_.emplace(std::pair{until, pollers_}, std::pair{&from, std::prev(from.pollers.end())});
  serve(from, now);
  plan(until);
}

void activity_desk::hand_out(const job_ptr& what, poller to, timestamp now) {
  auto before = what->details;
  go_on_outside(*what, what->attempt + 1, now);
  ++figures_.attempts;
  auto content = describe_attempt(*what);
  content.heartbeat_details = std::move(before);
  calls_.emplace_back([this, done = std::move(to.done), content = std::move(content),
                       attempt = named(*what)]() mutable {
    content.token = mint_.seal(attempt);
    done(std::move(content));
  });
  hurry_clerk();
}

void activity_desk::go_on_outside(job& what, std::uint32_t attempt, timestamp now) {
  what.phase = job_phase::running;
  what.attempt = attempt;
  what.since = now;
  what.last_sign = now;
  what.deadline = limit_from(now, what.what.options.start_to_close);
  note(what, now);
  arm(what);
}

named_attempt activity_desk::named(const job& what) const {
  return {what.entity, what.life, what.what.number, what.attempt};
}

polled_activity activity_desk::describe_attempt(const job& what) const {
  polled_activity content;
  content.entity = what.entity;
  content.activity_number = what.what.number;
  content.activities = what.what.activities;
  content.activity = what.what.activity;
  content.params = what.what.params;
  content.attempt = what.attempt;
  content.key = activity_key(what.entity, what.life, what.what.number);
  content.deadline = std::min(what.deadline, process::close_of(what.what));
  content.heartbeat = what.what.options.heartbeat;
  content.heartbeat_details = what.details;
  content.traceparent = what.what.traceparent;
  return content;
}

// -- by token -------------------------------------------------------------------------------------

std::optional<error> activity_desk::objection(const job* what, const named_attempt& to) const {
  if (closed_) return desk_closed;
  const auto text = "attempt " + std::to_string(to.attempt) + " of activity " +
                    std::to_string(to.activity) + " of " + to_string(to.entity);
  if (what == nullptr) {
    return error{errc::unavailable, text +
                                        " is not known here: its entity is not in memory, or "
                                        "the activity has ended"};
  }
  if (what->life != to.life) {
    return error{errc::completed, text + " is over: the entity was started anew"};
  }
  switch (what->phase) {
    case job_phase::ended:
      return error{errc::completed, text + " is over: it has ended"};
    case job_phase::running:
      if (what->attempt == to.attempt && is_outside(*what)) return std::nullopt;
      return error{errc::completed,
                   text + " is over: attempt " + std::to_string(what->attempt) + " is under way"};
    case job_phase::waiting:
    case job_phase::pausing:
      // The token proves that it was handed out: the node went down before that was noted.
      if (to.attempt > what->attempt) return std::nullopt;
      return error{errc::completed, text + " is over: attempt " +
                                        std::to_string(what->attempt + 1) + " is about to begin"};
  }
  return std::nullopt;
}

error activity_desk::nobody_waits(const job& what) {
  return {errc::completed,
          "activity " + std::to_string(what.what.number) + " of " + to_string(what.entity) +
              " is over: nobody waits for it any more, the entity has ended or was reset, or what "
              "awaited it was cancelled"};
}

result<activity_desk::job_ptr> activity_desk::current(const std::optional<named_attempt>& to,
                                                      timestamp now) {
  if (!to) return error{errc::malformed, "no token of an activity's attempt"};
  auto* what = known(to->entity, to->activity);
  if (auto why = objection(what, *to)) return std::move(*why);
  if (what->phase == job_phase::waiting) queues_.remove(*what);
  if (what->phase != job_phase::running) go_on_outside(*what, to->attempt, now);
  return what->shared_from_this();
}

bool activity_desk::has_reported(const job* what, const named_attempt& by) const {
  return !closed_ && what != nullptr && what->life == by.life && what->phase == job_phase::ended &&
         what->reported && what->attempt == by.attempt;
}

bool activity_desk::wait_with_first(const std::optional<named_attempt>& by, bool failed,
                                    answered& done) {
  if (!by) return false;
  auto* what = known(by->entity, by->activity);
  if (!has_reported(what, *by) || what->outcome.why.has_value() != failed) return false;
  what->reporters.push_back(std::move(done));
  ++reporters_;
  return true;
}

/// REQUIRES: the attempt under way has ended the job just now.
void activity_desk::report_end(job& what, answered done) {
  what.reported = true;
  what.reporters.push_back(std::move(done));
  ++reporters_;
  tells_.push_back(what.shared_from_this());
  hurry_clerk();
}

void activity_desk::complete(std::string_view token, bytes results, answered done) {
  const auto to = mint_.open(token);
  section at{*this};
  if (wait_with_first(to, false, done)) return;
  auto why = error{};
  if (const auto what = current(to, wall_.now()); !what) {
    why = what.error();
  } else if ((*what)->abandoned) {
    why = nobody_waits(**what);
    drop(**what);
  } else {
    end(**what, core::call_outcome{std::move(results), std::nullopt});
    return report_end(**what, std::move(done));
  }
  at.leave();
  done(std::move(why));
}

void activity_desk::fail(std::string_view token, attempt_failure why, answered done) {
  const auto to = mint_.open(token);
  section at{*this};
  if (wait_with_first(to, true, done)) return;
  const auto now = wall_.now();
  const auto what = current(to, now);
  if (!what) {
    at.leave();
    return done(what.error());
  }
  // Without its note, the attempt would be under way until then after a restart.
  const bool is_found_late = limits_of(**what).first() > later(now, found_by_time_out_within);
  if (attempt_failed(**what, std::move(why), now)) return report_end(**what, std::move(done));
  if (is_found_late && !errands_.empty()) errands_.back().waits = true;
  calls_.emplace_back([done = std::move(done)] { done(nothing{}); });
  hurry_clerk();
}

result<bool> activity_desk::heartbeat(std::string_view token, bytes details) {
  const auto to = mint_.open(token);
  const section at{*this};
  const auto now = wall_.now();
  const auto what = current(to, now);
  if (!what) return what.error();
  take_sign(**what, details, now);
  return (*what)->cancel_requested || (*what)->abandoned;
}

result<polled_activity> activity_desk::find(std::string_view token) const {
  const auto to = mint_.open(token);
  if (!to) return error{errc::malformed, "no token of an activity's attempt"};
  const std::lock_guard guard{mutex_};
  const auto* what = known(to->entity, to->activity);
  if (!has_reported(what, *to)) {
    if (auto why = objection(what, *to)) return std::move(*why);
  }
  auto content = describe_attempt(*what);
  content.token = token;
  content.attempt = to->attempt;
  return content;
}

std::optional<entity_id> activity_desk::entity_of(std::string_view token) const {
  auto to = mint_.open(token);
  if (!to) return std::nullopt;
  return std::move(to->entity);
}

}  // namespace perdure::runtime
