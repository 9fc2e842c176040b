// What each input does.

#include <algorithm>
#include <utility>

#include "entities/children.h"
#include "entities/machine.h"
#include "entities/texts.h"
#include "entities/turn.h"

namespace perdure::core {

/// Why a method that history has, or that was to be called later, cannot be.
std::optional<error> machine::missing(std::uint16_t method, method_kind kind) const {
  auto* found = contract().find(method);
  if (found && found->kind == kind) return std::nullopt;
  const auto which = '@' + std::to_string(method);
  if (!found)
    return error{errc::nondeterministic, "the contract has no method " + which + " any more"};
  return error{errc::nondeterministic, "the contract's method " + which + ", " +
                                           std::string(found->name) + ", is no " +
                                           std::string(to_string(kind)) + " any more"};
}

/// Likewise, of what is due.
std::optional<error> machine::missing_method_of(const input& due) const {
  std::optional<error> gone;
  if (auto* fired = std::get_if<reminder_fired>(&due)) {
    gone = missing(reminders().find(fired->name)->second.signal, method_kind::signal);
  } else if (auto* signal = std::get_if<delayed_signal_due>(&due)) {
    auto found = std::ranges::find(delayed(), signal->accepted, &delayed_signal::accepted);
    gone = missing(found->signal, method_kind::signal);
  } else if (std::holds_alternative<main_due>(due)) {
    gone = missing(main_->method, method_kind::main);
  }
  if (gone && !turn_) {
    gone->detail = event_text(where_.last_event + 1) + ", " + describe(due) + ": " + gone->detail;
  }
  return gone;
}

std::optional<error> machine::run(record& step, const signal_received& what, bool refusable) {
  if (auto gone = missing(what.method, method_kind::signal)) return gone;
  auto scope = make_scope(step.event, what.method);
  return call_signal(*scope, what.params,
                     refusable ? on_failure::restore_if_small : on_failure::give_up);
}

std::optional<error> machine::run(record& step, const update_accepted& what, bool refusable) {
  if (auto gone = missing(what.method, method_kind::update)) return gone;
  auto scope = make_scope(step.event, what.method);
  if (step.from) scope->chain = step.from->chain;
  return begin_call(step, std::move(scope), what.params,
                    refusable ? on_failure::restore_if_small : on_failure::give_up);
}

std::optional<error> machine::run(record& step, const signal_delayed& what, bool) {
  if (timer_count() >= limits_.timers) {
    return error{errc::overloaded, to_string(self_) + " has " + std::to_string(timer_count()) +
                                       " timers, the limit: try again later"};
  }
  timetable_.delay({step.event, what.method, what.params, what.due});
  return std::nullopt;
}

std::optional<error> machine::run(record&, const timer_fired& what, bool) {
  auto fired = handlers_.extract(what.timer);
  if (!fired) return error{errc::nondeterministic, "nothing waits for this timer"};
  fired->to->held = false;
  resume(*fired);
  return std::nullopt;
}

std::optional<error> machine::run(record& step, const reminder_fired& what, bool) {
  if (!reminders().contains(what.name)) {
    return error{errc::nondeterministic, "no such reminder is set"};
  }
  if (auto gone = missing_method_of(step.what)) return gone;
  const auto fired = *timetable_.extract_reminder(what.name);
  run_unattended(fired.signal, fired.params, step.event);
  return std::nullopt;
}

std::optional<error> machine::run(record& step, const delayed_signal_due& what, bool) {
  if (std::ranges::find(delayed(), what.accepted, &delayed_signal::accepted) == delayed().end()) {
    return error{errc::nondeterministic, "no such signal is delayed"};
  }
  if (auto gone = missing_method_of(step.what)) return gone;
  const auto due = *timetable_.extract_delayed(what.accepted);
  run_unattended(due.signal, due.params, due.accepted);
  return std::nullopt;
}

std::optional<error> machine::run(record& step, const run_continued& what, bool refusable) {
  // Whoever has ended the run before ends its children.
  if (what.replaces) end_children(std::exchange(children_, {}));
  if (!main_ || main_->outcome || main_->due) return std::nullopt;
  if (auto gone = missing(main_->method, method_kind::main)) return gone;
  auto why = begin_main(step, refusable ? on_failure::restore_if_small : on_failure::restore);
  if (!why || refusable) return why;
  // Nobody is there to be refused: a main that cannot go on has failed.
  end_main(life_status::failed, {update_outcome::kind::failed, {}, why->detail, why->type});
  return std::nullopt;
}

std::optional<error> machine::run(record&, const terminated& what, bool) {
  end_main(life_status::terminated, ended_by("terminated", what.reason));
  return std::nullopt;
}

std::optional<error> machine::run(record& step, const main_started& what, bool refusable) {
  if (auto gone = missing(what.method, method_kind::main)) return gone;
  main_ = std::make_unique<started_main>(make_main(step, what));
  if (main_->due) return std::nullopt;
  auto why = begin_main(step, refusable ? on_failure::restore_if_small : on_failure::give_up);
  if (why) main_.reset();
  return why;
}

std::optional<error> machine::run(record& step, const main_due&, bool) {
  if (!main_ || !main_->due) return error{errc::nondeterministic, "no main waits for its time"};
  if (auto gone = missing_method_of(step.what)) return gone;
  main_->due.reset();
  if (auto why = begin_main(step, on_failure::restore)) {
    end_main(life_status::failed, {update_outcome::kind::failed, {}, why->detail, why->type});
  }
  return std::nullopt;
}

std::optional<error> machine::run(record&, const deadline_passed& what, bool) {
  const std::string which = what.of_run ? "run" : "execution";
  end_main(life_status::failed, {update_outcome::kind::failed,
                                 {},
                                 "not ended within its " + which + " time-out",
                                 which + "_timeout"});
  return std::nullopt;
}

/// Resumes whoever waits for the call; of a paused entity, when it is resumed.
void machine::hand_over(event_number call, const call_outcome& how) {
  if (!paused_) return resume_call(call, how);
  const auto& waiting = handlers_.waiting();
  if (std::ranges::find(waiting, call, &waiter::call) == waiting.end()) return;
  if (!rare_) rare_ = std::make_unique<rarities>();
  rare_->held.emplace_back(call, how);
}

std::optional<error> machine::run(record&, const activity_ended& what, bool) {
  if (!activities_.erase(what.activity)) {
    return error{errc::nondeterministic, "no such activity is pending"};
  }
  hand_over(what.activity, what.outcome);
  return std::nullopt;
}

std::optional<error> machine::run(record&, const reply_received& what, bool) {
  auto found = outbox_.find(what.message);
  if (found == outbox_.end()) return error{errc::nondeterministic, "no such message was sent"};
  const bool stays = goes_on(found->second, what.outcome);
  outbox_.erase(found);
  if (!stays) std::erase_if(children_, [&](auto& each) { return each.number == what.message; });
  hand_over(what.message, what.outcome);
  return std::nullopt;
}

std::optional<error> machine::run(record&, const cancel_requested& what, bool) {
  if (auto* main = handlers_.main()) {
    main->scope->cancelled = true;
    main->scope->why_cancelled = what.reason;
  } else if (main_ && !main_->outcome) {
    end_main(life_status::cancelled, ended_by("cancelled", what.reason));
  }
  return std::nullopt;
}

std::optional<error> machine::run(record&, const paused&, bool) {
  paused_ = true;
  return std::nullopt;
}

std::optional<error> machine::run(record&, const resumed&, bool) {
  paused_ = false;
  if (!holds_outcomes()) return std::nullopt;
  for (auto& [call, how] : std::exchange(rare_->held, {})) {
    if (has_ended()) break;
    resume_call(call, how);
    run_ready();
  }
  return std::nullopt;
}

std::optional<error> machine::run(record&, const run_reset&, bool) {
  return error{errc::internal, "a reset is replayed, not run"};
}

std::optional<error> machine::run(record&, const settled&, bool) { return std::nullopt; }

}  // namespace perdure::core
