#pragma once

/// Cancellation scopes: every coroutine of an entity runs in one, the scopes of a handler form a
/// tree, and cancelling one makes each await in it, and in those below it, throw `cancelled`.
///
/// Users meet them as `cancel_scope` and `shielded` (concurrency.h); here is what the awaits need.

#include <coroutine>

namespace perdure {

namespace core {
class machine;
}

namespace detail {

/// Lives in the frame of a coroutine, or with its handler; outlives the coroutines that run in it.
struct scope {
  core::machine* machine = nullptr;
  scope* parent = nullptr;
  scope* handler = nullptr;  ///< The root: of the handler this belongs to.
  bool shielded = false;     ///< What is cancelled above does not reach in.
  bool cancelled = false;

  bool is_cancelled() const {
    for (auto* each = this; each; each = each->shielded ? nullptr : each->parent) {
      if (each->cancelled) return true;
    }
    return false;
  }
};

/// `co_await this_scope{}`: the scope of the coroutine at hand; suspends nothing.
struct this_scope {
  scope* found = nullptr;
  bool await_ready() const noexcept { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> coroutine) noexcept {
    found = coroutine.promise().scope();
    return false;
  }
  scope* await_resume() const noexcept { return found; }
};

/// Cancels `which`: whoever waits in it, or in a scope below it that is not shielded, is resumed
/// with `cancelled`.
void cancel(scope& which);

}  // namespace detail

}  // namespace perdure
