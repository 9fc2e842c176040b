#include "runtime/activities/desk.h"

#include <algorithm>
#include <chrono>
#include <stdexcept>

namespace perdure::runtime {

namespace {

constexpr duration tell_reloaded_after = 1s;
constexpr duration note_details_every = 30s;  // Without a heartbeat time-out.

}  // namespace

activity_desk::activity_desk(persistence::journal& store, const wall_clock& wall, bytes secret,
                             std::size_t threads, ended tell)
    : store_(store),
      wall_(wall),
      mint_(std::move(secret)),
      threads_(std::max<std::size_t>(threads, 1)),
      tell_(std::move(tell)) {}

activity_desk::~activity_desk() {
  stop(duration{0});
  pool_.join();
}

void activity_desk::section::leave() {
  const bool worker = std::exchange(desk_.wake_worker_, false);
  const bool clerk = std::exchange(desk_.wake_clerk_, false);
  lock_.unlock();
  if (worker) desk_.pool_.wake();
  if (clerk) desk_.clerk_called_.notify_one();
}

// -- setting up and ending ------------------------------------------------------------------------

void activity_desk::provide(std::shared_ptr<activities_base> what, activity_limits limits) {
  const auto& described = what->described();
  const auto name = std::string(described.name);
  if (limits.at_once == 0) {
    throw std::invalid_argument("activities \"" + name + "\" may not run at all: at_once is 0");
  }
  const section at{*this};
  if (queues_.named(name).provided) {
    throw std::invalid_argument("activities \"" + name + "\" are provided twice");
  }
  described_.insert_or_assign(described.name, &described);
  queues_.provide(std::move(what), limits);
}

void activity_desk::know(const activities_description& what) {
  const section at{*this};
  described_.try_emplace(what.name, &what);
}

void activity_desk::start() {
  const section at{*this};
  if (started_ || stopping_) return;
  started_ = true;
  clerk_ = std::thread([this] { keep_time(); });
  if (!queues_.provides_any()) return;
  slots_.assign(threads_, nullptr);
  pool_.start(threads_, [this](std::size_t slot) { work(slot); });
}

void activity_desk::stop(duration patience) {
  const auto until = std::chrono::steady_clock::now() + patience;
  section at{*this};
  if (!stopping_) {
    stopping_ = true;
    for (auto& [end, where] : poll_ends_) {
      calls_.emplace_back([done = std::move(where.second->done)] { done(std::nullopt); });
      where.first->pollers.erase(where.second);
      queues_.drop_if_idle(*where.first);
    }
    poll_ends_.clear();
    pool_.close();
    hurry_clerk();
  }
  if (closed_) return;
  at.leave();
  at.enter();
  idle_.wait_until(at.lock(), until, [this] { return busy_ == 0; });
  closed_ = true;
  for (auto* attempt : slots_) {
    if (attempt != nullptr) attempt->cancelled = true;
  }
  idle_.wait(at.lock(), [this] { return telling_ == 0; });
  hurry_clerk();
  at.leave();
  if (clerk_.joinable()) clerk_.join();
  at.enter();
  run_errands(at);
  // All ends have been told. Most of those who reported them hear that they are durable.
  const auto refuse_reporters = [this](auto whom) {
    for (auto& [entity, of] : jobs_) {
      for (auto& [number, what] : of) {
        if (whom(*what)) answer_reporters(*what, desk_closed);
      }
    }
  };
  refuse_reporters([](const job& what) { return what.tell_at != never; });
  run_errands(at);
  idle_.wait_until(at.lock(), until, [this] { return reporters_ == 0; });
  refuse_reporters([](const job&) { return true; });
  run_errands(at);
}

// -- jobs -----------------------------------------------------------------------------------------

job* activity_desk::known(const entity_id& entity, event_number activity) const {
  const auto of = jobs_.find(entity);
  if (of == jobs_.end()) return nullptr;
  const auto found = of->second.find(activity);
  return found == of->second.end() ? nullptr : found->second.get();
}

job* activity_desk::known(const entity_id& entity, timestamp life, event_number activity) const {
  auto* what = known(entity, activity);
  return what != nullptr && what->life == life ? what : nullptr;
}

void activity_desk::schedule(const entity_id& entity, timestamp life, core::pending_activity what) {
  const auto fresh = std::make_shared<job>(entity, life, std::move(what));
  const section at{*this};
  accept(fresh, nullptr, wall_.now());
}

void activity_desk::schedule_reloaded(const entity_id& entity, timestamp life,
                                      std::span<const core::pending_activity> what) {
  std::vector<job_ptr> fresh;
  {
    const section at{*this};
    for (auto& each : what) {
      auto* before = known(entity, each.number);
      if (before == nullptr || before->life != life) {
        fresh.push_back(std::make_shared<job>(entity, life, each));
      } else if (before->phase == job_phase::ended && before->tell_at == never) {
        before->tell_at = later(wall_.now(), tell_reloaded_after);
        arm(*before);
      }
    }
  }
  if (fresh.empty()) return;
  const auto noted = store_.noted(entity);
  const section at{*this};
  const auto now = wall_.now();
  for (auto& each : fresh) {
    const auto found =
        std::ranges::find(noted, each->what.number, &persistence::activity_progress::activity);
    accept(each, found == noted.end() ? nullptr : &*found, now);
  }
}

void activity_desk::accept(const job_ptr& fresh, const persistence::activity_progress* noted,
                           timestamp now) {
  if (stopping_) return;
  if (auto* before = known(fresh->entity, fresh->what.number)) {
    if (before->life == fresh->life) return;
    drop(*before);
  }
  jobs_[fresh->entity].emplace(fresh->what.number, fresh);
  queues_.assign(*fresh);
  ++figures_.pending;
  if (noted != nullptr) resume(*fresh, *noted, now);
  if (fresh->phase == job_phase::waiting) {
    enqueue(*fresh, now);
  } else {
    arm(*fresh);
  }
}

void activity_desk::enqueue(job& what, timestamp now) {
  what.phase = job_phase::waiting;
  what.since = now;
  what.next = never;
  queues_.add(what.shared_from_this());
  arm(what);
  serve(*what.queue, now);
}

void activity_desk::serve(work_queue& queue, timestamp now, bool wakes) {
  if (stopping_) return;
  const bool is_ours = queues_.list(queue, now);
  if (is_ours) {
    wake_worker_ = wake_worker_ || (wakes && pool_.should_wake());
  } else if (!queue.for_us.empty() && queue.running < queue.limits.at_once) {
    plan(queue.begun.next(now));
  }
  while (!queue.pollers.empty()) {
    const bool leave_to_us = is_ours && busy_ < threads_;
    auto& side = queue.for_others.empty() && !leave_to_us ? queue.for_us : queue.for_others;
    if (side.empty()) break;
    auto next = queue.pollers.begin();
    auto to = std::move(*next);
    queue.pollers.erase(next);
    poll_ends_.erase({to.until, to.number});
    if (to.is_there && !to.is_there()) {
      calls_.emplace_back([done = std::move(to.done)] { done(std::nullopt); });
      hurry_clerk();
      continue;
    }
    hand_out(queues_.remove(*side.front()), std::move(to), now);
  }
}

void activity_desk::drop(job& what) {
  if (what.phase == job_phase::waiting) queues_.remove(what);
  if (what.phase != job_phase::ended && !what.abandoned) --figures_.pending;
  if (!what.reporters.empty()) answer_reporters(what, nobody_waits(what));
  give_up_attempt(what);
  disarm(what);
  queues_.leave(what);
  forget_notes(what);
  const auto of = jobs_.find(what.entity);
  const auto place = of->second.find(what.what.number);
  const auto last = std::move(place->second);  // Lives to the end of this function.
  of->second.erase(place);
  if (of->second.empty()) jobs_.erase(of);
}

void activity_desk::end(job& what, core::call_outcome outcome) {
  if (what.phase == job_phase::waiting) queues_.remove(what);
  give_up_attempt(what);
  disarm(what);
  if (!outcome.why) ++figures_.completed;
  what.outcome = std::move(outcome);
  what.phase = job_phase::ended;
  --figures_.pending;
}

void activity_desk::give_up_attempt(job& what) {
  if (what.here == nullptr) return;
  what.here->is_current = false;
  what.here->cancelled = true;
  what.here = nullptr;
}

std::vector<activity_desk::answered> activity_desk::take_reporters(job& what) {
  reporters_ -= what.reporters.size();
  if (closed_ && reporters_ == 0) idle_.notify_all();
  return std::exchange(what.reporters, {});
}

void activity_desk::answer_reporters(job& what, const error& why) {
  if (what.reporters.empty()) return;
  for (auto& each : take_reporters(what)) {
    calls_.emplace_back([done = std::move(each), why] { done(why); });
  }
  hurry_clerk();
}

void activity_desk::abandon(job& what, timestamp now) {
  if (!is_outside(what)) return drop(what);
  if (what.abandoned) return;
  if (what.here != nullptr) what.here->cancelled = true;
  what.abandoned = true;
  what.since = now;
  --figures_.pending;
  forget_notes(what);
  arm(what);
}

bool activity_desk::attempt_failed(job& what, attempt_failure why, timestamp now) {
  ++figures_.failures;
  give_up_attempt(what);
  if (what.abandoned) {
    drop(what);
    return false;
  }
  if (what.cancel_requested) {
    end(what, process::end_by_cancel(name_of(what.what)));
    return true;
  }
  const auto next = process::next_try(what.what, what.attempt, why, now);
  if (!next) {
    end(what, process::end_by(name_of(what.what), what.attempt, why, what.last_failure));
    return true;
  }
  what.last_failure = process::text_of(why);
  what.phase = job_phase::pausing;
  what.since = now;
  what.next = *next;
  what.deadline = never;
  note(what, now);
  if (*next <= now) {
    enqueue(what, now);
  } else {
    arm(what);
  }
  return false;
}

void activity_desk::take_sign(job& what, bytes_view details, timestamp now) {
  what.last_sign = now;
  if (details.empty()) return;
  what.details.assign(details.begin(), details.end());
  const auto limit = what.what.options.heartbeat;
  const auto every = limit == no_limit ? note_details_every : limit * 4 / 5;
  if (what.details_noted && now < later(*what.details_noted, every)) return;
  what.details_noted = now;
  note(what, now);
}

void activity_desk::note(job& what, timestamp now) {
  if (what.abandoned) return;
  what.noted = true;
  errands_.push_back({what.entity, progress_of(what, now), false});
  hurry_clerk();
}

void activity_desk::forget_notes(job& what) {
  if (!std::exchange(what.noted, false)) return;
  errand at_last{what.entity, {}, true};
  at_last.progress.activity = what.what.number;
  errands_.push_back(std::move(at_last));
  hurry_clerk();
}

std::string activity_desk::name_of(const core::pending_activity& what) const {
  const auto of = described_.find(what.activities);
  return process::name_of(what, of == described_.end() ? nullptr : of->second->find(what.activity));
}

// -- asked by the entity --------------------------------------------------------------------------

void activity_desk::cancel(const entity_id& entity, timestamp life, event_number activity) {
  section at{*this};
  if (auto* what = known(entity, life, activity)) abandon(*what, wall_.now());
  if (closed_) run_errands(at);  // The clerk is gone.
}

void activity_desk::request_cancel(const entity_id& entity, timestamp life, event_number activity) {
  const section at{*this};
  auto* what = known(entity, life, activity);
  if (what == nullptr || what->phase == job_phase::ended || what->abandoned) return;
  what->cancel_requested = true;
  if (what->phase == job_phase::running) {
    if (what->here != nullptr) what->here->cancelled = true;
    return;
  }
  end(*what, process::end_by_cancel(name_of(what->what)));
  tells_.push_back(what->shared_from_this());
  hurry_clerk();
}

void activity_desk::recorded(const entity_id& entity, timestamp life, event_number activity) {
  section at{*this};
  auto* what = known(entity, life, activity);
  if (what == nullptr) return;
  const auto reporters = take_reporters(*what);
  abandon(*what, wall_.now());
  if (closed_) run_errands(at);  // The clerk is gone.
  at.leave();
  for (auto& done : reporters) done(nothing{});
}

void activity_desk::refused(const entity_id& entity, timestamp life, event_number activity,
                            error why) {
  section at{*this};
  auto* what = known(entity, life, activity);
  if (what == nullptr) return;
  answer_reporters(*what, why);
  abandon(*what, wall_.now());
  if (closed_) run_errands(at);  // The clerk is gone.
}

void activity_desk::tell_again(const entity_id& entity, timestamp life, event_number activity,
                               duration after) {
  section at{*this};
  auto* what = known(entity, life, activity);
  if (what == nullptr || what->phase != job_phase::ended) return;
  if (closed_) {
    answer_reporters(*what, desk_closed);
    run_errands(at);  // The clerk is gone.
    return;
  }
  what->tell_at = later(wall_.now(), after);
  disarm(*what);
  arm(*what);
}

std::vector<activity_status> activity_desk::status_of(const entity_id& entity) const {
  const std::lock_guard guard{mutex_};
  std::vector<activity_status> all;
  const auto of = jobs_.find(entity);
  if (of == jobs_.end()) return all;
  for (auto& [number, what] : of->second) {
    if (what->phase == job_phase::ended || what->abandoned) continue;
    activity_status status;
    status.number = number;
    status.activities = what->what.activities;
    status.activity = what->what.activity;
    status.queue = what->queue->name;
    status.attempt = what->attempt;
    status.running = what->phase == job_phase::running;
    status.last_failure = what->last_failure;
    if (what->phase == job_phase::pausing) status.next_try = what->next;
    all.push_back(std::move(status));
  }
  return all;
}

dispatcher_figures activity_desk::figures() const {
  const std::lock_guard guard{mutex_};
  auto figures = figures_;
  figures.running = busy_;
  return figures;
}

void activity_desk::look_at_clock() {
  const section at{*this};
  look_again_ = true;
  hurry_clerk();
}

}  // namespace perdure::runtime
