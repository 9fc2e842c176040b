// What handlers ask of the machine while they run.

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "entities/bounds.h"
#include "entities/machine.h"
#include "entities/payload.h"

namespace perdure::core {

std::uint64_t machine::random() {
  check_not_asking();
  // Counter-based: what is drawn depends on who draws, in which event, and how often before. The
  // time of creation tells lives of one id apart.
  const std::uint64_t place[] = {static_cast<std::uint64_t>(created_.time_since_epoch().count()),
                                 turn_->event, drawn_++};
  return digest(std::as_bytes(std::span{place}), digest(as_bytes_view(to_string(self_))));
}

void machine::spawn(task<> body) {
  check_not_asking();
  auto* spawner = turn_scope_;
  auto scope = make_scope(spawner->started_by, spawner->method);
  scope->traceparent = spawner->traceparent;
  // What a main spawns is cancelled with it.
  scope->parent = spawner->is_main ? spawner : spawner->parent;
  scope->replied = true;  // It answers nobody.
  body.run_in(scope.get());
  turn_scope_ = scope.get();
  body.start();
  turn_scope_ = spawner;
  handlers_.add({std::move(scope), std::move(body)});
}

// -- time -----------------------------------------------------------------------------------------

timer_number machine::start_timer(duration time) {
  if (timer_count() >= limits_.timers) {
    throw failure({errc::overloaded, to_string(self_) + " has " + std::to_string(timer_count()) +
                                         " timers, the limit"});
  }
  order(timer_started{++timers_started_, later(turn_time_, time)});
  return timers_started_;
}

void machine::wait_for(waiter where, duration time) {
  if (time != forever) {
    where.timer = start_timer(time);
    where.due = later(turn_time_, time);
  }
  handlers_.wait(std::move(where));
}

void machine::set_reminder(reminder what) {
  const bool known =
      reminders_.contains(what.name) || std::ranges::any_of(turn_->commands, [&](auto& each) {
        auto* before = std::get_if<reminder_set>(&each);
        return before && before->set.name == what.name;
      });
  if (!known && timer_count() >= limits_.timers) {
    throw failure({errc::overloaded, to_string(self_) + " has " + std::to_string(timer_count()) +
                                         " timers, the limit"});
  }
  order(reminder_set{std::move(what)});
}

void machine::cancel_reminder(std::string_view name) {
  order(reminder_cancelled{std::string(name)});
}

std::size_t machine::timer_count() const {
  std::size_t set_now = 0;
  if (turn_) {
    set_now = static_cast<std::size_t>(std::ranges::count_if(turn_->commands, [&](auto& each) {
      auto* reminder = std::get_if<reminder_set>(&each);
      return reminder && !reminders_.contains(reminder->set.name);
    }));
  }
  return reminders_.size() + set_now + delayed_.size() +
         static_cast<std::size_t>(std::ranges::count_if(
             handlers_.waiting(), [](auto& each) { return each.timer != 0; }));
}

// -- calls ----------------------------------------------------------------------------------------

event_number machine::call(const detail::activity_request& what) {
  check_calls(what.params.size());
  return order(activity_scheduled{std::string(what.of->name), what.which->ordinal, what.params,
                                  what.options, turn_scope_->traceparent});
}

event_number machine::send(detail::message_request what) {
  check_calls(what.params.size());
  if (what.what == detail::message_request::kind::update) check_cycle(what);
  if (what.what == detail::message_request::kind::result && what.target == self_ &&
      turn_scope_->is_main) {
    throw failure(
        {errc::rejected, to_string(self_) + " would wait for its own result", "update_cycle"});
  }
  outgoing message;
  message.target = std::move(what.target);
  message.kind = static_cast<message_kind>(what.what);
  message.method = what.method;
  message.method_name = std::move(what.json_method);
  message.params = std::move(what.params);
  message.start = what.start;
  message.as_child = what.as_child;
  message.reason = std::move(what.reason);
  if (message.kind == message_kind::update) {
    message.chain = turn_scope_->chain;
    auto* method = contract().find(turn_scope_->method);
    message.chain.push_back({self_, std::string(method->name)});
  }
  return post(std::move(message));
}

event_number machine::post(outgoing message) {
  message.number = turn_->last_event() + 1;
  if (turn_scope_) message.traceparent = turn_scope_->traceparent;
  return order(message_sent{std::move(message)});
}

void machine::check_calls(std::size_t payload) const {
  check_not_asking();
  if (auto why = check_params_size(payload, limits_.payload_bytes)) throw failure(std::move(*why));
  auto under_way = activities_.size() + outbox_.size();
  for (auto& each : turn_->commands) {
    under_way += std::holds_alternative<activity_scheduled>(each) ||
                 std::holds_alternative<message_sent>(each);
  }
  if (under_way >= limits_.calls) {
    throw failure({errc::overloaded,
                   to_string(self_) + " has " + std::to_string(under_way) +
                       " activities and messages under way, the limit: start fewer at once"});
  }
}

void machine::check_cycle(const detail::message_request& what) const {
  auto& chain = turn_scope_->chain;
  auto* method = contract().find(turn_scope_->method);
  const chain_link next{what.target,
                        what.json_method.empty() ? std::string(what.name) : what.json_method};
  const chain_link mine{self_, std::string(method->name)};
  if (mine != next && std::ranges::find(chain, next) == chain.end()) return;
  std::string path;
  for (auto& each : chain) path += to_string(each.entity) + ' ' + each.method + " -> ";
  path +=
      to_string(self_) + ' ' + mine.method + " -> " + to_string(next.entity) + ' ' + next.method;
  throw failure({errc::rejected, "the update would wait for itself: " + path, "update_cycle"});
}

void machine::wait_for_call(waiter where, event_number call) {
  where.call = call;
  handlers_.wait(std::move(where));
}

// -- what is recorded -----------------------------------------------------------------------------

const command* machine::next_recorded() const {
  if (!replayed_ || turn_->commands.size() >= replayed_->commands.size()) return nullptr;
  return &replayed_->commands[turn_->commands.size()];
}

int machine::version(std::string_view change, int min, int max) {
  check_not_asking();
  if (min > max) {
    throw std::invalid_argument("version \"" + std::string(change) +
                                "\": the least is above the most");
  }
  auto& seen = turn_scope_->versions;
  auto found = seen.find(change);
  if (found == seen.end()) {
    auto chosen = max;
    bool mark = true;
    if (replayed_) {
      // A history older than the change has no mark, and ran what was there before it.
      auto* next = next_recorded();
      auto* recorded = next ? std::get_if<version_recorded>(next) : nullptr;
      mark = recorded && recorded->change == change;
      chosen = mark ? recorded->version : min;
    }
    if (mark) order(version_recorded{std::string(change), chosen});
    found = seen.emplace(change, chosen).first;
  }
  if (found->second < min || found->second > max) {
    error why{errc::nondeterministic, "event " + std::to_string(turn_->last_event()) +
                                          ": expected version " + std::to_string(found->second) +
                                          " of \"" + std::string(change) +
                                          "\", got code for versions " + std::to_string(min) +
                                          " to " + std::to_string(max)};
    if (replayed_ && !broken_) broken_ = std::make_unique<error>(why);
    throw failure(std::move(why));
  }
  return found->second;
}

bytes machine::recorded_effect(const std::function<bytes()>& effect) {
  check_not_asking();
  auto* next = next_recorded();
  auto* recorded = next ? std::get_if<side_effect_recorded>(next) : nullptr;
  // Replay does not call it: what it draws is of a series of its own.
  const auto drawn = std::exchange(
      drawn_, 0x8000'0000u + 1024 * static_cast<std::uint32_t>(turn_->commands.size()));
  auto value = recorded ? recorded->value : effect();
  drawn_ = drawn;
  order(side_effect_recorded{value});
  return value;
}

void machine::reply_with(bytes results, std::uint64_t schema) {
  check_not_asking();
  auto* update = contract().find(turn_scope_->method);
  if (turn_scope_->replied || update->kind != method_kind::update) {
    throw std::logic_error("reply answers an update, once");
  }
  if (schema != (update->has_results ? update->results : 0)) {
    throw std::logic_error("reply: these are not the results of " + std::string(update->name));
  }
  turn_scope_->replied = true;
  order(update_ended{turn_scope_->started_by,
                     {update_outcome::kind::completed, std::move(results), {}, {}}});
}

bool machine::wants_to_continue() const {
  if (replayed_) {
    auto* next = next_recorded();
    return next && std::holds_alternative<continue_requested>(*next);
  }
  // In another branch of the main, the answer to a call would be lost.
  return is_large() && turn_scope_->is_main && !turn_scope_->cancelled &&
         others_running(turn_scope_) == 0 &&
         std::ranges::none_of(handlers_.waiting(), [](auto& each) { return each.call != 0; });
}

bool machine::holds(const std::function<bool()>& condition) {
  asking_ = true;
  try {
    const bool held = condition();
    asking_ = false;
    return held;
  } catch (...) {
    asking_ = false;
    throw;
  }
}

void machine::check_not_asking() const {
  if (!asking_) return;
  throw std::logic_error(
      "a condition has no effects: it is asked after every step, and reads state alone");
}

// -- locks ----------------------------------------------------------------------------------------

std::uint64_t machine::queue_for(const std::string& name) {
  auto& lock = locks_[name];
  lock.queue.push_back(++lock.tickets);
  return lock.tickets;
}

bool machine::may_enter(const std::string& name, std::uint64_t ticket, std::size_t places) const {
  auto& lock = locks_.find(name)->second;
  return lock.queue.front() == ticket && lock.held < places;
}

void machine::leave_queue(const std::string& name, std::uint64_t ticket, bool entered) {
  auto found = locks_.find(name);
  auto& lock = found->second;
  std::erase(lock.queue, ticket);
  if (entered) ++lock.held;
  if (lock.held == 0 && lock.queue.empty()) locks_.erase(found);
}

void machine::release(const std::string& name) {
  auto found = locks_.find(name);
  if (--found->second.held == 0 && found->second.queue.empty()) locks_.erase(found);
}

}  // namespace perdure::core
