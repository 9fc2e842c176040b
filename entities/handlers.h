#pragma once

/// The suspended handlers of one entity: coroutines and what each waits for. Resumption depends on
/// the order in which they began to wait and on nothing else.
///
/// Knows nothing of inputs and records: the machine resumes whom this hands out.

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <optional>
#include <variant>
#include <vector>

#include <perdure/task.h>
#include <perdure/types.h>

#include "entities/record.h"

namespace perdure::core {

/// A handler that runs as a coroutine of its own.
struct handler {
  event_number started_by = 0;
  std::uint16_t method = 0;
  std::variant<task<bytes>, task<void>> body;  ///< An update's, or a spawned one.

  bool is_update() const { return body.index() == 0; }
  bool done() const {
    return std::visit([](auto& coroutine) { return coroutine.done(); }, body);
  }
};

/// A place where a coroutine waits.
struct waiter {
  std::uint64_t number = 0;  ///< Grows; the order of waiting.
  std::coroutine_handle<> coroutine;
  std::function<bool()>* condition =
      nullptr;             ///< Lives in the coroutine's frame. Null: timer only.
  bool* held = nullptr;    ///< Set before resumption: whether the condition did.
  timer_number timer = 0;  ///< 0: none.
  timestamp due;
  event_number started_by = 0;  ///< Of the handler that waits here.
  std::uint16_t method = 0;     ///< Likewise.
};

class handlers {
public:
  handlers() = default;
  handlers(const handlers&) = delete;
  handlers& operator=(const handlers&) = delete;
  ~handlers() { clear(); }

  void add(handler started) { running_.push_back(std::move(started)); }
  void wait(waiter where);

  bool empty() const { return running_.empty(); }
  std::size_t size() const { return running_.size(); }
  const std::vector<handler>& running() const { return running_; }
  const std::vector<waiter>& waiting() const { return waiting_; }

  /// Takes out whoever waits for `timer`. Nothing: nobody does.
  std::optional<waiter> take(timer_number timer);

  /// Takes out the longest waiting coroutine whose condition holds now. Nothing: none does.
  std::optional<waiter> take_ready();

  /// Takes out the handlers that ended, in the order they were started.
  std::vector<handler> take_finished();

  /// Forgets what was added after there were this many handlers and this next waiter number.
  void roll_back(std::size_t handler_count, std::uint64_t next_waiter);
  std::uint64_t next_waiter() const { return next_number_; }

  /// Drops all coroutines.
  void clear();

private:
  waiter take_at(std::size_t index);

  std::vector<handler> running_;
  std::vector<waiter> waiting_;
  std::uint64_t next_number_ = 1;
};

}  // namespace perdure::core
