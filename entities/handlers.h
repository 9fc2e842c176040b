#pragma once

/// The suspended handlers of one entity: coroutines and what each waits for. Resumption depends on
/// the order in which they began to wait and on nothing else.
///
/// Knows nothing of inputs and records: the machine resumes whom this hands out.

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <perdure/await.h>
#include <perdure/scope.h>
#include <perdure/task.h>
#include <perdure/types.h>

#include "entities/record.h"

namespace perdure::core {

/// What belongs to one run of a handler: the root of its cancellation scopes, and what its calls
/// hand on.
struct handler_scope : detail::scope {
  event_number started_by = 0;
  std::uint16_t method = 0;
  bool is_main = false;
  bool replied = false;       ///< An update that answered before its end.
  std::string why_cancelled;  ///< The reason that was given, of a main.
  std::size_t finishing = 0;  ///< Its coroutines that wait for all other handlers.
  std::string traceparent;
  std::vector<chain_link> chain;  ///< Updates that wait for it.
  std::map<std::string, int, std::less<>> versions;
};

/// A handler that runs as a coroutine of its own.
struct handler {
  std::unique_ptr<handler_scope> scope;        // Outlives the coroutine.
  std::variant<task<bytes>, task<void>> body;  ///< An update's or the main's, or a spawned one.

  event_number started_by() const { return scope->started_by; }
  std::uint16_t method() const { return scope->method; }
  bool is_main() const { return scope->is_main; }
  bool is_update() const { return body.index() == 0 && !scope->is_main; }
  bool done() const {
    return std::visit([](auto& coroutine) { return coroutine.done(); }, body);
  }
};

/// A place where a coroutine waits.
struct waiter {
  std::uint64_t number = 0;  ///< Grows; the order of waiting.
  std::coroutine_handle<> coroutine;
  detail::scope* scope = nullptr;
  detail::awaited* to = nullptr;               ///< Filled before resumption.
  std::function<bool()>* condition = nullptr;  ///< Lives in the coroutine's frame. Null: none.
  timer_number timer = 0;                      ///< 0: none.
  timestamp due;
  event_number call = 0;      ///< The activity or message whose outcome is waited for; 0: none.
  bool told_to_stop = false;  ///< Was cancelled, and waits for how the call ends.

  const handler_scope& handler() const { return static_cast<handler_scope&>(*scope->handler); }
};

class handlers {
public:
  handlers() = default;
  handlers(const handlers&) = delete;
  handlers& operator=(const handlers&) = delete;
  ~handlers() = default;

  void add(handler started) { running_.push_back(std::move(started)); }
  void wait(waiter where);

  bool empty() const { return running_.empty(); }
  std::size_t size() const { return running_.size(); }
  const std::vector<handler>& running() const { return running_; }
  const std::vector<waiter>& waiting() const { return waiting_; }

  /// Returns the main's handler, or null.
  const handler* main() const;

  /// Takes out whoever waits for `timer`. Nothing: nobody does.
  std::optional<waiter> extract(timer_number timer);

  /// Takes out whoever waits for the outcome of `call`. Nothing: nobody does.
  std::optional<waiter> extract_call(event_number call);

  /// Takes out the longest waiting coroutine whose condition holds now. Nothing: none does.
  std::optional<waiter> extract_ready();

  /// Returns the longest waiting coroutine that has been cancelled and not been told, or null.
  waiter* find_cancelled();
  waiter extract(const waiter* which);

  /// Takes out the handlers that ended, in the order they were started.
  std::vector<handler> extract_finished();

  /// Takes out the handler that was added last. REQUIRES: !empty().
  handler extract_last();

  /// Forgets who began to wait since this was the next waiter's number.
  void roll_back(std::uint64_t next_waiter);
  std::uint64_t next_waiter() const { return next_number_; }

private:
  waiter extract_at(std::size_t index);

  std::vector<handler> running_;
  std::vector<waiter> waiting_;
  std::uint64_t next_number_ = 1;
};

}  // namespace perdure::core
