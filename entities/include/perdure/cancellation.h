#pragma once

/// `cancel_scope`, `shielded`, `finally`, and what `within` is made of. Users include
/// concurrency.h.

#include <algorithm>
#include <exception>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include <perdure/combine.h>
#include <perdure/group.h>

namespace perdure {

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

}  // namespace perdure
