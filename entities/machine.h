#pragma once

/// The deterministic heart: one entity, brought from event to event.
///
///     step : (entity, input, time of the event) -> record of the input and its commands
///
/// Guarantees:
/// - The same records, replayed, give the same state and the same commands; a difference is found
///   and named.
/// - A refused input changes nothing: no state, no command, no number.
/// - Nothing happens here but in memory. What a record asks for (answers, timers) is done by
///   whoever made the record durable.
///
/// Time comes in with each step and never goes back. One thread at a time.

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <perdure/entity.h>
#include <perdure/errors.h>
#include <perdure/types.h>

#include "entities/handlers.h"
#include "entities/idempotency.h"
#include "entities/record.h"

namespace perdure::core {

struct machine_limits {
  std::size_t timers = 2'000;  ///< Timers, reminders and delayed signals together.
  std::size_t suspended_handlers = 2'000;
  std::size_t state_bytes = 8 * 1024 * 1024;
  std::uint64_t history_events = 51'200;  ///< Of one run; then messages are refused.
  std::uint64_t history_bytes = 50 * 1024 * 1024;
  duration idempotency_time = std::chrono::hours{24};
  std::size_t idempotency_keys = 10'000;
  /// States up to this encoded size are copied before a handler runs; a refusal by a larger one
  /// costs a reload instead (`refused::state_lost`).
  std::size_t copied_state_bytes = 8 * 1024;
};

/// A signal or an update on its way in.
struct message {
  std::uint16_t method = 0;
  bytes params;
  std::string key;    ///< Idempotency key; empty: none.
  duration delay{0};  ///< Signals only.
};

/// The step was taken; append `step` to the journal before anyone learns of it.
struct accepted {
  record step;
};

/// Nothing happened.
struct refused {
  error why;
  /// The handler spoiled a state too large to copy: discard the machine and load it again.
  bool state_lost = false;
};

/// The key has been seen: answer as the first time.
struct repeated {
  event_number event = 0;
  run_number run = 0;
  bool is_update = false;
  std::optional<update_outcome> outcome;  ///< Nothing: the update has not ended.
};

using outcome = std::variant<accepted, refused, repeated>;

/// Where an entity is in its history.
struct position {
  run_number run = 1;
  event_number run_began = 1;
  event_number last_event = 0;
  timestamp last_time;
  std::uint64_t run_bytes = 0;  ///< Encoded size of the run's records, as far as told.
};

class machine {
public:
  /// REQUIRES: `who` and `limits` outlive the machine.
  machine(const entity_type& type, const entity_id& who, const machine_limits& limits);
  machine(const machine&) = delete;
  machine& operator=(const machine&) = delete;
  ~machine();

  // -- coming back ------------------------------------------------------------------------------

  /// Puts a fresh machine at a snapshot, or (with the carried state of a run_continued record) at
  /// the beginning of a run. Errors: internal, when the state cannot be decoded.
  std::optional<error> restore(const carried_state& carried, const position& where);

  /// Takes a recorded step again and compares. Errors: nondeterministic, with event number, what
  /// was expected and what the code did; the machine is then of no use.
  std::optional<error> replay(const record& step);

  // -- steps ------------------------------------------------------------------------------------

  outcome handle_signal(message what, timestamp now);
  outcome handle_update(message what, timestamp now);
  outcome terminate(std::string reason, timestamp now);

  /// Takes the step of the earliest timer, reminder or delayed signal due at `now`; nothing when
  /// none is.
  std::optional<record> fire(timestamp now);

  /// Begins a new run with the carried state. REQUIRES: quiescent().
  record continue_as_new(timestamp now);

  /// Answers from the present state.
  result<bytes> query(std::uint16_t method, bytes_view params, timestamp now);

  // -- what is known ----------------------------------------------------------------------------

  const entity_id& self() const { return self_; }
  const perdure::contract& contract() const { return *type_.contract; }
  const position& where() const { return where_; }
  timestamp created() const { return created_; }
  bool is_terminated() const { return terminated_; }
  std::uint64_t run_events() const { return where_.last_event + 1 - where_.run_began; }

  /// No handler is suspended: state is all there is, so a snapshot can be taken.
  bool quiescent() const { return handlers_.empty(); }
  const std::vector<handler>& suspended() const { return handlers_.running(); }

  /// Earliest time at which `fire` has something to do.
  std::optional<timestamp> next_due() const;
  std::vector<waiter> timers() const;
  const std::map<std::string, reminder, std::less<>>& reminders() const { return reminders_; }
  const std::vector<delayed_signal>& delayed() const { return delayed_; }

  const idempotency_window& window() const { return window_; }

  /// Counts the encoded size of the last record towards the history limit.
  void add_run_bytes(std::uint64_t size) { where_.run_bytes += size; }

  /// Returns the canonical encoded state.
  bytes state() const;

  /// Returns all that a snapshot holds. REQUIRES: quiescent().
  carried_state carry() const;

  /// About how many bytes the state takes; exact after `restore`, `state` or `carry`.
  std::size_t state_size() const { return state_size_; }

private:
  friend class perdure::entity_base;
  friend class perdure::detail::sleep_awaiter;
  friend class perdure::detail::condition_awaiter;

  struct mark;

  outcome take(input what, message* from, bool is_update, timestamp now);
  std::optional<error> check_room() const;
  bool state_is_small() const;
  record begin(input what, timestamp now) const;
  std::optional<error> execute(record& step, bool refusable);
  void advance(const record& step);

  std::optional<error> run(record& step, const signal_received& what, bool refusable);
  std::optional<error> run(record& step, const update_accepted& what, bool refusable);
  std::optional<error> run(record& step, const signal_delayed& what, bool refusable);
  std::optional<error> run(record& step, const timer_fired& what, bool refusable);
  std::optional<error> run(record& step, const reminder_fired& what, bool refusable);
  std::optional<error> run(record& step, const delayed_signal_due& what, bool refusable);
  std::optional<error> run(record& step, const run_continued& what, bool refusable);
  std::optional<error> run(record& step, const terminated& what, bool refusable);

  template <class Body>
  std::optional<error> atomically(bool refusable, Body body);
  std::optional<error> call_signal(std::uint16_t method, bytes_view params, bool refusable);
  void run_unattended(std::uint16_t method, bytes_view params, event_number started_by);
  void resume(waiter whom, bool held);
  void settle();
  void finish_handlers();
  void apply_timers(const record& step);
  void order(command what);

  // -- context of the running turn (through entity_base and the awaiters) ------------------------
  std::uint64_t random();
  void spawn(task<> body);
  timer_number start_timer(duration time);
  void wait_for(waiter where, duration time);
  void set_reminder(reminder what);
  void cancel_reminder(std::string_view name);
  std::size_t timer_count() const;

  entity_type type_;
  const entity_id& self_;
  const machine_limits& limits_;
  std::unique_ptr<entity_base> instance_;

  position where_;
  timestamp created_;
  timer_number timers_started_ = 0;
  handlers handlers_;
  std::map<std::string, reminder, std::less<>> reminders_;
  std::vector<delayed_signal> delayed_;
  idempotency_window window_;
  bool terminated_ = false;
  mutable std::size_t state_size_ = 0;  ///< Measured, plus what came in since.
  mutable std::size_t measured_state_size_ = 0;

  // Of the turn being taken.
  record* turn_ = nullptr;
  timestamp turn_time_;
  std::uint16_t turn_method_ = 0;
  event_number turn_started_by_ = 0;
  std::uint32_t drawn_ = 0;
  bool state_lost_ = false;
};

/// Returns a line that names an input or command and its arguments, for people.
std::string describe(const input& what);
std::string describe(const command& what);

}  // namespace perdure::core
