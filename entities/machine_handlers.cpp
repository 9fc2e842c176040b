// The machine's handlers: how they begin, are resumed, fail, and end.

#include <algorithm>
#include <exception>
#include <utility>

#include "entities/machine.h"

namespace perdure::core {

namespace {

/// An exception's text, as much of it as a history ought to hold.
std::string text_of(const std::exception& thrown) {
  constexpr std::size_t most = 16 * 1024;
  std::string text = thrown.what();
  if (text.size() > most) text = text.substr(0, most) + "...";
  return text;
}

}  // namespace

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
std::optional<error> machine::atomically(handler_scope& scope, bool refusable, Body body) {
  const mark before{turn_->commands.size(), handlers_.size(), handlers_.next_waiter(),
                    timers_started_,        drawn_,           at_continue_point_};
  const bool kept = !refusable || state_is_small();
  if (kept) instance_->keep_state();
  turn_scope_ = &scope;
  std::optional<error> why;
  try {
    body();
    turn_scope_ = nullptr;
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
    why = error{errc::internal, to_string(self_) + " threw what is no std::exception"};
  }
  turn_scope_ = nullptr;
  turn_->commands.resize(before.commands);
  handlers_.roll_back(before.handlers, before.waiters);
  timers_started_ = before.timers;
  drawn_ = before.drawn;
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
  scope->traceparent = turn_->traceparent;
  return scope;
}

std::optional<error> machine::call_signal(handler_scope& scope, bytes_view params, bool refusable) {
  state_size_ += params.size();
  return atomically(scope, refusable,
                    [&] { instance_->run_signal(*contract().find(scope.method), params); });
}

std::optional<error> machine::begin_call(const record& step, std::unique_ptr<handler_scope> scope,
                                         bytes_view params, bool refusable) {
  auto& in = *scope;
  state_size_ += params.size();
  return atomically(in, refusable, [&] {
    auto body = instance_->run_update(*contract().find(in.method), params);
    body.run_in(&in);
    body.start();
    if (!body.done()) return handlers_.add({std::move(scope), std::move(body)});
    auto results = body.take();
    update_outcome how{update_outcome::kind::completed, std::move(results), {}, {}};
    if (in.is_main) return end_main(life_status::completed, std::move(how));
    if (!in.replied) order(update_ended{step.event, std::move(how)});
  });
}

void machine::run_unattended(std::uint16_t method, bytes_view params, event_number started_by) {
  auto scope = make_scope(started_by, method);
  if (auto why = call_signal(*scope, params, false)) {
    order(handler_failed{started_by, why->detail});
  }
}

std::optional<error> machine::begin_main(const record& step, bool refusable) {
  auto scope = make_scope(main_->started, main_->method);
  scope->is_main = true;
  // The main may end at once, and its parameters with it.
  const auto params = main_->params;
  return begin_call(step, std::move(scope), params, refusable);
}

void machine::resume(waiter whom) {
  turn_scope_ = static_cast<handler_scope*>(whom.scope->handler);
  whom.coroutine.resume();
  turn_scope_ = nullptr;
}

void machine::resume_call(event_number call, const call_outcome& how) {
  auto waiting = handlers_.take_call(call);
  if (!waiting) return;
  if (waiting->timer) order(timer_cancelled{waiting->timer});
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
  } else if (cancelled->call > turn_->event) {
    // Begun in this turn.
    auto& begun = turn_->commands[cancelled->call - turn_->event - 1];
    if (auto* scheduled = std::get_if<activity_scheduled>(&begun)) activity = &scheduled->options;
    if (auto* going = std::get_if<message_sent>(&begun)) message = &going->message;
  }
  if (activity) {
    policy = activity->on_cancel;
    if (policy != cancellation::abandon) order(activity_cancelled{cancelled->call});
  } else if (message && message->starts_child()) {
    policy = message->start.on_cancel;
    if (policy != cancellation::abandon) {
      outgoing ask;
      ask.target = message->target;
      ask.kind = message_kind::cancel;
      ask.as_child = true;
      ask.reason = "its parent was cancelled";
      post(std::move(ask));
    }
  }
  if (policy == cancellation::wait) {
    cancelled->told_to_stop = true;
    return;
  }
  auto whom = handlers_.take(cancelled);
  if (whom.timer) order(timer_cancelled{whom.timer});
  whom.to->cancelled = true;
  resume(std::move(whom));
}

void machine::settle() {
  finish_handlers();
  while (true) {
    if (auto* cancelled = handlers_.find_cancelled()) {
      stop(cancelled);
      finish_handlers();
      continue;
    }
    asking_ = true;
    auto ready = handlers_.take_ready();
    asking_ = false;
    if (ready) {
      if (ready->timer) order(timer_cancelled{ready->timer});
      ready->to->held = true;
      resume(std::move(*ready));
    } else {
      return;
    }
    finish_handlers();
  }
}

void machine::finish_handlers() {
  for (auto& each : handlers_.take_finished()) {
    update_outcome how{update_outcome::kind::failed, {}, {}, {}};
    auto status = life_status::failed;
    try {
      if (auto* results = std::get_if<task<bytes>>(&each.body)) {
        how = {update_outcome::kind::completed, results->take(), {}, {}};
        status = life_status::completed;
      } else {
        std::get<task<void>>(each.body).take();
        continue;
      }
    } catch (const cancelled& why) {
      how = {update_outcome::kind::failed, {}, why.what(), "cancelled"};
      if (each.is_main()) how = ended_by("cancelled", each.scope->why_cancelled);
      status = life_status::cancelled;
    } catch (const failure& why) {
      how.message = why.why().detail;
      how.type = why.why().type;
    } catch (const std::exception& why) {
      how.message = text_of(why);
    } catch (...) {
      how.message = "threw what is no std::exception";
    }
    if (each.is_main()) {
      // The others are dropped with it: what is left to finish here is theirs no more.
      return end_main(status, std::move(how));
    }
    const bool failed = how.how == update_outcome::kind::failed;
    if (each.is_update() && !each.scope->replied) {
      order(update_ended{each.started_by(), std::move(how)});
    } else if (failed) {
      order(handler_failed{each.started_by(), how.message});
    }
  }
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
    order(main_ended{how, std::move(outcome)});
  }
  status_ = how;
  paused_ = false;
  close(why);
}

void machine::close(const std::string& why) {
  for (auto& each : handlers_.running()) {
    if (!each.is_update() || each.scope->replied) continue;
    order(update_ended{each.started_by(), {update_outcome::kind::failed, {}, why, {}}});
  }
  // Numbers of what runs, in this turn included.
  std::vector<event_number> activities;
  auto children = children_;
  for (auto& [number, each] : activities_) activities.push_back(number);
  auto number = turn_->event;
  for (auto& each : turn_->commands) {
    ++number;
    if (std::holds_alternative<activity_scheduled>(each)) activities.push_back(number);
    if (auto* gone = std::get_if<activity_cancelled>(&each)) std::erase(activities, gone->activity);
    auto* sent = std::get_if<message_sent>(&each);
    if (sent && sent->message.starts_child()) {
      children.push_back({number, sent->message.target, sent->message.start.on_parent_close});
    }
  }
  for (auto each : activities) order(activity_cancelled{each});
  for (auto& each : children) {
    if (each.on_close == parent_close::abandon) continue;
    outgoing last;
    last.target = each.entity;
    last.kind =
        each.on_close == parent_close::cancel ? message_kind::cancel : message_kind::terminate;
    last.as_child = true;
    last.reason = "its parent " + to_string(self_) + " has ended";
    post(std::move(last));
  }
  handlers_.clear();
  reminders_.clear();
  delayed_.clear();
  children_.clear();
}

std::vector<event_number> machine::being_cancelled() const {
  std::vector<event_number> numbers;
  for (auto& each : handlers_.waiting()) {
    if (each.told_to_stop && activities_.contains(each.call)) numbers.push_back(each.call);
  }
  return numbers;
}

event_number machine::order(command what) {
  check_not_asking();
  turn_->commands.push_back(std::move(what));
  return turn_->last_event();
}

std::size_t machine::others_running(const detail::scope* than) const {
  return static_cast<std::size_t>(std::ranges::count_if(
      handlers_.running(), [&](auto& each) { return each.scope.get() != than && !each.done(); }));
}

std::size_t machine::others_at_work(const detail::scope* than) const {
  return static_cast<std::size_t>(std::ranges::count_if(handlers_.running(), [&](auto& each) {
    return each.scope.get() != than && !each.done() && each.scope->finishing == 0;
  }));
}

}  // namespace perdure::core
