#include "entities/machine.h"

#include <algorithm>
#include <type_traits>
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

std::string event_text(event_number event) { return "event " + std::to_string(event); }

/// Whether the code did what history says. What it answers may differ, as its contract gains fields
/// and its messages better words: whoever asked has the answer of then.
struct same_command {
  template <class T>
  bool operator()(const T& recorded, const T& now) const {
    return recorded == now;
  }
  bool operator()(const update_ended& recorded, const update_ended& now) const {
    return recorded.update == now.update && recorded.outcome.how == now.outcome.how;
  }
  bool operator()(const main_ended& recorded, const main_ended& now) const {
    return recorded.status == now.status;
  }
  bool operator()(const handler_failed& recorded, const handler_failed& now) const {
    return recorded.started_by == now.started_by;
  }
  template <class T, class U>
  bool operator()(const T&, const U&) const {
    return false;
  }
};

/// Compares what the code did with what history says; the event number of the first difference is
/// part of the detail.
std::optional<error> compare(const record& recorded, const record& now) {
  const auto common = std::min(recorded.commands.size(), now.commands.size());
  for (std::size_t i = 0; i <= common; ++i) {
    const bool expected = i < recorded.commands.size();
    const bool got = i < now.commands.size();
    if (!expected && !got) break;
    if (expected && got && std::visit(same_command{}, recorded.commands[i], now.commands[i]))
      continue;
    return error{errc::nondeterministic,
                 event_text(recorded.event + 1 + i) + " (caused by " + event_text(recorded.event) +
                     ", " + describe(recorded.what) + "): expected " +
                     (expected ? describe(recorded.commands[i]) : "nothing") + ", got " +
                     (got ? describe(now.commands[i]) : "nothing")};
  }
  return std::nullopt;
}

}  // namespace

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
  handlers_.clear();
  where_ = where;
  created_ = carried.created;
  reset_at_ = carried.reset_at;
  timers_started_ = carried.timers_started;
  reminders_.clear();
  for (auto& each : carried.reminders) reminders_.emplace(each.name, each);
  delayed_ = carried.delayed;
  window_ = {};
  for (auto& each : carried.idempotency) window_.add(each);
  activities_.clear();
  outbox_.clear();
  for (auto& each : carried.outbox) outbox_.emplace(each.number, each);
  inbox_.clear();
  for (auto& each : carried.inbox) inbox_.emplace(each.sender, each);
  children_ = carried.children;
  attributes_ = carried.attributes;
  main_ = carried.main ? std::make_unique<started_main>(*carried.main) : nullptr;
  status_ = carried.status;
  paused_ = carried.paused;
  at_continue_point_ = false;
  settled_.clear();
  state_size_ = measured_state_size_ = carried.state.size();
  carried_bytes_ = size_of(carried);
  return std::nullopt;
}

std::optional<error> machine::replay(const record& step) {
  if (auto* reset = std::get_if<run_reset>(&step.what)) {
    for (auto& each : reset->history) {
      if (auto why = replay(each)) return why;
    }
    where_ = {step.run, step.event, step.last_event(), step.time, 0};
    reset_at_ = std::max(step.time, life() + duration{1});
    return std::nullopt;
  }
  if (auto* continued = std::get_if<run_continued>(&step.what)) {
    const position before{step.run, step.event, step.event - 1, step.time, 0};
    if (auto why = restore(continued->carried, before)) return why;
  }
  if (step.event != where_.last_event + 1) {
    return error{errc::internal, "history has a gap: " + event_text(where_.last_event) +
                                     " is followed by " + event_text(step.event)};
  }
  record mine{step.run,  step.event,       step.time,    step.what, step.once,
              step.from, step.traceparent, step.settles, {},        {}};
  replayed_ = &step;
  broken_.reset();
  auto why = execute(mine, false);
  replayed_ = nullptr;
  if (auto broken = std::move(broken_)) return std::move(*broken);
  if (why) {
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
  const auto meaning = message_digest(what.method, what.params);
  if (auto seen = seen_before(what, meaning, now)) return std::move(*seen);
  if (what.delay > duration::zero() || paused_) {
    const auto due = later(std::max(now, where_.last_time), what.delay);
    return take(signal_delayed{what.method, std::move(what.params), due}, &what, meaning, now);
  }
  return take(signal_received{what.method, std::move(what.params)}, &what, meaning, now);
}

outcome machine::handle_update(message what, timestamp now) {
  const auto meaning = message_digest(what.method, what.params);
  if (auto seen = seen_before(what, meaning, now)) return std::move(*seen);
  if (paused_) return refused{paused_error()};
  return take(update_accepted{what.method, std::move(what.params)}, &what, meaning, now);
}

outcome machine::handle_start(message what, timestamp now) {
  const auto meaning = message_digest(what.method, what.params);
  if (auto seen = seen_before(what, meaning, now)) return std::move(*seen);
  auto exists = [&](const std::string& why) {
    return refused{{errc::already_exists, to_string(self_) + why}};
  };
  if (!has_ended()) {
    if (main_) {
      if (what.start.when_running == id_conflict::use_existing) {
        if (!what.from && what.key.empty()) {
          return repeated{main_->started, where_.run, false, {}, true};
        }
        // Sent again after the end, it must not start anew.
        return take(settled{}, &what, meaning, now);
      }
      return exists(" is running already");
    }
    if (paused_) return refused{paused_error()};
    return take(main_started{what.method, std::move(what.params), what.start, what.as_child}, &what,
                meaning, now);
  }
  if (what.start.when_ended == id_reuse::reject) return exists(" has run already");
  if (what.start.when_ended == id_reuse::after_failure && status_ == life_status::completed) {
    return exists(" has completed already");
  }
  // A new run, with nothing of the old one but what others rely on.
  auto fresh = type_.make();
  carried_state carried;
  carried.state = canonical(fresh->save_state()).value();
  carried.created = created_;
  carried.reset_at = reset_at_;
  carried.timers_started = timers_started_;
  carried.idempotency = window_.entries();
  for (auto& [number, each] : outbox_) carried.outbox.push_back(each);
  for (auto& [sender, each] : inbox_) carried.inbox.push_back(each);
  auto step = begin(run_continued{}, now);
  step.run = where_.run + 1;
  step.from = std::move(what.from);
  step.traceparent = std::move(what.traceparent);
  if (!what.key.empty()) step.once = idempotency{std::move(what.key), meaning};
  carried.main = make_main(step, {what.method, std::move(what.params), what.start, what.as_child});
  const position before{step.run, step.event, step.event - 1, where_.last_time, 0};
  if (auto why = restore(carried, before)) return refused{std::move(*why), true};
  step.what = run_continued{std::move(carried)};
  auto taken = take(std::move(step), true);
  if (auto* refusal = std::get_if<refused>(&taken)) refusal->state_lost = true;
  return taken;
}

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

outcome machine::end_activity(event_number activity, call_outcome how, timestamp now) {
  if (!activities_.contains(activity)) {
    return refused{{errc::completed, to_string(self_) + " waits for no activity of " +
                                         event_text(activity) + " (any more)"}};
  }
  if (paused_) return refused{paused_error()};
  return take(begin(activity_ended{activity, std::move(how)}, now), true);
}

outcome machine::take_reply(event_number message, call_outcome how, timestamp now) {
  if (!outbox_.contains(message)) {
    return refused{{errc::completed, to_string(self_) + " waits for no answer to " +
                                         event_text(message) + " (any more)"}};
  }
  if (paused_) return refused{paused_error()};
  return take(begin(reply_received{message, std::move(how)}, now), true);
}

void machine::delivered(event_number message) {
  if (outbox_.erase(message)) settled_.push_back(message);
}

std::optional<record> machine::settle_messages(timestamp now) {
  if (settled_.empty()) return std::nullopt;
  auto taken = take(begin(settled{}, now), true);
  return std::move(std::get<accepted>(taken).step);
}

void machine::forget(const entity_id& sender, timestamp life, event_number number) {
  auto found = inbox_.find(sender);
  if (found == inbox_.end() || found->second.life != life) return;
  auto& taken = found->second;
  // A request that is not answered yet is waited for, whatever the sender knows of it.
  std::erase_if(taken.requests, [&](auto& each) { return each.number <= number; });
  if (!taken.requests.empty() || taken.last > number) return;
  settled_.push_back(taken.event);
  inbox_.erase(found);
}

outcome machine::take(input what, message* from, std::uint64_t meaning, timestamp now) {
  if (auto why = check_open()) return refused{std::move(*why)};
  if (auto full = check_room()) return refused{std::move(*full)};
  if (from->from && !inbox_.contains(from->from->sender) && inbox_.size() >= limits_.senders) {
    return refused{{errc::overloaded, to_string(self_) + " has messages of " +
                                          std::to_string(inbox_.size()) +
                                          " senders that are not settled, the limit"}};
  }
  auto step = begin(std::move(what), now);
  if (!from->key.empty()) step.once = idempotency{std::move(from->key), meaning};
  step.from = std::move(from->from);
  step.traceparent = std::move(from->traceparent);
  const bool too_large = state_size_ > limits_.state_bytes && state().size() > limits_.state_bytes;
  const auto size = state_size_;
  auto taken = take(std::move(step), true);
  if (contract().state_nests && std::holds_alternative<accepted>(taken)) {
    if (auto why = check_depth()) return refused{std::move(*why), true};
  }
  // What makes it smaller is the way out.
  if (!too_large || !std::holds_alternative<accepted>(taken) || state().size() < size) return taken;
  return refused{
      {errc::too_large, to_string(self_) + " has a state of " + std::to_string(size) +
                            " bytes; the limit is " + std::to_string(limits_.state_bytes) +
                            ": it takes only what makes it smaller"},
      true};
}

outcome machine::take(record step, bool refusable) {
  step.settles = settled_;
  if (auto why = execute(step, refusable)) {
    return refused{std::move(*why), std::exchange(state_lost_, false)};
  }
  settled_.clear();
  advance(step);
  return accepted{std::move(step)};
}

std::optional<outcome> machine::seen_before(const message& what, std::uint64_t meaning,
                                            timestamp now) {
  if (what.from) return seen_before(*what.from);
  if (what.key.empty()) return std::nullopt;
  window_.prune(std::max(now, where_.last_time) - limits_.idempotency_time,
                limits_.idempotency_keys);
  auto* seen = window_.find(what.key);
  if (!seen) return std::nullopt;
  if (seen->digest != meaning) {
    return refused{{errc::idempotency_conflict,
                    "the idempotency key \"" + what.key + "\" came with another message before (" +
                        event_text(seen->event) + "): use a new key for a new message"}};
  }
  auto* main = contract().main();
  return repeated{seen->joined != 0 ? seen->joined : seen->event, seen->run, seen->is_update,
                  seen->outcome, main && seen->method == main->ordinal};
}

std::optional<outcome> machine::seen_before(const origin& from) const {
  auto found = inbox_.find(from.sender);
  if (found == inbox_.end() || found->second.life < from.life) return std::nullopt;
  auto& taken = found->second;
  if (from.life == taken.life && from.number > taken.last) return std::nullopt;
  for (auto& each : taken.requests) {
    if (each.number == from.number) {
      const bool is_start = each.is_start;
      return repeated{each.event, each.run, !is_start, each.outcome, is_start};
    }
  }
  return repeated{where_.last_event, where_.run, false, {}, false};
}

result<std::optional<record>> machine::fire(timestamp now) {
  if (paused_) return std::optional<record>();
  auto first_reminder = earliest(reminders_);
  auto first_delayed = earliest_due(delayed_);
  const waiter* first_timer = nullptr;
  for (auto& each : handlers_.waiting()) {
    if (each.timer && (!first_timer || each.due < first_timer->due)) first_timer = &each;
  }
  // Equal times: timers, reminders, delayed signals, the delayed start, deadlines.
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
  if (main_ && !main_->outcome) {
    if (main_->due) offer(*main_->due, [] { return main_due{}; });
    if (auto due = main_->run_deadline) offer(*due, [] { return deadline_passed{true}; });
    if (auto due = main_->execution_deadline) offer(*due, [] { return deadline_passed{false}; });
  }
  if (!next) return std::optional<record>();
  // An unattended handler's failure is part of the step.
  auto taken = take(begin(std::move(next->second), now), false);
  return std::optional<record>(std::move(std::get<accepted>(taken).step));
}

record machine::continue_as_new(timestamp now) {
  auto carried = carry();
  auto step = begin(run_continued{}, now);
  step.run = where_.run + 1;
  if (carried.main && carried.main->options.run_timeout > no_limit && !carried.main->outcome) {
    carried.main->run_deadline = later(step.time, carried.main->options.run_timeout);
  }
  const position before{step.run, step.event, step.event - 1, where_.last_time, 0};
  restore(carried, before);
  step.what = run_continued{std::move(carried)};
  execute(step, false);
  advance(step);
  return step;
}

record machine::reset(std::vector<record> history, event_number to, std::string reason,
                      timestamp now, timestamp) {
  record step;
  step.run = history.back().run + 1;
  step.event = history.back().last_event() + 1;
  step.time = std::max(now, history.back().time);
  // The run may itself begin with a reset: what it went back to comes first.
  std::vector<record> kept;
  for (auto& each : history) {
    if (each.event > to) break;
    if (auto* before = std::get_if<run_reset>(&each.what)) {
      for (auto& old : before->history) kept.push_back(std::move(old));
    } else {
      kept.push_back(std::move(each));
    }
  }
  step.what = run_reset{to, std::move(reason), std::move(kept), {}};
  return step;
}

outcome machine::handle_result(origin, timestamp) { return refused{}; }
bool machine::has_delayed_due(timestamp now) const {
  return !paused_ && std::ranges::any_of(delayed_, [&](auto& each) { return each.due <= now; });
}
record machine::record_state(timestamp now) {
  auto taken = take(begin(settled{}, now), true);
  return std::move(std::get<accepted>(taken).step);
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
  } catch (...) {
    return error{errc::internal, to_string(self_) + " threw what is no std::exception"};
  }
}

// -- what is known --------------------------------------------------------------------------------

std::optional<timestamp> machine::next_due() const {
  std::optional<timestamp> first;
  if (paused_) return first;
  auto offer = [&](timestamp due) {
    if (!first || due < *first) first = due;
  };
  for (auto& [name, each] : reminders_) offer(each.due);
  for (auto& each : delayed_) offer(each.due);
  for (auto& each : handlers_.waiting()) {
    if (each.timer) offer(each.due);
  }
  if (main_ && !main_->outcome) {
    if (main_->due) offer(*main_->due);
    if (main_->run_deadline) offer(*main_->run_deadline);
    if (main_->execution_deadline) offer(*main_->execution_deadline);
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

std::optional<error> machine::check_depth() const {
  try {
    state();
    return std::nullopt;
  } catch (const failure& why) {
    return error{why.why().code, to_string(self_) + " would have a state that cannot be saved: " +
                                     why.why().detail};
  }
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
  all.reset_at = reset_at_;
  all.timers_started = timers_started_;
  for (auto& [name, each] : reminders_) all.reminders.push_back(each);
  all.delayed = delayed_;
  all.idempotency = window_.entries();
  for (auto& [number, each] : outbox_) all.outbox.push_back(each);
  for (auto& [sender, each] : inbox_) all.inbox.push_back(each);
  all.children = children_;
  all.attributes = attributes_.get();
  all.status = status_;
  all.paused = paused_;
  if (main_) all.main = *main_;
  return all;
}

// -- a step ---------------------------------------------------------------------------------------

error machine::paused_error() const {
  return {errc::unavailable, to_string(self_) + " is paused: try again when it has been resumed"};
}

std::optional<error> machine::check_open() const {
  auto ended = [&](const char* how) {
    return error{errc::completed, to_string(self_) + " was " + how + " and takes no more messages"};
  };
  switch (status_) {
    case life_status::running:
      return std::nullopt;
    case life_status::terminated:
      return ended("terminated");
    case life_status::completed:
      return error{errc::completed, to_string(self_) + " has completed and takes no more messages"};
    case life_status::failed:
      return error{errc::completed, to_string(self_) + " has failed and takes no more messages"};
    case life_status::cancelled:
      return ended("cancelled");
  }
  return std::nullopt;
}

/// A parent ends its own children: an id it has started, or wanted to, may be somebody else's now.
std::optional<error> machine::check_parent(const sender& from, bool as_parent) const {
  if (!as_parent || (main_ && main_->parent && *main_->parent == from->sender)) return std::nullopt;
  return error{errc::completed, to_string(self_) + " is no child of " + to_string(from->sender)};
}

std::optional<error> machine::check_room() const {
  if (run_events() >= limits_.history_events || where_.run_bytes >= limits_.history_bytes) {
    std::string waiting;
    for (auto& each : handlers_.running()) {
      auto* method = contract().find(each.method());
      if (waiting.empty() && method)
        waiting = std::string(method->name) + " (" + event_text(each.started_by()) + ")";
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
  drawn_ = 0;
  if (where_.last_event == 0) created_ = step.time;
  auto why = std::visit([&](auto& what) { return run(step, what, refusable); }, step.what);
  if (!why) settle();
  turn_ = nullptr;
  turn_scope_ = nullptr;
  return why;
}

void machine::advance(const record& step) {
  for (auto each : step.settles) {
    if (outbox_.erase(each)) continue;
    inbox_.erase_if([&](auto& taken) { return taken.second.event == each; });
  }
  if (std::holds_alternative<run_continued>(step.what)) {
    where_.run = step.run;
    where_.run_began = step.event;
    where_.run_bytes = 0;
  }
  note_taken(step);
  auto number = step.event;
  for (auto& each : step.commands) apply(step, ++number, each);
  where_.last_event = step.last_event();
  where_.last_time = step.time;
}

/// Remembers what must not be taken twice.
void machine::note_taken(const record& step) {
  const bool is_update = std::holds_alternative<update_accepted>(step.what);
  const bool joins = is_join(step);
  const bool is_start = joins || std::holds_alternative<main_started>(step.what) ||
                        std::holds_alternative<run_continued>(step.what);
  if (step.once) {
    const auto method = std::visit(
        [&](auto& in) -> std::uint16_t {
          if constexpr (requires { in.method; }) return in.method;
          return is_start ? contract().main()->ordinal : 0;
        },
        step.what);
    window_.add({step.once->key, step.once->digest, step.event, step.run, step.time, is_update,
                 std::nullopt, method, joins ? main_->started : 0});
  }
  if (step.from) {
    auto& taken = inbox_[step.from->sender];
    if (taken.life != step.from->life) taken = {step.from->sender, step.from->life, 0, {}, 0};
    taken.last = step.from->number;
    taken.event = step.event;
    if (is_update || is_start) {
      taken.requests.push_back(
          {step.from->number, answered_by_end_of(step), step.run, is_start, std::nullopt});
    }
  }
}

void machine::apply(const record& step, event_number number, const command& what) {
  auto settle_request = [&](event_number accepted, const update_outcome& how) {
    window_.settle(accepted, how);
    for (auto& [sender, taken] : inbox_) {
      for (auto& each : taken.requests) {
        if (each.event == accepted) each.outcome = how;
      }
    }
  };
  std::visit(
      [&](auto& each) {
        using kind = std::decay_t<decltype(each)>;
        if constexpr (std::is_same_v<kind, reminder_set>) {
          if (!has_ended()) reminders_.insert_or_assign(each.set.name, each.set);
        } else if constexpr (std::is_same_v<kind, reminder_cancelled>) {
          reminders_.erase(each.name);
        } else if constexpr (std::is_same_v<kind, update_ended>) {
          settle_request(each.update, each.outcome);
        } else if constexpr (std::is_same_v<kind, activity_scheduled>) {
          activities_.emplace(number,
                              pending_activity{number, step.time, each.activities, each.activity,
                                               each.params, each.options, each.traceparent});
        } else if constexpr (std::is_same_v<kind, activity_cancelled>) {
          auto found = activities_.find(each.activity);
          // One that is waited for all the same ends by its outcome.
          if (found != activities_.end() &&
              (has_ended() || found->second.options.on_cancel != cancellation::wait)) {
            activities_.erase(found);
          }
        } else if constexpr (std::is_same_v<kind, message_sent>) {
          outbox_.emplace(number, each.message);
          if (each.message.starts_child() && !has_ended() &&
              each.message.start.on_parent_close != parent_close::abandon) {
            children_.push_back({number, each.message.target, each.message.start.on_parent_close});
          }
        } else if constexpr (std::is_same_v<kind, attribute_set>) {
          if (each.value)
            attributes_.insert_or_assign(each.name, *each.value);
          else
            attributes_.erase(each.name);
        } else if constexpr (std::is_same_v<kind, main_ended>) {
          main_->outcome = each.outcome;
          settle_request(main_->started, each.outcome);
        }
      },
      what);
}

// -- inputs ---------------------------------------------------------------------------------------

std::optional<error> machine::run(record& step, const signal_received& what, bool refusable) {
  auto scope = make_scope(step.event, what.method);
  return call_signal(*scope, what.params, refusable);
}

std::optional<error> machine::run(record& step, const update_accepted& what, bool refusable) {
  auto scope = make_scope(step.event, what.method);
  if (step.from) scope->chain = step.from->chain;
  return begin_call(step, std::move(scope), what.params, refusable);
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
  fired->to->held = false;
  resume(*fired);
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

std::optional<error> machine::run(record& step, const run_continued&, bool refusable) {
  if (!main_ || main_->outcome || main_->due) return std::nullopt;
  auto why = begin_main(step, refusable);
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
  main_ = std::make_unique<started_main>(make_main(step, what));
  if (main_->due) return std::nullopt;
  auto why = begin_main(step, refusable);
  if (why) main_.reset();
  return why;
}

std::optional<error> machine::run(record& step, const main_due&, bool refusable) {
  if (!main_ || !main_->due) return error{errc::nondeterministic, "no main waits for its time"};
  main_->due.reset();
  if (auto why = begin_main(step, refusable)) {
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

std::optional<error> machine::run(record&, const activity_ended& what, bool) {
  if (!activities_.erase(what.activity)) {
    return error{errc::nondeterministic, "no such activity is pending"};
  }
  resume_call(what.activity, what.outcome);
  return std::nullopt;
}

std::optional<error> machine::run(record&, const reply_received& what, bool) {
  auto found = outbox_.find(what.message);
  if (found == outbox_.end()) return error{errc::nondeterministic, "no such message was sent"};
  // An accepted start is the beginning of a child, any other answer to one its end. One that is to
  // be abandoned is nobody's from here on.
  const bool goes_on = found->second.kind == message_kind::start && !what.outcome.why &&
                       found->second.start.on_parent_close != parent_close::abandon;
  outbox_.erase(found);
  if (!goes_on) std::erase_if(children_, [&](auto& each) { return each.number == what.message; });
  resume_call(what.message, what.outcome);
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
  return std::nullopt;
}

std::optional<error> machine::run(record&, const run_reset&, bool) {
  return error{errc::internal, "a reset is replayed, not run"};
}

std::optional<error> machine::run(record&, const settled&, bool) { return std::nullopt; }

bool machine::is_join(const record& step) {
  return std::holds_alternative<settled>(step.what) && (step.from || step.once);
}

started_main machine::make_main(const record& step, const main_started& what) {
  started_main main;
  main.method = what.method;
  main.params = what.params;
  main.started = step.event;
  main.options = what.options;
  if (what.as_child && step.from) main.parent = step.from->sender;
  main.began = step.time;
  if (what.options.delay > duration::zero()) main.due = later(step.time, what.options.delay);
  const auto begins = main.due.value_or(step.time);
  if (what.options.run_timeout > no_limit) {
    main.run_deadline = later(begins, what.options.run_timeout);
  }
  if (what.options.execution_timeout > no_limit) {
    main.execution_deadline = later(begins, what.options.execution_timeout);
  }
  return main;
}

}  // namespace perdure::core
