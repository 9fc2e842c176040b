#include "entities/machine.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "entities/payload.h"

namespace perdure::core {

namespace {

/// Digest of what an idempotency key stands for.
std::uint64_t message_digest(std::uint16_t method, bytes_view params) {
  auto same_for_equal = canonical(params);
  return digest(same_for_equal ? bytes_view(*same_for_equal) : params, method);
}

const reminder* earliest(const std::map<std::string, reminder, std::less<>>& reminders) {
  const reminder* first = nullptr;
  for (auto& [name, each] : reminders) {
    if (!first || each.due < first->due) first = &each;
  }
  return first;
}

template <class Range>
auto earliest_due(const Range& range) {
  return std::min_element(std::begin(range), std::end(range),
                          [](auto& a, auto& b) { return a.due < b.due; });
}

std::uint16_t method_of(const input& what) {
  return std::visit(
      [](auto& in) -> std::uint16_t {
        if constexpr (requires { in.method; }) return in.method;
        return 0;
      },
      what);
}

std::string event_text(event_number event) { return "event " + std::to_string(event); }

/// Compares what the code did with what history says; the event number of the first difference is
/// part of the detail.
std::optional<error> compare(const record& recorded, const record& now) {
  const auto common = std::min(recorded.commands.size(), now.commands.size());
  for (std::size_t i = 0; i <= common; ++i) {
    const bool expected = i < recorded.commands.size();
    const bool got = i < now.commands.size();
    if (!expected && !got) break;
    if (expected && got && recorded.commands[i] == now.commands[i]) continue;
    return error{errc::nondeterministic,
                 event_text(recorded.event + 1 + i) + " (caused by " + event_text(recorded.event) +
                     ", " + describe(recorded.what) + "): expected " +
                     (expected ? describe(recorded.commands[i]) : "nothing") + ", got " +
                     (got ? describe(now.commands[i]) : "nothing")};
  }
  return std::nullopt;
}

}  // namespace

// What a turn may have added, to be taken back when it fails.
struct machine::mark {
  std::size_t commands;
  std::size_t handlers;
  std::uint64_t waiters;
  timer_number timers;
  std::uint32_t drawn;
};

machine::machine(const entity_type& type, const entity_id& who, const machine_limits& limits)
    : type_(type), self_(who), limits_(limits), instance_(type.make()) {
  instance_->machine_ = this;
}

machine::~machine() { handlers_.clear(); }

// -- coming back ----------------------------------------------------------------------------------

std::optional<error> machine::restore(const carried_state& carried, const position& where) {
  try {
    instance_->load_state(carried.state);
  } catch (const std::exception& why) {
    return error{errc::internal, event_text(where.last_event) +
                                     ": the saved state cannot be decoded: " + why.what()};
  }
  where_ = where;
  created_ = carried.created;
  timers_started_ = carried.timers_started;
  reminders_.clear();
  for (auto& each : carried.reminders) reminders_.emplace(each.name, each);
  delayed_ = carried.delayed;
  window_ = {};
  for (auto& each : carried.idempotency) window_.add(each);
  state_size_ = measured_state_size_ = carried.state.size();
  return std::nullopt;
}

std::optional<error> machine::replay(const record& step) {
  if (auto* continued = std::get_if<run_continued>(&step.what)) {
    return restore(continued->carried, {step.run, step.event, step.last_event(), step.time, 0});
  }
  if (step.event != where_.last_event + 1) {
    return error{errc::internal, "history has a gap: " + event_text(where_.last_event) +
                                     " is followed by " + event_text(step.event)};
  }
  record mine{step.run, step.event, step.time, step.what, step.once, {}, {}};
  if (auto why = execute(mine, false)) {
    return error{errc::nondeterministic, event_text(step.event) + ": expected " +
                                             describe(step.what) + " to be accepted, got " +
                                             std::string(to_string(why->code)) + ": " +
                                             why->detail};
  }
  if (auto difference = compare(step, mine)) return difference;
  advance(step);
  if (step.state_digest && *step.state_digest != digest(state())) {
    return error{
        errc::nondeterministic,
        event_text(step.last_event()) + ": expected the state to have the recorded digest " +
            std::to_string(*step.state_digest) + ", got " + std::to_string(digest(state())) +
            " (the commands agree; a handler changes state differently)"};
  }
  return std::nullopt;
}

// -- steps ----------------------------------------------------------------------------------------

outcome machine::handle_signal(message what, timestamp now) {
  if (what.delay > duration::zero()) {
    const auto due = std::max(now, where_.last_time) + what.delay;
    return take(signal_delayed{what.method, std::move(what.params), due}, &what, false, now);
  }
  return take(signal_received{what.method, std::move(what.params)}, &what, false, now);
}

outcome machine::handle_update(message what, timestamp now) {
  return take(update_accepted{what.method, std::move(what.params)}, &what, true, now);
}

outcome machine::terminate(std::string reason, timestamp now) {
  return take(terminated{std::move(reason)}, nullptr, false, now);
}

outcome machine::take(input what, message* from, bool is_update, timestamp now) {
  std::optional<idempotency> once;
  if (from && !from->key.empty()) {
    const auto meaning = std::visit(
        [](auto& in) -> std::uint64_t {
          if constexpr (requires {
                          in.params;
                          in.method;
                        })
            return message_digest(in.method, in.params);
          return 0;
        },
        what);
    window_.prune(std::max(now, where_.last_time) - limits_.idempotency_time,
                  limits_.idempotency_keys);
    if (auto* seen = window_.find(from->key)) {
      if (seen->digest != meaning) {
        return refused{{errc::idempotency_conflict, "the idempotency key \"" + from->key +
                                                        "\" came with another message before (" +
                                                        event_text(seen->event) +
                                                        "): use a new key for a new message"}};
      }
      return repeated{seen->event, seen->run, seen->is_update, seen->outcome};
    }
    once = idempotency{std::move(from->key), meaning};
  }
  if (terminated_) {
    return refused{
        {errc::completed, to_string(self_) + " was terminated and takes no more messages"}};
  }
  if (from) {
    if (auto full = check_room()) return refused{std::move(*full)};
  }
  auto step = begin(std::move(what), now);
  step.once = std::move(once);
  if (auto why = execute(step, true)) {
    return refused{std::move(*why), std::exchange(state_lost_, false)};
  }
  advance(step);
  return accepted{std::move(step)};
}

std::optional<record> machine::fire(timestamp now) {
  auto first_reminder = earliest(reminders_);
  auto first_delayed = earliest_due(delayed_);
  const waiter* first_timer = nullptr;
  for (auto& each : handlers_.waiting()) {
    if (each.timer && (!first_timer || each.due < first_timer->due)) first_timer = &each;
  }
  // Equal times: timers, then reminders, then delayed signals.
  std::optional<std::pair<timestamp, input>> next;
  auto offer = [&](timestamp due, auto make) {
    if (due <= now && (!next || due < next->first)) next.emplace(due, make());
  };
  if (first_timer) offer(first_timer->due, [&] { return timer_fired{first_timer->timer}; });
  if (first_reminder)
    offer(first_reminder->due, [&] { return reminder_fired{first_reminder->name}; });
  if (first_delayed != delayed_.end()) {
    offer(first_delayed->due, [&] { return delayed_signal_due{first_delayed->accepted}; });
  }
  if (!next) return std::nullopt;
  auto step = begin(std::move(next->second), now);
  execute(step, false);  // an unattended handler's failure is part of the step
  advance(step);
  return step;
}

record machine::continue_as_new(timestamp now) {
  auto step = begin(run_continued{carry()}, now);
  step.run = where_.run + 1;
  where_.run = step.run;
  where_.run_began = step.event;
  where_.run_bytes = 0;
  where_.last_event = step.event;
  where_.last_time = step.time;
  return step;
}

result<bytes> machine::query(std::uint16_t method, bytes_view params, timestamp now) {
  auto* asked = contract().find(method);
  turn_time_ = std::max(now, where_.last_time);
  try {
    return instance_->run_query(*asked, params);
  } catch (const rejected& why) {
    return error{errc::rejected, why.what()};
  } catch (const failure& why) {
    return why.why();
  } catch (const std::exception& why) {
    return error{errc::internal, to_string(self_) + " " + std::string(asked->name) + " threw (" +
                                     std::string(asked->source) + "): " + why.what()};
  }
}

// -- what is known --------------------------------------------------------------------------------

std::optional<timestamp> machine::next_due() const {
  std::optional<timestamp> first;
  auto offer = [&](timestamp due) {
    if (!first || due < *first) first = due;
  };
  for (auto& [name, each] : reminders_) offer(each.due);
  for (auto& each : delayed_) offer(each.due);
  for (auto& each : handlers_.waiting()) {
    if (each.timer) offer(each.due);
  }
  return first;
}

std::vector<waiter> machine::timers() const {
  std::vector<waiter> all;
  for (auto& each : handlers_.waiting()) {
    if (each.timer) all.push_back(each);
  }
  return all;
}

bytes machine::state() const {
  auto saved = canonical(instance_->save_state()).value();
  state_size_ = measured_state_size_ = saved.size();
  return saved;
}

bool machine::state_is_small() const {
  const auto limit = limits_.copied_state_bytes;
  // The estimate only grows between measurements: measure before believing that it is too large.
  if (state_size_ > limit && measured_state_size_ <= limit) state();
  return state_size_ <= limit;
}

carried_state machine::carry() const {
  carried_state all;
  all.state = state();
  all.created = created_;
  all.timers_started = timers_started_;
  for (auto& [name, each] : reminders_) all.reminders.push_back(each);
  all.delayed = delayed_;
  all.idempotency = window_.entries();
  return all;
}

// -- a step ---------------------------------------------------------------------------------------

std::optional<error> machine::check_room() const {
  if (run_events() >= limits_.history_events || where_.run_bytes >= limits_.history_bytes) {
    std::string waiting;
    for (auto& each : handlers_.running()) {
      auto* method = contract().find(each.method);
      if (waiting.empty() && method)
        waiting = std::string(method->name) + " (" + event_text(each.started_by) + ")";
    }
    return error{errc::history_full,
                 to_string(self_) + " has " + std::to_string(run_events()) +
                     " events in this run and cannot continue as new while " +
                     (waiting.empty() ? "a step is under way" : waiting + " is suspended") +
                     ": try again when it has ended"};
  }
  if (handlers_.size() >= limits_.suspended_handlers) {
    return error{errc::overloaded, to_string(self_) + " has " + std::to_string(handlers_.size()) +
                                       " suspended handlers, the limit: try again later"};
  }
  if (state_size_ > limits_.state_bytes && state().size() > limits_.state_bytes) {
    return error{errc::too_large, to_string(self_) + " has a state of " +
                                      std::to_string(state_size_) + " bytes; the limit is " +
                                      std::to_string(limits_.state_bytes)};
  }
  return std::nullopt;
}

record machine::begin(input what, timestamp now) const {
  record step;
  step.run = where_.run;
  step.event = where_.last_event + 1;
  step.time = std::max(now, where_.last_time);
  step.what = std::move(what);
  return step;
}

std::optional<error> machine::execute(record& step, bool refusable) {
  turn_ = &step;
  turn_time_ = step.time;
  turn_started_by_ = step.event;
  drawn_ = 0;
  if (where_.last_event == 0) created_ = step.time;
  auto why = std::visit([&](auto& what) { return run(step, what, refusable); }, step.what);
  if (!why) settle();
  turn_ = nullptr;
  return why;
}

void machine::advance(const record& step) {
  apply_timers(step);
  where_.last_event = step.last_event();
  where_.last_time = step.time;
  if (step.once) {
    auto* update = std::get_if<update_accepted>(&step.what);
    window_.add({step.once->key, step.once->digest, step.event, step.run, step.time,
                 update != nullptr, std::nullopt, method_of(step.what)});
  }
  for (auto& each : step.commands) {
    if (auto* ended = std::get_if<update_ended>(&each))
      window_.settle(ended->update, ended->outcome);
  }
}

std::optional<error> machine::run(record&, const signal_received& what, bool refusable) {
  return call_signal(what.method, what.params, refusable);
}

std::optional<error> machine::run(record& step, const update_accepted& what, bool refusable) {
  turn_method_ = what.method;
  state_size_ += what.params.size();
  return atomically(refusable, [&] {
    auto body = instance_->run_update(*contract().find(what.method), what.params);
    body.start();
    if (body.done()) {
      order(update_ended{step.event, {update_outcome::kind::completed, body.take(), {}}});
    } else {
      handlers_.add({step.event, what.method, std::move(body)});
    }
  });
}

std::optional<error> machine::run(record& step, const signal_delayed& what, bool) {
  if (timer_count() >= limits_.timers) {
    return error{errc::overloaded, to_string(self_) + " has " + std::to_string(timer_count()) +
                                       " timers, the limit: try again later"};
  }
  delayed_.push_back({step.event, what.method, what.params, what.due});
  return std::nullopt;
}

std::optional<error> machine::run(record&, const timer_fired& what, bool) {
  auto fired = handlers_.take(what.timer);
  if (!fired) return error{errc::nondeterministic, "nothing waits for this timer"};
  resume(*fired, false);
  return std::nullopt;
}

std::optional<error> machine::run(record& step, const reminder_fired& what, bool) {
  auto found = reminders_.find(what.name);
  if (found == reminders_.end()) return error{errc::nondeterministic, "no such reminder is set"};
  const auto fired = std::move(found->second);
  reminders_.erase(found);
  run_unattended(fired.signal, fired.params, step.event);
  return std::nullopt;
}

std::optional<error> machine::run(record&, const delayed_signal_due& what, bool) {
  auto found = std::find_if(delayed_.begin(), delayed_.end(),
                            [&](auto& each) { return each.accepted == what.accepted; });
  if (found == delayed_.end()) return error{errc::nondeterministic, "no such signal is delayed"};
  const auto due = std::move(*found);
  delayed_.erase(found);
  run_unattended(due.signal, due.params, due.accepted);
  return std::nullopt;
}

std::optional<error> machine::run(record&, const run_continued&, bool) {
  return error{errc::nondeterministic, "a run begins in the middle of a run"};
}

std::optional<error> machine::run(record&, const terminated& what, bool) {
  for (auto& each : handlers_.running()) {
    if (!each.is_update()) continue;
    order(update_ended{
        each.started_by,
        {update_outcome::kind::failed, {}, "the entity was terminated: " + what.reason}});
  }
  handlers_.clear();
  reminders_.clear();
  delayed_.clear();
  terminated_ = true;
  return std::nullopt;
}

// -- handlers -------------------------------------------------------------------------------------

/// Runs `body`; when it throws, takes back what it did and returns why.
template <class Body>
std::optional<error> machine::atomically(bool refusable, Body body) {
  const mark before{turn_->commands.size(), handlers_.size(), handlers_.next_waiter(),
                    timers_started_, drawn_};
  const bool kept = !refusable || state_is_small();
  if (kept) instance_->keep_state();
  std::optional<error> why;
  try {
    body();
    return why;
  } catch (const rejected& refusal) {
    why = error{errc::rejected, refusal.what()};
  } catch (const failure& failed) {
    why = failed.why();
  } catch (const std::exception& bug) {
    auto* method = contract().find(turn_method_);
    why = error{errc::internal, to_string(self_) + " " + std::string(method->name) + " threw (" +
                                    std::string(method->source) + "): " + bug.what()};
  } catch (...) {
    why = error{errc::internal, to_string(self_) + " threw what is no std::exception"};
  }
  turn_->commands.resize(before.commands);
  handlers_.roll_back(before.handlers, before.waiters);
  timers_started_ = before.timers;
  drawn_ = before.drawn;
  if (kept)
    instance_->restore_state();
  else
    state_lost_ = true;
  return why;
}

std::optional<error> machine::call_signal(std::uint16_t method, bytes_view params, bool refusable) {
  turn_method_ = method;
  state_size_ += params.size();
  return atomically(refusable, [&] { instance_->run_signal(*contract().find(method), params); });
}

void machine::run_unattended(std::uint16_t method, bytes_view params, event_number started_by) {
  if (auto why = call_signal(method, params, false)) {
    order(handler_failed{started_by, why->detail});
  }
}

void machine::resume(waiter whom, bool held) {
  turn_method_ = whom.method;
  turn_started_by_ = whom.started_by;
  if (whom.held) *whom.held = held;
  whom.coroutine.resume();
}

void machine::settle() {
  finish_handlers();
  while (auto ready = handlers_.take_ready()) {
    if (ready->timer) order(timer_cancelled{ready->timer});
    resume(*ready, true);
    finish_handlers();
  }
}

void machine::finish_handlers() {
  for (auto& each : handlers_.take_finished()) {
    try {
      if (auto* update = std::get_if<task<bytes>>(&each.body)) {
        order(update_ended{each.started_by, {update_outcome::kind::completed, update->take(), {}}});
      } else {
        std::get<task<void>>(each.body).take();
      }
    } catch (const std::exception& why) {
      if (each.is_update()) {
        order(update_ended{each.started_by, {update_outcome::kind::failed, {}, why.what()}});
      } else {
        order(handler_failed{each.started_by, why.what()});
      }
    }
  }
}

void machine::apply_timers(const record& step) {
  for (auto& each : step.commands) {
    if (auto* set = std::get_if<reminder_set>(&each)) {
      reminders_.insert_or_assign(set->set.name, set->set);
    } else if (auto* cancelled = std::get_if<reminder_cancelled>(&each)) {
      reminders_.erase(cancelled->name);
    }
  }
}

void machine::order(command what) { turn_->commands.push_back(std::move(what)); }

// -- context --------------------------------------------------------------------------------------

std::uint64_t machine::random() {
  // Counter-based: what is drawn depends on who draws, in which event, and how often before. The
  // time of creation tells lives of one id apart.
  const std::uint64_t place[] = {static_cast<std::uint64_t>(created_.time_since_epoch().count()),
                                 turn_->event, drawn_++};
  return digest(std::as_bytes(std::span{place}), digest(as_bytes_view(to_string(self_))));
}

void machine::spawn(task<> body) {
  const auto method = turn_method_;
  const auto started_by = turn_started_by_;
  body.start();
  if (body.done()) return body.take();
  handlers_.add({started_by, method, std::move(body)});
}

timer_number machine::start_timer(duration time) {
  if (timer_count() >= limits_.timers) {
    throw failure({errc::overloaded, to_string(self_) + " has " + std::to_string(timer_count()) +
                                         " timers, the limit"});
  }
  order(timer_started{++timers_started_, turn_time_ + std::max(time, duration::zero())});
  return timers_started_;
}

void machine::wait_for(waiter where, duration time) {
  if (time != forever) {
    where.timer = start_timer(time);
    where.due = turn_time_ + std::max(time, duration::zero());
  }
  where.method = turn_method_;
  where.started_by = turn_started_by_;
  handlers_.wait(std::move(where));
}

void machine::set_reminder(reminder what) {
  if (timer_count() >= limits_.timers && !reminders_.contains(what.name)) {
    throw failure({errc::overloaded, to_string(self_) + " has " + std::to_string(timer_count()) +
                                         " timers, the limit"});
  }
  order(reminder_set{std::move(what)});
}

void machine::cancel_reminder(std::string_view name) {
  order(reminder_cancelled{std::string(name)});
}

std::size_t machine::timer_count() const {
  return reminders_.size() + delayed_.size() +
         static_cast<std::size_t>(std::count_if(handlers_.waiting().begin(),
                                                handlers_.waiting().end(),
                                                [](auto& each) { return each.timer != 0; }));
}

}  // namespace perdure::core
