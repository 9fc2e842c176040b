// How an entity begins, begins anew, is paused, and ends.

#include <algorithm>
#include <utility>

#include "entities/children.h"
#include "entities/difference.h"
#include "entities/machine.h"
#include "entities/payload.h"
#include "entities/turn.h"

namespace perdure::core {

// -- beginning ------------------------------------------------------------------------------------

outcome machine::handle_start(message what, timestamp now) {
  const auto meaning = meaning_of(what.method, what.params);
  if (auto seen = asked_before(what, meaning, now)) return std::move(*seen);
  auto exists = [&](const std::string& why) {
    return refused{{errc::already_exists, to_string(self_) + why}};
  };
  if (!has_ended()) {
    if (main_) {
      // A child that its parent has started before, in a step that was undone, is its child again.
      const bool adopts =
          what.adopts && what.as_child && what.from && main_->parent == what.from->sender;
      if (adopts || what.start.when_running == id_conflict::use_existing) {
        if (!what.from && what.key.empty()) {
          return repeated{main_->started, where_.run, false, {}, true};
        }
        // Sent again after the end, it must not start anew.
        return take(settled{}, &what, meaning, now);
      }
      if (what.start.when_running != id_conflict::terminate_existing) {
        return exists(" is running already");
      }
      if (what.start.when_ended == id_reuse::reject) return exists(" has run already");
      if (auto unknown = check_method(what.method, method_kind::main)) return refused{*unknown};
      return start_over(std::move(what), meaning, now, true);
    }
    if (auto unknown = check_method(what.method, method_kind::main)) return refused{*unknown};
    if (paused_) return refused{paused_error()};
    return take(main_started{what.method, std::move(what.params), what.start, what.as_child}, &what,
                meaning, now);
  }
  if (what.start.when_ended == id_reuse::reject) return exists(" has run already");
  if (what.start.when_ended == id_reuse::after_failure && status_ == life_status::completed) {
    return exists(" has completed already");
  }
  if (auto unknown = check_method(what.method, method_kind::main)) return refused{*unknown};
  return start_over(std::move(what), meaning, now, false);
}

/// Begins a new run, with nothing of the old one but what others rely on.
outcome machine::start_over(message what, std::uint64_t meaning, timestamp now, bool replaces) {
  auto step = begin(run_continued{}, now);
  step.run = where_.run + 1;
  step.from = std::move(what.from);
  step.traceparent = std::move(what.traceparent);
  if (!what.key.empty()) step.once = idempotency{std::move(what.key), meaning};
  carried_state carried;
  carried.state = initial_state();
  carried.created = created_;
  carried.reset_at = reset_at_;
  carried.life = life_;
  carried.timers_started = timers_started_;
  carried.outbox = outbox_entries();
  carried.inbox = inbox_entries();
  if (replaces) {
    window_.conclude_all(replaced(), step.time);
    for (auto& taken : carried.inbox) {
      for (auto& each : taken.requests) {
        if (!each.outcome) each.outcome = replaced();
      }
    }
    carried.children = children_;
  }
  carried.idempotency = window_.entries();
  carried.main = make_main(step, {what.method, std::move(what.params), what.start, what.as_child});
  const position before{step.run, step.event, step.event - 1, where_.last_time, 0};
  if (auto why = restore(carried, before)) return refused{std::move(*why), true};
  step.what = run_continued{std::move(carried), replaces};
  auto taken = take(std::move(step), true);
  if (auto* refusal = std::get_if<refused>(&taken)) refusal->state_lost = true;
  return taken;
}

bytes machine::initial_state() {
  turn outside(*this);
  auto fresh = type_.make();
  fresh->machine_ = this;
  auto saved = canonical(fresh->save_state()).value();
  fresh.reset();
  note_misuse(outside);
  return saved;
}

update_outcome machine::replaced() { return ended_by("terminated", "started again"); }

started_main machine::make_main(const record& step, const main_started& what) {
  started_main main;
  main.method = what.method;
  main.params = what.params;
  main.started = step.event;
  main.options = what.options;
  if (what.as_child && step.from) main.parent = step.from->sender;
  main.began = step.time;
  if (what.options.delay > duration::zero()) main.due = later(step.time, what.options.delay);
  set_deadlines(main, step.time);
  return main;
}

record machine::continue_as_new(timestamp now) {
  notes_.reset();
  auto carried = carry();
  auto step = begin(run_continued{}, now);
  step.run = where_.run + 1;
  if (carried.main && carried.main->options.run_timeout > no_limit && !carried.main->outcome) {
    carried.main->run_deadline = later(step.time, carried.main->options.run_timeout);
  }
  const position before{step.run, step.event, step.event - 1, where_.last_time, 0};
  restore(carried, before);
  step.what = run_continued{std::move(carried)};
  {
    turn here(*this, step, nullptr);
    execute(step, false);
  }
  advance(step);
  return step;
}

// -- ending ---------------------------------------------------------------------------------------

outcome machine::cancel(std::string reason, sender from, timestamp now, bool as_parent) {
  if (from) {
    if (auto seen = seen_before(*from)) return std::move(*seen);
  }
  if (auto why = check_open()) return refused{std::move(*why)};
  if (auto why = check_parent(from, as_parent)) return refused{std::move(*why)};
  if (!main_) {
    return refused{
        {errc::rejected, to_string(self_) + " has no main that runs: nothing to cancel"}};
  }
  auto step = begin(cancel_requested{std::move(reason)}, now);
  step.from = std::move(from);
  return take(std::move(step), true);
}

outcome machine::terminate(std::string reason, sender from, timestamp now, bool as_parent) {
  if (from) {
    if (auto seen = seen_before(*from)) return std::move(*seen);
  }
  if (auto why = check_open()) return refused{std::move(*why)};
  if (auto why = check_parent(from, as_parent)) return refused{std::move(*why)};
  auto step = begin(terminated{std::move(reason)}, now);
  step.from = std::move(from);
  return take(std::move(step), true);
}

outcome machine::pause(std::string reason, timestamp now) {
  if (auto why = check_open()) return refused{std::move(*why)};
  if (paused_) return repeated{where_.last_event, where_.run, false, {}, false};
  return take(begin(paused{std::move(reason)}, now), true);
}

outcome machine::resume(timestamp now) {
  if (auto why = check_open()) return refused{std::move(*why)};
  if (!paused_) return repeated{where_.last_event, where_.run, false, {}, false};
  return take(begin(resumed{}, now), true);
}

/// A parent ends its own children: an id it has started, or wanted to, may be somebody else's now.
std::optional<error> machine::check_parent(const sender& from, bool as_parent) const {
  if (!as_parent || (main_ && main_->parent && *main_->parent == from->sender)) return std::nullopt;
  return error{errc::completed, to_string(self_) + " is no child of " + to_string(from->sender)};
}

update_outcome machine::ended_by(std::string how, const std::string& reason) {
  return {update_outcome::kind::failed, {}, reason.empty() ? how : how + ": " + reason, how};
}

void machine::end_main(life_status how, update_outcome outcome) {
  auto why = "the entity has ended: " + outcome.message;
  if (how == life_status::completed) why = "the entity has completed";
  if (how == life_status::terminated) why = "the entity was " + outcome.message;
  if (main_ && !main_->outcome) {
    main_->due.reset();
    turn_->order(main_ended{how, std::move(outcome)});
  }
  status_ = how;
  paused_ = false;
  close(why);
}

void machine::close(const std::string& why) {
  for (auto& each : handlers_.running()) {
    if (!each.is_update() || each.scope->replied) continue;
    each.scope->replied = true;
    turn_->order(update_ended{each.started_by(), {update_outcome::kind::failed, {}, why, {}}});
  }
  // Numbers of what runs, in this turn included.
  std::vector<event_number> activities;
  auto children = children_;
  for (auto& [number, each] : activities_) activities.push_back(number);
  auto number = turn_->step().event;
  for (auto& each : turn_->step().commands) {
    ++number;
    if (std::holds_alternative<activity_scheduled>(each)) activities.push_back(number);
    if (auto* gone = std::get_if<activity_cancelled>(&each)) std::erase(activities, gone->activity);
    auto* sent = std::get_if<message_sent>(&each);
    if (sent && sent->message.starts_child()) add_child(children, sent->message);
  }
  for (auto each : activities) turn_->order(activity_cancelled{each});
  end_children(children);
  handlers_.roll_back(0);
  drop_frames(0);
  timetable_.clear();
  children_.clear();
  if (rare_) rare_->held.clear();
}

void machine::end_children(const std::vector<child>& which) {
  for (auto& each : which) {
    if (each.on_close == parent_close::abandon) continue;
    outgoing last;
    last.target = each.entity;
    last.kind =
        each.on_close == parent_close::cancel ? message_kind::cancel : message_kind::terminate;
    last.as_child = true;
    last.reason = "its parent " + to_string(self_) + " has ended";
    turn_->post(std::move(last));
  }
}

}  // namespace perdure::core
