#pragma once

/// `all`, `any`, `race` and `for_each`. Users include concurrency.h.

#include <cstddef>
#include <exception>
#include <optional>
#include <stdexcept>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <perdure/group.h>

namespace perdure {

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

}  // namespace perdure
