#pragma once

/// `saga` and `compensations`. Users include concurrency.h.

#include <chrono>
#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <perdure/cancellation.h>
#include <perdure/group.h>

namespace perdure {

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
