#include "entities/turn.h"

#include <algorithm>
#include <span>
#include <stdexcept>
#include <variant>

#include "entities/bounds.h"
#include "entities/difference.h"
#include "entities/machine.h"
#include "entities/payload.h"
#include "entities/texts.h"

namespace perdure::core {

turn::turn(machine& of, record& step, const record* recorded)
    : entity_(of),
      before_(std::exchange(of.turn_, this)),
      step_(&step),
      recorded_(recorded),
      time_(step.time) {}

turn::turn(machine& of, timestamp now)
    : entity_(of), before_(std::exchange(of.turn_, this)), time_(now) {}

turn::turn(machine& of)
    : entity_(of),
      before_(std::exchange(of.turn_, this)),
      time_(of.where_.last_time),
      outside_(true) {}

turn::~turn() { entity_.turn_ = before_; }

turn& turn::of(machine* of, std::string_view call) {
  if (auto* found = find(of)) {
    found->call_ = call;
    return *found;
  }
  throw std::logic_error((of ? to_string(of->self_) : std::string("an entity class")) + ": " +
                         std::string(call) +
                         "() was called outside of a handler, from a constructor perhaps: "
                         "there is no step that it could be part of");
}

turn* turn::find(machine* of) { return of ? of->turn_ : nullptr; }

// -- what may be done -----------------------------------------------------------------------------

/// Whether an effect may be had. Throws where asking for it is a mistake that can be told.
bool turn::may_act() {
  if (!outside_) {
    check_effects();
    return true;
  }
  if (misuse_) return false;
  auto* method = dropped_ ? entity_.contract().find(dropped_->method) : nullptr;
  misuse_ = std::make_unique<error>(
      error{errc::internal, to_string(self()) + ' ' + std::string(method ? method->name : "") +
                                (method ? " called " : "called ") + std::string(call_) +
                                "() when it left memory: a destructor ran outside of any step, and "
                                "what it asked for was not done. What is to happen at the end of a "
                                "handler belongs into its code, or into finally()"});
  return false;
}

void turn::check_effects() const {
  if (asking_) {
    throw std::logic_error(
        "a condition has no effects: it is asked after every step, and reads state alone");
  }
  if (!step_) throw std::logic_error("a query has no effects: " + std::string(call_) + "() has");
}

/// Throws `why`; out of a frame that is being dropped, records it instead.
template <class Exception>
void turn::fail(const Exception& why) {
  if (!dropped_) throw why;
  order(handler_failed{dropped_->started_by, why.what()});
}

const entity_id& turn::self() const { return entity_.self_; }

std::uint64_t turn::random() {
  if (!may_act()) return 0;
  // Counter-based: what is drawn depends on who draws, in which event, and how often before. The
  // life, or the time of creation where it has none, tells lives of one id apart.
  const auto life = entity_.life_ != timestamp{} ? entity_.life_ : entity_.created_;
  const std::uint64_t place[] = {static_cast<std::uint64_t>(life.time_since_epoch().count()),
                                 step_->event, drawn_++};
  return digest(std::as_bytes(std::span{place}), digest(as_bytes_view(to_string(self()))));
}

void turn::spawn(task<> body) {
  if (!may_act()) return;
  if (dropped_) return fail(std::logic_error("spawn: a handler that is dropped begins nothing"));
  auto* spawner = scope_;
  auto scope = entity_.make_scope(spawner->started_by, spawner->method);
  scope->traceparent = spawner->traceparent;
  // What a main spawns is cancelled with it.
  scope->parent = spawner->is_main ? spawner : spawner->parent;
  scope->replied = true;  // It answers nobody.
  body.run_in(scope.get());
  scope_ = scope.get();
  body.start();
  scope_ = spawner;
  entity_.handlers_.add({std::move(scope), std::move(body)});
}

// -- time -----------------------------------------------------------------------------------------

void turn::wait_for(waiter where, duration time) {
  if (!may_act()) return;
  if (dropped_) return fail(std::logic_error("a handler that is dropped waits for nothing"));
  if (time != forever) {
    check_timers();
    where.due = later(time_, time);
    where.timer = ++entity_.timers_started_;
    order(timer_started{where.timer, where.due});
  }
  entity_.handlers_.wait(std::move(where));
}

void turn::set_reminder(reminder what) {
  if (!may_act()) return;
  const bool known = entity_.timetable_.reminders().contains(what.name) ||
                     std::ranges::any_of(step_->commands, [&](auto& each) {
                       auto* before = std::get_if<reminder_set>(&each);
                       return before && before->set.name == what.name;
                     });
  if (known || check_timers()) order(reminder_set{std::move(what)});
}

void turn::cancel_reminder(std::string_view name) { order(reminder_cancelled{std::string(name)}); }

bool turn::check_timers() {
  const auto count = entity_.timer_count();
  if (count < entity_.limits_.timers) return true;
  fail(failure({errc::overloaded,
                to_string(self()) + " has " + std::to_string(count) + " timers, the limit"}));
  return false;
}

void turn::set_attribute(std::string name, std::optional<attribute_value> value) {
  order(attribute_set{std::move(name), std::move(value)});
}

// -- calls ----------------------------------------------------------------------------------------

event_number turn::call(const detail::activity_request& what) {
  if (!may_act() || !check_room(what.params.size())) return 0;
  if (recorded_) entity_.notes_->called.add(*what.of);
  return order(activity_scheduled{std::string(what.of->name), what.which->ordinal, what.params,
                                  what.options, at_hand()->traceparent});
}

event_number turn::send(detail::message_request what) {
  if (!may_act() || !check_room(what.params.size())) return 0;
  if (recorded_ && what.of) entity_.notes_->called.add(*what.of);
  if (what.what == detail::message_request::kind::update) check_cycle(what);
  if (what.what == detail::message_request::kind::result && what.target == self() &&
      at_hand()->is_main) {
    throw failure(
        {errc::rejected, to_string(self()) + " would wait for its own result", "update_cycle"});
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
  message.adopts =
      message.starts_child() && std::ranges::any_of(entity_.children_, [&](auto& each) {
        return each.undone && each.entity == message.target;
      });
  if (message.kind == message_kind::update) {
    message.chain = at_hand()->chain;
    auto* method = entity_.contract().find(at_hand()->method);
    message.chain.push_back({self(), std::string(method->name)});
  }
  return post(std::move(message));
}

event_number turn::post(outgoing message) {
  message.number = step_->last_event() + 1;
  if (scope_) message.traceparent = scope_->traceparent;
  return order(message_sent{std::move(message)});
}

/// Whether a call with so much payload has room. Throws where it has none.
bool turn::check_room(std::size_t payload) {
  auto why = check_params_size(payload, entity_.limits_.payload_bytes);
  auto under_way = entity_.activities_.size() + entity_.outbox_.size();
  for (auto& each : step_->commands) {
    under_way += std::holds_alternative<activity_scheduled>(each) ||
                 std::holds_alternative<message_sent>(each);
  }
  if (!why && under_way >= entity_.limits_.calls) {
    why = error{errc::overloaded,
                to_string(self()) + " has " + std::to_string(under_way) +
                    " activities and messages under way, the limit: start fewer at once"};
  }
  if (why) fail(failure(*why));
  return !why;
}

void turn::check_cycle(const detail::message_request& what) const {
  auto& chain = at_hand()->chain;
  auto* method = entity_.contract().find(at_hand()->method);
  const chain_link next{what.target,
                        what.json_method.empty() ? std::string(what.name) : what.json_method};
  const chain_link mine{self(), std::string(method->name)};
  if (mine != next && std::ranges::find(chain, next) == chain.end()) return;
  std::string path;
  for (auto& each : chain) path += to_string(each.entity) + ' ' + each.method + " -> ";
  path +=
      to_string(self()) + ' ' + mine.method + " -> " + to_string(next.entity) + ' ' + next.method;
  throw failure({errc::rejected, "the update would wait for itself: " + path, "update_cycle"});
}

void turn::wait_for_call(waiter where, event_number call) {
  if (!may_act() || dropped_) return;
  where.call = call;
  entity_.handlers_.wait(std::move(where));
}

// -- what is recorded -----------------------------------------------------------------------------

const command* turn::next_recorded() const {
  if (!recorded_ || step_->commands.size() >= recorded_->commands.size()) return nullptr;
  return &recorded_->commands[step_->commands.size()];
}

int turn::version(std::string_view change, int min, int max) {
  if (!may_act()) return max;
  if (min > max) {
    fail(std::invalid_argument("version \"" + std::string(change) +
                               "\": the least is above the most"));
    return max;
  }
  auto& seen = at_hand()->versions;
  auto found = seen.find(change);
  if (found == seen.end()) {
    auto chosen = max;
    bool mark = true;
    if (recorded_) {
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
    error why{errc::nondeterministic, event_text(step_->last_event()) + ": expected version " +
                                          std::to_string(found->second) + " of \"" +
                                          std::string(change) + "\", got code for versions " +
                                          std::to_string(min) + " to " + std::to_string(max)};
    if (recorded_ && !entity_.notes_->broken) entity_.notes_->broken = why;
    fail(failure(std::move(why)));
  }
  return found->second;
}

bytes turn::recorded_effect(const std::function<bytes()>& effect, bytes nothing) {
  if (!may_act()) return nothing;
  auto* next = next_recorded();
  auto* recorded = next ? std::get_if<side_effect_recorded>(next) : nullptr;
  auto how = recorded ? *recorded : perform(effect);
  // In a history from before failures were recorded, what threw throws again.
  if (!recorded_ || recorded || !how.why) order(how);
  if (!how.why) return std::move(how.value);
  if (how.why->code == errc::rejected) {
    fail(rejected(how.why->detail));
  } else {
    fail(failure(std::move(*how.why)));
  }
  return nothing;
}

side_effect_recorded turn::perform(const std::function<bytes()>& effect) {
  // Replay does not call it: what it draws is of a series of its own.
  const auto drawn = std::exchange(
      drawn_, 0x8000'0000u + 1024 * static_cast<std::uint32_t>(step_->commands.size()));
  side_effect_recorded how;
  try {
    how.value = effect();
  } catch (const rejected& why) {
    how.why = error{errc::rejected, text_of(why)};
  } catch (const failure& why) {
    how.why = why.why();
  } catch (const std::exception& why) {
    how.why = error{errc::failed, text_of(why)};
  } catch (...) {
    how.why = error{errc::failed, not_an_exception};
  }
  drawn_ = drawn;
  return how;
}

void turn::reply_with(bytes results, std::uint64_t schema) {
  if (!may_act()) return;
  auto& scope = *at_hand();
  auto* update = entity_.contract().find(scope.method);
  if (scope.replied || update->kind != method_kind::update) {
    return fail(std::logic_error("reply answers an update, once"));
  }
  if (schema != (update->has_results ? update->results : 0)) {
    return fail(
        std::logic_error("reply: these are not the results of " + std::string(update->name)));
  }
  scope.replied = true;
  order(update_ended{scope.started_by,
                     {update_outcome::kind::completed, std::move(results), {}, {}}});
}

event_number turn::order(command what) {
  if (!may_act()) return 0;
  step_->commands.push_back(std::move(what));
  return step_->last_event();
}

void turn::roll_back(std::size_t commands, std::uint32_t drawn) {
  step_->commands.resize(commands);
  drawn_ = drawn;
}

void turn::drop(handler what) {
  auto* const before = std::exchange(dropped_, what.scope.get());
  {
    const auto frame = std::move(what.body);
  }
  dropped_ = before;
}

// -- waiting --------------------------------------------------------------------------------------

bool turn::continues() {
  if (!wants_to_continue()) return false;
  order(continue_requested{});
  entity_.at_continue_point_ = true;
  return true;
}

void turn::passed_continue_point() { entity_.at_continue_point_ = false; }

bool turn::wants_to_continue() const {
  if (recorded_) {
    auto* next = next_recorded();
    return next && std::holds_alternative<continue_requested>(*next);
  }
  auto& running = entity_.handlers_;
  auto is_other = [&](auto& each) { return each.scope.get() != scope_ && !each.done(); };
  // In another branch of the main, the answer to a call would be lost.
  return entity_.is_large() && scope_ && scope_->is_main && !scope_->cancelled &&
         std::ranges::none_of(running.running(), is_other) &&
         std::ranges::none_of(running.waiting(), [](auto& each) { return each.call != 0; });
}

bool turn::holds(const std::function<bool()>& condition) {
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

std::size_t turn::others_at_work(const detail::scope* than) const {
  return static_cast<std::size_t>(
      std::ranges::count_if(entity_.handlers_.running(), [&](auto& each) {
        return each.scope.get() != than && !each.done() && each.scope->finishing == 0;
      }));
}

// -- locks ----------------------------------------------------------------------------------------

std::uint64_t turn::queue_for(const std::string& name) {
  auto& lock = entity_.locks_[name];
  lock.queue.push_back(++lock.tickets);
  return lock.tickets;
}

bool turn::may_enter(const std::string& name, std::uint64_t ticket, std::size_t places) const {
  auto& lock = entity_.locks_.find(name)->second;
  return lock.queue.front() == ticket && lock.held < places;
}

void turn::leave_queue(const std::string& name, std::uint64_t ticket, bool entered) {
  auto found = entity_.locks_.find(name);
  auto& lock = found->second;
  std::erase(lock.queue, ticket);
  if (entered) ++lock.held;
  if (lock.held == 0 && lock.queue.empty()) entity_.locks_.erase(found);
}

void turn::release(const std::string& name) {
  auto found = entity_.locks_.find(name);
  if (--found->second.held == 0 && found->second.queue.empty()) entity_.locks_.erase(found);
}

}  // namespace perdure::core
