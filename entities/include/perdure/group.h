#pragma once

/// What `all`, `race` and the others are made of: tasks that run beside each other, and ways to
/// make a task of whatever can be awaited. Users include concurrency.h.

#include <concepts>
#include <coroutine>
#include <cstddef>
#include <exception>
#include <functional>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include <perdure/await.h>
#include <perdure/errors.h>
#include <perdure/scope.h>
#include <perdure/task.h>

namespace perdure {

namespace detail {

/// What a task of type T returns, with a value in place of nothing.
template <class T>
using value_of = std::conditional_t<std::is_void_v<T>, nothing, T>;

/// The type behind a task, a call, or whatever else can be awaited.
template <class Awaitable>
using result_of = decltype(std::declval<std::remove_cvref_t<Awaitable>&>().await_resume());

template <class T>
inline constexpr bool is_task = false;
template <class T>
inline constexpr bool is_task<task<T>> = true;

/// A call or a wait, of which a vector can be made as of tasks.
template <class T>
concept no_task = !is_task<T> && requires { typename result_of<T>; };

template <class T>
task<T> as_task(task<T>&& what) {
  return std::move(what);
}

template <class Awaitable>
task<result_of<Awaitable>> as_task(Awaitable what) {
  co_return co_await what;
}

/// Of a lambda, which is kept, with what it has captured, until what it returns has ended.
template <class Body>
  requires std::invocable<Body&>
task<result_of<std::invoke_result_t<Body&>>> as_task(Body body) {
  co_return co_await body();
}

/// What something to run returns: a task, a call or a wait, or a lambda that returns one.
template <class Body>
using outcome_of = result_of<decltype(as_task(std::declval<Body>()))>;

template <class Awaitable>
std::vector<task<result_of<Awaitable>>> as_tasks(std::vector<Awaitable> what) {
  std::vector<task<result_of<Awaitable>>> all;
  all.reserve(what.size());
  for (auto& each : what) all.push_back(as_task(std::move(each)));
  return all;
}

template <class Awaitable>
task<> without_result(Awaitable what) {
  (void)co_await what;
}

/// Calls `body`, which returns nothing or something to await, and keeps it, with what it has
/// captured, until that has ended.
template <class Body>
task<> call_and_keep(Body body) {
  if constexpr (std::is_void_v<std::invoke_result_t<Body&>>) {
    body();
  } else {
    (void)co_await body();
  }
  co_return;
}

/// Tasks that run beside each other, and the coroutine that waits for all of them.
class group {
public:
  explicit group(scope* outer) : scope_{outer->machine, outer, outer->handler, false, false} {}
  group(const group&) = delete;
  group& operator=(const group&) = delete;

  /// Starts `body`; `ended(exception or null)` is called at its end, before the waiting coroutine
  /// is resumed.
  template <class Ended>
  void start(task<> body, Ended ended) {
    drop_ended();
    ++running_;
    runners_.push_back(run(*this, std::move(body), std::move(ended)));
    runners_.back().coroutine.promise().scope_ = &scope_;
    runners_.back().coroutine.resume();
  }

  /// Cancels what still runs.
  void cancel() { detail::cancel(scope_); }

  std::size_t running() const { return running_; }

  /// `co_await group.until(n)`: waits until at most `n` run.
  auto until(std::size_t most) {
    struct awaiter {
      group& of;
      std::size_t most;
      bool await_ready() const noexcept { return of.running_ <= most; }
      void await_suspend(std::coroutine_handle<> waiting) {
        of.most_ = most;
        of.waiting_ = waiting;
      }
      void await_resume() const noexcept {}
    };
    return awaiter{*this, most};
  }

private:
  struct runner {
    struct promise_type {
      runner get_return_object() {
        return runner{std::coroutine_handle<promise_type>::from_promise(*this)};
      }
      std::suspend_always initial_suspend() const noexcept { return {}; }
      struct final_awaiter {
        bool await_ready() const noexcept { return false; }
        std::coroutine_handle<> await_suspend(
            std::coroutine_handle<promise_type> done) const noexcept {
          return done.promise().of_->one_ended();
        }
        void await_resume() const noexcept {}
      };
      final_awaiter final_suspend() const noexcept { return {}; }
      void return_void() const noexcept {}
      void unhandled_exception() noexcept { std::terminate(); }  // `run` catches everything.
      detail::scope* scope() const { return scope_; }

      detail::scope* scope_ = nullptr;
      group* of_ = nullptr;
    };

    explicit runner(std::coroutine_handle<promise_type> made) : coroutine(made) {}
    runner(runner&& other) noexcept : coroutine(std::exchange(other.coroutine, {})) {}
    runner& operator=(runner&& other) noexcept {
      std::swap(coroutine, other.coroutine);
      return *this;
    }
    ~runner() {
      if (coroutine) coroutine.destroy();
    }

    std::coroutine_handle<promise_type> coroutine;
  };

  struct set_group {
    group* of;
    bool await_ready() const noexcept { return false; }
    bool await_suspend(std::coroutine_handle<runner::promise_type> self) const noexcept {
      self.promise().of_ = of;
      return false;
    }
    void await_resume() const noexcept {}
  };

  template <class Ended>
  static runner run(group& of, task<> body, Ended ended) {
    co_await set_group{&of};
    std::exception_ptr thrown;
    try {
      co_await body;
    } catch (...) {
      thrown = std::current_exception();
    }
    ended(thrown);
  }

  /// Destroys the frames of those that have ended, once they are most of all.
  void drop_ended() {
    if (runners_.size() < 2 * (running_ + 1)) return;
    std::erase_if(runners_, [](auto& each) { return each.coroutine.done(); });
  }

  std::coroutine_handle<> one_ended() {
    --running_;
    if (!waiting_ || running_ > most_) return std::noop_coroutine();
    return std::exchange(waiting_, {});
  }

  scope scope_;
  std::vector<runner> runners_;
  std::size_t running_ = 0;
  std::size_t most_ = 0;
  std::coroutine_handle<> waiting_;
};

template <class T>
task<> store(task<T> from, std::optional<value_of<T>>* to) {
  if constexpr (std::is_void_v<T>) {
    co_await from;
    to->emplace();
  } else {
    to->emplace(co_await from);
  }
}

}  // namespace detail

}  // namespace perdure
