#include <perdure/await.h>

#include <stdexcept>
#include <utility>

#include "entities/turn.h"

namespace perdure {

namespace {

/// Stands for the type's main, whatever its name.
constexpr const char* main_method = "main";

}  // namespace

namespace detail {

namespace {

void throw_if_cancelled(const scope* in) {
  if (in->is_cancelled()) throw cancelled("the handler was cancelled");
}

core::waiter waiter_of(std::coroutine_handle<> handler, scope* in, awaited* to) {
  core::waiter where;
  where.coroutine = handler;
  where.scope = in;
  where.to = to;
  return where;
}

}  // namespace

void cancel(scope& which) { which.cancelled = true; }

void pending_call::begin(std::coroutine_handle<> handler, scope* in) {
  throw_if_cancelled(in);
  if (std::exchange(begun_, true)) throw std::logic_error("a call is awaited at most once");
  auto& turn = core::turn::of(machine_, is_activity_ ? "an activity" : "a call");
  const auto number = is_activity_ ? turn.call(activity_) : turn.send(std::move(message_));
  turn.wait_for_call(waiter_of(handler, in, &outcome_), number);
}

bytes pending_call::end() {
  if (outcome_.cancelled) throw cancelled("the handler was cancelled");
  if (outcome_.why) throw failure(std::move(*outcome_.why));
  return std::move(outcome_.results);
}

void entity_stub::tell(std::uint16_t method, std::string_view name, bytes params) const {
  core::turn::of(machine_, name).send(request(kind::signal, method, name, std::move(params)));
}

void entity_stub::cancel(std::string reason) const {
  auto what = request(kind::cancel, 0, {}, {});
  what.reason = std::move(reason);
  core::turn::of(machine_, "cancel").send(std::move(what));
}

void entity_stub::terminate(std::string reason) const {
  auto what = request(kind::terminate, 0, {}, {});
  what.reason = std::move(reason);
  core::turn::of(machine_, "terminate").send(std::move(what));
}

}  // namespace detail

detail::message_request untyped_entity::untyped(kind what, std::string method,
                                                std::string_view json) const {
  const auto text = as_bytes_view(json);
  auto made = request(what, 0, {}, bytes(text.begin(), text.end()));
  made.json_method = std::move(method);
  return made;
}

void untyped_entity::signal(std::string method, std::string_view json) const {
  auto& turn = core::turn::of(machine_, "signal");
  turn.send(untyped(kind::signal, std::move(method), json));
}

call<std::string> untyped_entity::update(std::string method, std::string_view json) const {
  return call<std::string>({*machine_, untyped(kind::update, std::move(method), json)});
}

call<std::string> untyped_entity::query(std::string method, std::string_view json) const {
  return call<std::string>({*machine_, untyped(kind::query, std::move(method), json)});
}

call<std::string> untyped_entity::run(std::string_view json) const {
  return call<std::string>({*machine_, untyped(kind::run, main_method, json)});
}

call<std::string> untyped_entity::result() const {
  return call<std::string>({*machine_, untyped(kind::result, main_method, {})});
}

namespace detail {

bool wait::begin(std::coroutine_handle<> handler, scope* in) {
  throw_if_cancelled(in);
  auto& turn = core::turn::of(machine_, condition_ ? "wait_until" : "sleep");
  if (condition_ && turn.holds(condition_)) {
    outcome_.held = true;
    return false;
  }
  auto where = waiter_of(handler, in, &outcome_);
  if (condition_) where.condition = &condition_;
  turn.wait_for(std::move(where), timeout_);
  return true;
}

bool wait::end() const {
  if (outcome_.thrown) std::rethrow_exception(outcome_.thrown);
  if (outcome_.cancelled) throw cancelled("the handler was cancelled");
  return outcome_.held;
}

bool continue_awaiter::begin(std::coroutine_handle<> handler, scope* in) {
  throw_if_cancelled(in);
  auto& turn = core::turn::of(machine_, "continue_point");
  if (!turn.continues()) return false;
  // The new run takes its place; it is resumed by a cancel alone.
  turn.wait_for(waiter_of(handler, in, &outcome_), forever);
  return true;
}

void continue_awaiter::end() const {
  core::turn::of(machine_, "continue_point").passed_continue_point();
  if (outcome_.cancelled) throw cancelled("the handler was cancelled");
}

}  // namespace detail

void permit::give_back() {
  if (auto* turn = core::turn::find(std::exchange(machine_, nullptr))) turn->release(name_);
}

}  // namespace perdure
