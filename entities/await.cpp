#include <perdure/await.h>

#include <stdexcept>
#include <utility>

#include "entities/machine.h"

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
  const auto number =
      is_activity_ ? machine_->call(activity_) : machine_->send(std::move(message_));
  machine_->wait_for_call(waiter_of(handler, in, &outcome_), number);
}

bytes pending_call::end() {
  if (outcome_.cancelled) throw cancelled("the handler was cancelled");
  if (outcome_.why) throw failure(std::move(*outcome_.why));
  return std::move(outcome_.results);
}

void entity_stub::tell(std::uint16_t method, std::string_view name, bytes params) const {
  machine_->send(request(kind::signal, method, name, std::move(params)));
}

void entity_stub::cancel(std::string reason) const {
  auto what = request(kind::cancel, 0, {}, {});
  what.reason = std::move(reason);
  machine_->send(std::move(what));
}

void entity_stub::terminate(std::string reason) const {
  auto what = request(kind::terminate, 0, {}, {});
  what.reason = std::move(reason);
  machine_->send(std::move(what));
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
  machine_->send(untyped(kind::signal, std::move(method), json));
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
  if (condition_ && machine_->holds(condition_)) {
    outcome_.held = true;
    return false;
  }
  auto where = waiter_of(handler, in, &outcome_);
  if (condition_) where.condition = &condition_;
  machine_->wait_for(std::move(where), timeout_);
  return true;
}

bool wait::end() const {
  if (outcome_.thrown) std::rethrow_exception(outcome_.thrown);
  if (outcome_.cancelled) throw cancelled("the handler was cancelled");
  return outcome_.held;
}

bool continue_awaiter::begin(std::coroutine_handle<> handler, scope* in) {
  throw_if_cancelled(in);
  if (!machine_->wants_to_continue()) return false;
  machine_->order(core::continue_requested{});
  machine_->at_continue_point_ = true;
  // The new run takes its place; it is resumed by a cancel alone.
  machine_->wait_for(waiter_of(handler, in, &outcome_), forever);
  return true;
}

void continue_awaiter::end() const {
  machine_->at_continue_point_ = false;
  if (outcome_.cancelled) throw cancelled("the handler was cancelled");
}

}  // namespace detail

void permit::give_back() {
  if (auto* machine = std::exchange(machine_, nullptr)) machine->release(name_);
}

}  // namespace perdure
