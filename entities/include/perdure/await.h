#pragma once

/// What a handler awaits: calls of activities and of other entities, time, conditions, permits.
///
/// Guarantees:
/// - Nothing happens before `co_await`: a call that is dropped was never made.
/// - What an await returns is recorded; replay sees the same.
/// - In a cancelled scope every await throws `cancelled`.

#include <coroutine>
#include <cstdint>
#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include <perdure/activities.h>
#include <perdure/contract.h>
#include <perdure/errors.h>
#include <perdure/options.h>
#include <perdure/task.h>
#include <perdure/types.h>
#include <perdure/value.h>

namespace perdure {

class untyped_entity;

/// No time-out.
inline constexpr duration forever = duration::max();

namespace detail {

/// Where the machine puts what a coroutine waited for; lives in the coroutine's frame.
struct awaited {
  bool held = false;  ///< Of a condition: it holds. Of a timer: it was not the time that ended it.
  bool cancelled = false;  ///< Throw `cancelled`.
  bytes results;
  std::optional<error> why;
  std::exception_ptr thrown = {};  ///< By the condition.
};

/// A call of an activity.
struct activity_request {
  const activities_description* of = nullptr;
  const activity* which = nullptr;
  bytes params;
  activity_options options;
};

/// A message to another entity. The numbers of the kinds are those of `core::message_kind`.
struct message_request {
  enum class kind : std::uint8_t { signal, update, query, start, run, result, cancel, terminate };
  kind what = kind::signal;
  entity_id target;
  std::uint16_t method = 0;
  std::string_view name = {};    ///< Of the method, for errors and the chain of callers.
  std::string json_method = {};  ///< Of an untyped message, whose parameters are JSON.
  bytes params;
  start_options start;
  bool as_child = false;
  std::string reason;
  const contract* of = nullptr;  ///< The target's, where it is known.
};

/// The part of a call that knows no types.
class pending_call {
public:
  pending_call(core::machine& machine, activity_request what)
      : machine_(&machine), activity_(std::move(what)), is_activity_(true) {}
  pending_call(core::machine& machine, message_request what)
      : machine_(&machine), message_(std::move(what)) {}

  void begin(std::coroutine_handle<> handler, scope* in);
  /// Returns the results, or throws what the call came back with.
  bytes end();

  message_request& message() { return message_; }

private:
  core::machine* machine_;
  activity_request activity_;
  message_request message_;
  bool is_activity_ = false;
  bool begun_ = false;
  awaited outcome_;
};

}  // namespace detail

/// A call that has not been made yet: `co_await` makes it, and returns its results. Throws
/// `failure` with what the call came back with, once retrying is of no use.
template <class T = void>
class [[nodiscard("a call is made by co_await")]] call {
public:
  explicit call(detail::pending_call what) : what_(std::move(what)) {}

  bool await_ready() const noexcept { return false; }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> handler) {
    what_.begin(handler, handler.promise().scope());
  }
  T await_resume() {
    auto results = what_.end();
    if constexpr (std::is_same_v<T, std::string>) {
      return std::string(as_text(results));  // JSON, of an untyped call.
    } else if constexpr (!std::is_void_v<T>) {
      return perdure::decode<T>(results);
    }
  }

  /// Makes the call and returns its failure as a value; `cancelled` is thrown all the same.
  task<result<std::conditional_t<std::is_void_v<T>, nothing, T>>> as_result() && {
    return to_result(std::move(*this));
  }

  /// Of a call that starts an entity: returns as soon as the start is accepted.
  call<> started() && {
    what_.message().what = detail::message_request::kind::start;
    return call<>(std::move(what_));
  }

private:
  using value = std::conditional_t<std::is_void_v<T>, nothing, T>;

  static task<result<value>> to_result(call made) {
    try {
      if constexpr (std::is_void_v<T>) {
        co_await made;
        co_return nothing{};
      } else {
        co_return co_await made;
      }
    } catch (const failure& why) {
      co_return why.why();
    }
  }

  detail::pending_call what_;
};

namespace detail {

/// The base of generated stubs of entities.
class entity_stub {
public:
  /// `of`: the target's contract, where it is known.
  entity_stub(core::machine& machine, entity_id target, bool as_child, start_options start,
              const contract* of = nullptr)
      : machine_(&machine),
        of_(of),
        target_(std::move(target)),
        as_child_(as_child),
        start_(start) {}

  const entity_id& id() const { return target_; }

  /// Asks the entity's main to stop. Returns at once.
  void cancel(std::string reason = {}) const;
  /// Ends the entity. Returns at once.
  void terminate(std::string reason = {}) const;

protected:
  using kind = message_request::kind;

  /// A signal: on its way when the step is durable.
  void tell(std::uint16_t method, std::string_view name, bytes params) const;
  /// An update, a query, or (kind run) a main.
  template <class T>
  call<T> ask(kind what, std::uint16_t method, std::string_view name, bytes params) const {
    return call<T>(pending_call(*machine_, request(what, method, name, std::move(params))));
  }

private:
  message_request request(kind what, std::uint16_t method, std::string_view name,
                          bytes params) const {
    return {what, target_, method, name, {}, std::move(params), start_, as_child_, {}, of_};
  }

  friend class perdure::untyped_entity;

  core::machine* machine_;
  const contract* of_;
  entity_id target_;
  bool as_child_;
  start_options start_;
};

}  // namespace detail

/// An entity whose type is known at run time only. Parameters and results are JSON, as over HTTP;
/// an unknown method, and JSON that does not fit, come back as failures of the call; a type that no
/// node hosts is waited for, as any receiver that cannot take a message now.
class untyped_entity final : public detail::entity_stub {
public:
  using entity_stub::entity_stub;

  void signal(std::string method, std::string_view json) const;
  call<std::string> update(std::string method, std::string_view json) const;
  call<std::string> query(std::string method, std::string_view json) const;
  /// Starts its main and returns the main's results.
  call<std::string> run(std::string_view json) const;
  /// Returns the results of its main, which was started before.
  call<std::string> result() const;

private:
  detail::message_request untyped(kind what, std::string method, std::string_view json) const;
};

namespace detail {

/// The base of generated stubs of activities.
class activities_stub {
public:
  activities_stub(core::machine& machine, const activities_description& of,
                  activity_options options)
      : machine_(&machine), of_(&of), options_(std::move(options)) {}

protected:
  template <class T>
  call<T> run(std::uint16_t ordinal, bytes params) const {
    return call<T>(pending_call(
        *machine_, activity_request{of_, of_->find(ordinal), std::move(params), options_}));
  }

private:
  core::machine* machine_;
  const activities_description* of_;
  activity_options options_;
};

/// `co_await sleep(d)` and `co_await wait_until(condition[, timeout])`.
class wait {
public:
  wait(core::machine& machine, std::function<bool()> condition, duration timeout)
      : machine_(&machine), condition_(std::move(condition)), timeout_(timeout) {}

  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> handler) {
    return begin(handler, handler.promise().scope());
  }

protected:
  /// Returns whether to suspend.
  bool begin(std::coroutine_handle<> handler, scope* in);
  /// Returns whether the condition held. Throws `cancelled`.
  bool end() const;

private:
  core::machine* machine_;
  std::function<bool()> condition_;  ///< Empty: time alone.
  duration timeout_;
  awaited outcome_;
};

class [[nodiscard]] sleep_awaiter : public wait {
public:
  using wait::wait;
  bool await_ready() const noexcept { return false; }
  void await_resume() const { end(); }
};

/// True when the condition held, false on time-out.
class [[nodiscard]] condition_awaiter : public wait {
public:
  using wait::wait;
  bool await_ready() const noexcept { return false; }
  bool await_resume() const { return end(); }
};

/// `co_await continue_point()`.
class [[nodiscard]] continue_awaiter {
public:
  explicit continue_awaiter(core::machine& machine) : machine_(&machine) {}
  bool await_ready() const noexcept { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> handler) {
    return begin(handler, handler.promise().scope());
  }
  void await_resume() const { end(); }

private:
  bool begin(std::coroutine_handle<> handler, scope* in);
  void end() const;

  core::machine* machine_;
  awaited outcome_;
};

}  // namespace detail

/// Holds one of the places of a mutex or semaphore, and gives it back at the end of its life.
class [[nodiscard]] permit {
public:
  permit(core::machine& of, std::string name) : machine_(&of), name_(std::move(name)) {}
  permit(permit&& other) noexcept
      : machine_(std::exchange(other.machine_, nullptr)), name_(std::move(other.name_)) {}
  permit& operator=(permit&& other) noexcept {
    std::swap(machine_, other.machine_);
    std::swap(name_, other.name_);
    return *this;
  }
  ~permit() { give_back(); }

  void give_back();

private:
  core::machine* machine_;
  std::string name_;
};

}  // namespace perdure
