#pragma once

/// Several things at once within one handler, without threads: tasks run beside each other from
/// await to await, and none outlives whoever waits for it.
///
/// Guarantees:
/// - `all`, `any`, `race`, `within`, `for_each` and `finally` return when everything they started
/// has ended.
///   What is not wanted any more is cancelled first.
/// - The order in which tasks are resumed follows from the entity's history alone.
///
/// What is run can be a task, a call, a wait, or a lambda that returns one of these.

#include <algorithm>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
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

// -- all ------------------------------------------------------------------------------------------

/// Runs all tasks and returns their results in order. When one fails the others are cancelled, and
/// the first failure is thrown.
template <class T>
task<std::conditional_t<std::is_void_v<T>, void, std::vector<detail::value_of<T>>>> all(
    std::vector<task<T>> tasks) {
  auto* outer = co_await detail::this_scope{};
  std::vector<std::optional<detail::value_of<T>>> results(tasks.size());
  std::exception_ptr first;
  detail::group group(outer);
  for (std::size_t i = 0; i < tasks.size() && !first; ++i) {
    group.start(detail::store(std::move(tasks[i]), &results[i]), [&](std::exception_ptr thrown) {
      if (!thrown || first) return;
      first = thrown;
      group.cancel();
    });
  }
  co_await group.until(0);
  if (first) std::rethrow_exception(first);
  if constexpr (!std::is_void_v<T>) {
    std::vector<T> values;
    for (auto& each : results) values.push_back(std::move(*each));
    co_return values;
  }
}

/// Likewise, of calls and waits.
template <detail::no_task Awaitable>
auto all(std::vector<Awaitable> what) {
  return all(detail::as_tasks(std::move(what)));
}

namespace detail {

template <class... Ts>
task<std::tuple<value_of<Ts>...>> all_of(task<Ts>... tasks) {
  auto* outer = co_await this_scope{};
  std::tuple<std::optional<value_of<Ts>>...> results;
  std::exception_ptr first;
  group group(outer);
  auto ended = [&](std::exception_ptr thrown) {
    if (!thrown || first) return;
    first = thrown;
    group.cancel();
  };
  auto begin = [&](auto& task, auto& to) {
    if (!first) group.start(store(std::move(task), &to), ended);
  };
  std::apply([&](auto&... to) { (begin(tasks, to), ...); }, results);
  co_await group.until(0);
  if (first) std::rethrow_exception(first);
  co_return std::apply(
      [](auto&... each) { return std::tuple<value_of<Ts>...>(std::move(*each)...); }, results);
}

}  // namespace detail

/// Likewise, of tasks and calls of different types: `auto [a, b] = co_await all(x(), y());`
template <class... Awaitables>
  requires(sizeof...(Awaitables) > 1)
auto all(Awaitables&&... what) {
  return detail::all_of(detail::as_task(std::forward<Awaitables>(what))...);
}

// -- any, race ------------------------------------------------------------------------------------

/// Who came first, and with what.
template <class T>
struct first_result {
  std::size_t index = 0;
  detail::value_of<T> value;
};

namespace detail {

/// Runs the tasks until one has ended (`success`: without a failure), and cancels the others.
template <class T>
task<first_result<T>> first_of(std::vector<task<T>> tasks, bool success) {
  auto* outer = co_await this_scope{};
  std::vector<std::optional<value_of<T>>> results(tasks.size());
  std::optional<std::size_t> winner;
  std::exception_ptr last;
  group group(outer);
  for (std::size_t i = 0; i < tasks.size() && !winner; ++i) {
    group.start(store(std::move(tasks[i]), &results[i]), [&, i](std::exception_ptr thrown) {
      if (winner) return;
      if (thrown) last = thrown;
      if (thrown && success) return;
      winner = i;
      group.cancel();
    });
  }
  co_await group.until(0);
  if (!winner && !last) throw std::invalid_argument("any and race want at least one task");
  if (!winner || !results[*winner]) std::rethrow_exception(last);
  co_return first_result<T>{*winner, std::move(*results[*winner])};
}

template <class... Ts, std::size_t... Is>
std::vector<task<std::variant<value_of<Ts>...>>> as_variants(std::index_sequence<Is...>,
                                                             task<Ts>... tasks) {
  using variant = std::variant<value_of<Ts>...>;
  auto wrap = []<std::size_t I, class T>(std::integral_constant<std::size_t, I>,
                                         task<T> from) -> task<variant> {
    if constexpr (std::is_void_v<T>) {
      co_await from;
      co_return variant(std::in_place_index<I>);
    } else {
      co_return variant(std::in_place_index<I>, co_await from);
    }
  };
  std::vector<task<variant>> all;
  (all.push_back(wrap(std::integral_constant<std::size_t, Is>{}, std::move(tasks))), ...);
  return all;
}

template <class T>
task<T> value_of_first(task<first_result<T>> from) {
  co_return (co_await from).value;
}

}  // namespace detail

/// Returns the first result; failures are passed over as long as another may succeed. The others
/// are cancelled.
template <class T>
task<first_result<T>> any(std::vector<task<T>> tasks) {
  return detail::first_of(std::move(tasks), true);
}

/// Returns what ends first, or throws its failure. The others are cancelled.
template <class T>
task<first_result<T>> race(std::vector<task<T>> tasks) {
  return detail::first_of(std::move(tasks), false);
}

/// Likewise, of calls and waits.
template <detail::no_task Awaitable>
auto any(std::vector<Awaitable> what) {
  return any(detail::as_tasks(std::move(what)));
}

template <detail::no_task Awaitable>
auto race(std::vector<Awaitable> what) {
  return race(detail::as_tasks(std::move(what)));
}

/// Likewise, of different types: a variant whose index tells which.
template <class... Awaitables>
  requires(sizeof...(Awaitables) > 1)
auto any(Awaitables&&... what) {
  return detail::value_of_first(
      any(detail::as_variants(std::index_sequence_for<Awaitables...>{},
                              detail::as_task(std::forward<Awaitables>(what))...)));
}

template <class... Awaitables>
  requires(sizeof...(Awaitables) > 1)
auto race(Awaitables&&... what) {
  return detail::value_of_first(
      race(detail::as_variants(std::index_sequence_for<Awaitables...>{},
                               detail::as_task(std::forward<Awaitables>(what))...)));
}

// -- for_each -------------------------------------------------------------------------------------

/// Calls `body(item)` for each item, at most `at_once` at a time; what it returns is awaited, and
/// its result dropped. When one fails the others are cancelled, and the first failure is thrown.
template <class Range, class Body>
task<> for_each(Range items, std::size_t at_once, Body body) {
  auto* outer = co_await detail::this_scope{};
  std::exception_ptr first;
  detail::group group(outer);
  const auto most = at_once == 0 ? std::size_t{0} : at_once - 1;
  for (auto&& item : items) {
    co_await group.until(most);
    if (first) break;
    auto ended = [&](std::exception_ptr thrown) {
      if (!thrown || first) return;
      first = thrown;
      group.cancel();
    };
    try {
      group.start(detail::without_result(body(item)), ended);
    } catch (...) {
      // `body` threw instead of returning something to await: what runs already is waited for.
      ended(std::current_exception());
    }
  }
  co_await group.until(0);
  if (first) std::rethrow_exception(first);
}

// -- cancelling -----------------------------------------------------------------------------------

/// Parts of a handler that can be cancelled by themselves. A handle: copies are the same scope;
/// whoever may outlive the handler takes one by value.
class cancel_scope {
public:
  cancel_scope() : shared_(std::make_shared<shared>()) {}

  /// Runs `body` in this scope, also beside others.
  template <class Body>
  task<detail::outcome_of<Body>> run(Body&& body) {
    return run_in(shared_, detail::as_task(std::forward<Body>(body)));
  }

  /// Every await in this scope throws `cancelled`, now and from now on.
  void cancel() {
    shared_->cancelled = true;
    for (auto* each : shared_->running) detail::cancel(*each);
  }

  /// Whether it was cancelled, or something that ran in it was, from outside.
  bool is_cancelled() const {
    return shared_->cancelled || shared_->seen ||
           std::ranges::any_of(shared_->running, [](auto* each) { return each->is_cancelled(); });
  }

private:
  struct shared {
    bool cancelled = false;
    bool seen = false;  ///< What ran here and has ended had been cancelled.
    std::vector<detail::scope*> running;
  };

  template <class T>
  static task<T> run_in(std::shared_ptr<shared> in, task<T> body) {
    auto* outer = co_await detail::this_scope{};
    detail::scope mine{outer->machine, outer, outer->handler, false, in->cancelled};
    in->running.push_back(&mine);
    // What is outside may be gone when this has ended, however it ended.
    struct leave {
      shared& from;
      detail::scope& which;
      ~leave() {
        from.seen = from.seen || which.is_cancelled();
        std::erase(from.running, &which);
      }
    } left{*in, mine};
    body.run_in(&mine);
    co_return co_await body;
  }

  std::shared_ptr<shared> shared_;
};

namespace detail {

template <class T>
task<T> run_shielded(task<T> body) {
  auto* outer = co_await this_scope{};
  scope mine{outer->machine, outer, outer->handler, true, false};
  body.run_in(&mine);
  co_return co_await body;
}

template <class T>
task<std::optional<value_of<T>>> run_within(task<> limit, task<T> body) {
  auto first = co_await race(std::move(body), std::move(limit));
  if (first.index() == 1) co_return std::nullopt;
  co_return std::get<0>(std::move(first));
}

}  // namespace detail

/// Runs `body` out of reach of cancellation: for cleaning up.
template <class Body>
task<detail::outcome_of<Body>> shielded(Body&& body) {
  return detail::run_shielded(detail::as_task(std::forward<Body>(body)));
}

namespace detail {

template <class T, class Cleanup>
task<T> run_finally(task<T> body, Cleanup cleanup) {
  std::optional<value_of<T>> results;
  std::exception_ptr thrown;
  try {
    co_await store(std::move(body), &results);
  } catch (...) {
    thrown = std::current_exception();
  }
  try {
    co_await run_shielded(call_and_keep(std::move(cleanup)));
  } catch (...) {
    if (!thrown) thrown = std::current_exception();
  }
  if (thrown) std::rethrow_exception(thrown);
  if constexpr (!std::is_void_v<T>) co_return std::move(*results);
}

}  // namespace detail

/// Runs `body`, and when it has ended, in whatever way, `cleanup()`, out of reach of cancellation;
/// `cleanup` returns nothing, a task or a call. Then the body's result is returned or its failure
/// thrown on; a failure of the cleanup is thrown if the body had none.
template <class Body, class Cleanup>
task<detail::outcome_of<Body>> finally(Body&& body, Cleanup cleanup) {
  return detail::run_finally(detail::as_task(std::forward<Body>(body)), std::move(cleanup));
}

// -- saga -----------------------------------------------------------------------------------------

/// What undoes the steps that were taken, last step first.
class compensations {
public:
  /// Registers what undoes the next step; call it before that step. `undo` returns nothing, a task
  /// or a call.
  template <class Undo>
  void add(std::string name, Undo undo) {
    steps_.push_back(
        {std::move(name), [undo = std::move(undo)] { return detail::call_and_keep(undo); }});
  }

  /// Undoes everything, last step first, going on past those that fail. A step for which there is
  /// too much under way is tried again when some of it has gone. Returns what failed, by name and
  /// message; empty: nothing.
  task<std::string> run() {
    auto* scope = co_await detail::this_scope{};
    std::string failures;
    while (!steps_.empty()) {
      auto step = std::move(steps_.back());
      steps_.pop_back();
      while (co_await is_refused(step, failures)) {
        co_await detail::sleep_awaiter(*scope->machine, nullptr, std::chrono::seconds{1});
      }
    }
    co_return failures;
  }

private:
  struct step {
    std::string name;
    std::function<task<>()> undo;
  };

  /// Undoes a step, or notes why not. Returns whether it was refused for now.
  static task<bool> is_refused(const step& which, std::string& failures) {
    std::string why;
    try {
      co_await which.undo();
      co_return false;
    } catch (const failure& refused) {
      if (refused.why().code == errc::overloaded) co_return true;
      why = refused.what();
    } catch (const std::exception& thrown) {
      why = thrown.what();
    } catch (...) {
      why = "threw what is no std::exception";
    }
    failures += (failures.empty() ? "" : "; ") + which.name + ": " + why;
    co_return false;
  }

  std::vector<step> steps_;
};

/// Runs `body(compensations&)`. When it fails or is cancelled, what it registered is undone, out of
/// reach of cancellation, and its failure is thrown on; if undoing failed too, a `failure` that
/// names everything.
template <class Body>
auto saga(Body body) -> std::invoke_result_t<Body&, compensations&> {
  compensations undo;
  std::exception_ptr thrown;
  std::string reason;
  using value = detail::result_of<std::invoke_result_t<Body&, compensations&>>;
  std::optional<detail::value_of<value>> results;
  try {
    if constexpr (std::is_void_v<value>) {
      co_await body(undo);
      results.emplace();
    } else {
      results.emplace(co_await body(undo));
    }
  } catch (const std::exception& why) {
    thrown = std::current_exception();
    reason = why.what();
  } catch (...) {
    thrown = std::current_exception();
    reason = "threw what is no std::exception";
  }
  if (thrown) {
    auto failed = co_await shielded(undo.run());
    if (!failed.empty()) {
      throw failure({errc::failed, reason + " (and undoing failed: " + failed + ")"});
    }
    std::rethrow_exception(thrown);
  }
  if constexpr (!std::is_void_v<value>) co_return std::move(*results);
}

}  // namespace perdure
