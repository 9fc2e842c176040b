#pragma once

/// `task<T>`: a durable coroutine. It starts when it is first awaited, runs to its next await, and
/// is resumed by its entity only, in an order that depends on nothing but the entity's history. It
/// may be dropped at any suspension and rebuilt by replaying that history, so a handler's local
/// variables survive a crash.

#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ < 14
#error \
    "g++ before 14 miscompiles co_await with aggregate arguments (it frees memory it does not own). Build with clang 16 or newer, or g++ 14 or newer."
#endif

#include <coroutine>
#include <exception>
#include <optional>
#include <stdexcept>
#include <utility>

#include <perdure/errors.h>
#include <perdure/scope.h>

namespace perdure {

template <class T = void>
class task;

namespace detail {

/// What every task's promise does: start lazily, continue the awaiting coroutine at the end.
class task_promise_base {
public:
  struct final_awaiter {
    bool await_ready() const noexcept { return false; }
    template <class P>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<P> done) const noexcept {
      auto next = done.promise().continuation_;
      return next ? next : std::noop_coroutine();
    }
    void await_resume() const noexcept {}
  };

  std::suspend_always initial_suspend() const noexcept { return {}; }
  final_awaiter final_suspend() const noexcept { return {}; }
  void unhandled_exception() noexcept { thrown_ = std::current_exception(); }

  void continue_with(std::coroutine_handle<> next) { continuation_ = next; }
  const std::exception_ptr& thrown() const { return thrown_; }

  /// What cancels this coroutine; that of whoever awaits it, unless it was given another.
  detail::scope* scope() const { return scope_; }
  void run_in(detail::scope* scope) { scope_ = scope; }

private:
  std::coroutine_handle<> continuation_;
  detail::scope* scope_ = nullptr;
  std::exception_ptr thrown_;
};

template <class T>
class task_promise final : public task_promise_base {
public:
  task<T> get_return_object();
  void return_value(T value) { value_.emplace(std::move(value)); }
  T get() {
    if (thrown()) std::rethrow_exception(thrown());
    return std::move(*value_);
  }

private:
  std::optional<T> value_;
};

template <>
class task_promise<void> final : public task_promise_base {
public:
  task<void> get_return_object();
  void return_void() const noexcept {}
  void get() const {
    if (thrown()) std::rethrow_exception(thrown());
  }
};

}  // namespace detail

/// Owns one coroutine. Movable, awaited at most once; destroying it drops the coroutine.
template <class T>
class [[nodiscard]] task {
public:
  using promise_type = detail::task_promise<T>;

  explicit task(std::coroutine_handle<promise_type> coroutine) : coroutine_(coroutine) {}
  task(task&& other) noexcept : coroutine_(std::exchange(other.coroutine_, {})) {}
  task& operator=(task&& other) noexcept {
    std::swap(coroutine_, other.coroutine_);
    std::swap(begun_, other.begun_);
    return *this;
  }
  ~task() {
    if (coroutine_) coroutine_.destroy();
  }

  /// Runs the task up to its first suspension or its end. For whoever owns the root of a handler.
  void start() { coroutine_.resume(); }
  bool done() const { return coroutine_.done(); }
  /// REQUIRES: done(). Returns the result, or throws what the coroutine threw.
  T get() { return coroutine_.promise().get(); }

  /// Gives the task a scope of its own. REQUIRES: it has not been started.
  void run_in(detail::scope* scope) { coroutine_.promise().run_in(scope); }

  bool await_ready() const noexcept { return false; }
  template <class Promise>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> awaiting) {
    if (!coroutine_ || begun_) throw std::logic_error("a task is awaited at most once");
    begun_ = true;
    auto& mine = coroutine_.promise();
    mine.continue_with(awaiting);
    if (!mine.scope()) mine.run_in(awaiting.promise().scope());
    return coroutine_;
  }
  T await_resume() { return coroutine_.promise().get(); }

private:
  std::coroutine_handle<promise_type> coroutine_;
  bool begun_ = false;
};

namespace detail {

template <class T>
task<T> task_promise<T>::get_return_object() {
  return task<T>{std::coroutine_handle<task_promise>::from_promise(*this)};
}

inline task<void> task_promise<void>::get_return_object() {
  return task<void>{std::coroutine_handle<task_promise>::from_promise(*this)};
}

}  // namespace detail

}  // namespace perdure
