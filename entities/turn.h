#pragma once

/// One turn of an entity: all that its handlers reach while one step is taken. Awaits, stubs and
/// `entity_base` know this and nothing else of the machine.
///
/// Guarantees:
/// - What is ordered becomes a command of the step, in the order in which it was ordered.
/// - In replay, what is recorded (versions, side effects) comes from the recorded step.
/// - Nothing throws into a frame that is being dropped, since destructors call from there: within a
///   turn a failure is recorded as that of its handler; outside of any, nothing has an effect, and
///   the first call is remembered (`misuse`).
///
/// Lives on the stack for as long as the step is taken. One thread at a time.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <perdure/await.h>
#include <perdure/errors.h>
#include <perdure/task.h>
#include <perdure/types.h>

#include "entities/handlers.h"
#include "entities/record.h"

namespace perdure::core {

class machine;

class turn {
public:
  /// Takes `step`; again, where it has been `recorded`.
  turn(machine& of, record& step, const record* recorded);
  /// For what takes no step, and may have no effects: a query.
  turn(machine& of, timestamp now);
  /// For dropping frames where no step is taken.
  explicit turn(machine& of);
  turn(const turn&) = delete;
  turn& operator=(const turn&) = delete;
  ~turn();

  /// Returns the turn that `of` takes, for a `call` out of a handler, which errors name. Throws
  /// std::logic_error where there is none.
  static turn& of(machine* of, std::string_view call);
  /// Likewise; null where there is none.
  static turn* find(machine* of);

  // -- for handlers -----------------------------------------------------------------------------

  const entity_id& self() const;
  timestamp time() const { return time_; }
  /// The handler that runs; null between handlers.
  handler_scope* scope() const { return scope_; }

  std::uint64_t random();
  void spawn(task<> body);
  void wait_for(waiter where, duration time);
  void set_reminder(reminder what);
  void cancel_reminder(std::string_view name);
  void set_attribute(std::string name, std::optional<attribute_value> value);

  /// Each returns the number of the call, or message.
  event_number call(const detail::activity_request& what);
  event_number send(detail::message_request what);
  void wait_for_call(waiter where, event_number call);

  int version(std::string_view change, int min, int max);
  /// `nothing`: the value where no effect may be had.
  bytes recorded_effect(const std::function<bytes()>& effect, bytes nothing);
  void reply_with(bytes results, std::uint64_t schema);
  /// Orders to continue as new when it is time. Returns whether the main is to wait for that.
  bool continues();
  void passed_continue_point();

  bool holds(const std::function<bool()>& condition);
  /// Counts handlers that run, but for those that wait for all others themselves.
  std::size_t others_at_work(const detail::scope* than) const;

  // Queues of mutexes and semaphores; `may_enter` and `release` are for those who have a ticket.
  std::uint64_t queue_for(const std::string& name);
  bool may_enter(const std::string& name, std::uint64_t ticket, std::size_t places) const;
  void leave_queue(const std::string& name, std::uint64_t ticket, bool entered);
  void release(const std::string& name);

  // -- for the machine --------------------------------------------------------------------------

  event_number order(command what);
  event_number post(outgoing message);
  /// Takes back what was ordered beyond so many commands.
  void roll_back(std::size_t commands, std::uint32_t drawn);
  std::uint32_t drawn() const { return drawn_; }

  void enter(handler_scope* scope) { scope_ = scope; }
  void leave() { scope_ = nullptr; }
  /// Destroys the coroutine, whose frame may call.
  void drop(handler what);
  /// While conditions are asked, nothing has effects.
  void set_asking(bool asking) { asking_ = asking; }

  const record& step() const { return *step_; }
  bool is_replay() const { return recorded_ != nullptr; }
  /// The first call out of a frame that was dropped outside of a step.
  std::unique_ptr<error> misuse() { return std::move(misuse_); }

private:
  bool may_act();
  void check_effects() const;
  template <class Exception>
  void fail(const Exception& why);
  bool check_room(std::size_t payload);
  bool check_timers();
  void check_cycle(const detail::message_request& what) const;
  const command* next_recorded() const;
  side_effect_recorded perform(const std::function<bytes()>& effect);
  bool wants_to_continue() const;
  handler_scope* at_hand() const { return scope_ ? scope_ : dropped_; }

  machine& entity_;
  turn* const before_;
  record* step_ = nullptr;            ///< Null: no step is taken.
  const record* recorded_ = nullptr;  ///< The recorded step, when it is taken again.
  timestamp time_;
  handler_scope* scope_ = nullptr;
  handler_scope* dropped_ = nullptr;  ///< Of the frame that is being destroyed.
  std::string_view call_;             ///< What was called last.
  std::unique_ptr<error> misuse_;
  std::uint32_t drawn_ = 0;
  bool asking_ = false;
  bool outside_ = false;  ///< Frames are dropped where no step is taken.
};

}  // namespace perdure::core
