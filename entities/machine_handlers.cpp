// The machine's handlers: how they begin, are resumed, fail, and end.

#include <algorithm>
#include <exception>
#include <utility>

#include "entities/machine.h"
#include "entities/texts.h"
#include "entities/turn.h"

namespace perdure::core {

// What a turn may have added, to be taken back when it fails.
struct machine::mark {
  std::size_t commands;
  std::size_t handlers;
  std::uint64_t waiters;
  timer_number timers;
  std::uint32_t drawn;
  bool at_continue_point;
};

/// Runs `body`; when it throws, takes back what it did and returns why.
template <class Body>
std::optional<error> machine::atomically(handler_scope& scope, on_failure then, Body body) {
  const mark before{turn_->step().commands.size(),
                    handlers_.size(),
                    handlers_.next_waiter(),
                    timers_started_,
                    turn_->drawn(),
                    at_continue_point_};
  const bool kept =
      then == on_failure::restore || (then == on_failure::restore_if_small && state_is_small());
  if (kept) instance_->keep_state();
  turn_->enter(&scope);
  std::optional<error> why;
  try {
    body();
    turn_->leave();
    return why;
  } catch (const rejected& refusal) {
    why = error{errc::rejected, text_of(refusal)};
  } catch (const failure& failed) {
    why = failed.why();
  } catch (const std::exception& bug) {
    auto* method = contract().find(scope.method);
    why = error{errc::internal, to_string(self_) + " " + std::string(method->name) + " threw (" +
                                    std::string(method->source) + "): " + text_of(bug)};
  } catch (...) {
    why = error{errc::internal, to_string(self_) + ' ' + not_an_exception};
  }
  turn_->leave();
  turn_->roll_back(before.commands, before.drawn);
  handlers_.roll_back(before.waiters);
  drop_frames(before.handlers);
  timers_started_ = before.timers;
  at_continue_point_ = before.at_continue_point;
  if (kept)
    instance_->restore_state();
  else
    state_lost_ = true;
  return why;
}

std::unique_ptr<handler_scope> machine::make_scope(event_number started_by,
                                                   std::uint16_t method) const {
  auto scope = std::make_unique<handler_scope>();
  scope->machine = const_cast<machine*>(this);
  scope->handler = scope.get();
  scope->started_by = started_by;
  scope->method = method;
  scope->traceparent = turn_->step().traceparent;
  return scope;
}

std::optional<error> machine::call_signal(handler_scope& scope, bytes_view params,
                                          on_failure then) {
  state_size_ += params.size();
  return atomically(scope, then,
                    [&] { instance_->run_signal(*contract().find(scope.method), params); });
}

std::optional<error> machine::begin_call(const record& step, std::unique_ptr<handler_scope> scope,
                                         bytes_view params, on_failure then) {
  auto& in = *scope;
  state_size_ += params.size();
  return atomically(in, then, [&] {
    auto body = instance_->run_update(*contract().find(in.method), params);
    body.run_in(&in);
    body.start();
    if (!body.done()) return handlers_.add({std::move(scope), std::move(body)});
    auto results = body.get();
    update_outcome how{update_outcome::kind::completed, std::move(results), {}, {}};
    if (in.is_main) return end_main(life_status::completed, std::move(how));
    if (!in.replied) turn_->order(update_ended{step.event, std::move(how)});
  });
}

void machine::run_unattended(std::uint16_t method, bytes_view params, event_number started_by) {
  auto scope = make_scope(started_by, method);
  if (auto why = call_signal(*scope, params, on_failure::restore)) {
    turn_->order(handler_failed{started_by, why->detail});
  }
}

std::optional<error> machine::begin_main(const record& step, on_failure then) {
  auto scope = make_scope(main_->started, main_->method);
  scope->is_main = true;
  // The main may end at once, and its parameters with it.
  const auto params = main_->params;
  return begin_call(step, std::move(scope), params, then);
}

void machine::resume(waiter whom) {
  turn_->enter(static_cast<handler_scope*>(whom.scope->handler));
  whom.coroutine.resume();
  turn_->leave();
}

void machine::resume_call(event_number call, const call_outcome& how) {
  auto waiting = handlers_.extract_call(call);
  if (!waiting) return;
  if (waiting->timer) turn_->order(timer_cancelled{waiting->timer});
  waiting->to->results = how.results;
  waiting->to->why = how.why;
  // A call that was told to stop, and did, ends as the cancelled await that it is.
  waiting->to->cancelled = waiting->told_to_stop && how.why.has_value();
  resume(std::move(*waiting));
}

/// Resumes a waiter whose scope was cancelled, or lets it wait for how its call ends.
void machine::stop(waiter* cancelled) {
  auto policy = cancellation::abandon;
  const activity_options* activity = nullptr;
  const outgoing* message = nullptr;
  if (auto found = activities_.find(cancelled->call); found != activities_.end()) {
    activity = &found->second.options;
  } else if (auto sent = outbox_.find(cancelled->call); sent != outbox_.end()) {
    message = &sent->second;
  } else if (cancelled->call > turn_->step().event) {
    // Begun in this turn.
    auto& begun = turn_->step().commands[cancelled->call - turn_->step().event - 1];
    if (auto* scheduled = std::get_if<activity_scheduled>(&begun)) activity = &scheduled->options;
    if (auto* going = std::get_if<message_sent>(&begun)) message = &going->message;
  }
  if (activity) {
    policy = activity->on_cancel;
    if (policy != cancellation::abandon) turn_->order(activity_cancelled{cancelled->call});
  } else if (message && message->starts_child()) {
    policy = message->start.on_cancel;
    if (policy != cancellation::abandon) {
      outgoing ask;
      ask.target = message->target;
      ask.kind = message_kind::cancel;
      ask.as_child = true;
      ask.reason = "its parent was cancelled";
      turn_->post(std::move(ask));
    }
  }
  if (policy == cancellation::wait) {
    cancelled->told_to_stop = true;
    return;
  }
  auto whom = handlers_.extract(cancelled);
  if (whom.timer) turn_->order(timer_cancelled{whom.timer});
  whom.to->cancelled = true;
  resume(std::move(whom));
}

void machine::run_ready() {
  finish_handlers();
  while (true) {
    if (auto* cancelled = handlers_.find_cancelled()) {
      stop(cancelled);
      finish_handlers();
      continue;
    }
    turn_->set_asking(true);
    auto ready = handlers_.extract_ready();
    turn_->set_asking(false);
    if (ready) {
      if (ready->timer) turn_->order(timer_cancelled{ready->timer});
      ready->to->held = true;
      resume(std::move(*ready));
    } else {
      return;
    }
    finish_handlers();
  }
}

void machine::finish_handlers() {
  auto finished = handlers_.extract_finished();
  for (auto& each : finished) {
    // With the main the others are dropped: what is left to finish here is theirs no more.
    if (finish(each)) break;
  }
  for (auto& each : finished) turn_->drop(std::move(each));
}

/// Records how a handler ended. Returns whether the entity has ended with it.
bool machine::finish(handler& which) {
  update_outcome how{update_outcome::kind::failed, {}, {}, {}};
  auto status = life_status::failed;
  try {
    if (auto* results = std::get_if<task<bytes>>(&which.body)) {
      how = {update_outcome::kind::completed, results->get(), {}, {}};
      status = life_status::completed;
    } else {
      std::get<task<void>>(which.body).get();
      return false;
    }
  } catch (const cancelled& why) {
    how = {update_outcome::kind::failed, {}, why.what(), "cancelled"};
    if (which.is_main()) how = ended_by("cancelled", which.scope->why_cancelled);
    status = life_status::cancelled;
  } catch (const failure& why) {
    how.message = why.why().detail;
    how.type = why.why().type;
  } catch (const std::exception& why) {
    how.message = text_of(why);
  } catch (...) {
    how.message = not_an_exception;
  }
  if (which.is_main()) {
    end_main(status, std::move(how));
    return true;
  }
  const bool failed = how.how == update_outcome::kind::failed;
  if (which.is_update() && !which.scope->replied) {
    turn_->order(update_ended{which.started_by(), std::move(how)});
  } else if (failed) {
    turn_->order(handler_failed{which.started_by(), how.message});
  }
  return false;
}

std::vector<event_number> machine::being_cancelled() const {
  std::vector<event_number> numbers;
  for (auto& each : handlers_.waiting()) {
    if (each.told_to_stop && activities_.contains(each.call)) numbers.push_back(each.call);
  }
  return numbers;
}

// -- dropping -------------------------------------------------------------------------------------

/// Destroys the handlers that were added last, until `left` are.
void machine::drop_frames(std::size_t left) {
  while (handlers_.size() > left) turn_->drop(handlers_.extract_last());
}

/// Destroys all, where no step is taken that what they call could be part of.
void machine::drop_frames_outside() {
  handlers_.roll_back(0);
  if (handlers_.empty()) return;
  turn outside(*this);
  drop_frames(0);
  note_misuse(outside);
}

void machine::note_misuse(turn& outside) {
  auto misuse = outside.misuse();
  if (!misuse) return;
  if (!rare_) rare_ = std::make_unique<rarities>();
  if (!rare_->misuse) rare_->misuse = std::move(misuse);
}

std::optional<error> machine::drop_handlers() {
  drop_frames_outside();
  if (!rare_ || !rare_->misuse) return std::nullopt;
  return std::move(*std::exchange(rare_->misuse, nullptr));
}

}  // namespace perdure::core
