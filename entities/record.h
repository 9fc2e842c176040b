#pragma once

/// What is journaled: one `record` for each step of an entity, that is, one input and the commands
/// its handling caused. Plain values; how they are laid out in bytes is `persistence/codec.h`'s.
///
/// The input and each command are events of the entity's history and have numbers: the input
/// `event`, the commands `event + 1`, `event + 2`, ... in order.

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <perdure/types.h>

namespace perdure::core {

/// Numbers the timers that coroutines of one entity started, over its whole life.
using timer_number = std::uint64_t;

// -- state that a run hands to the next ----------------------------------------------------------

/// A named durable timer that sends its entity a signal.
struct reminder {
  std::string name;
  std::uint16_t signal = 0;
  bytes params;
  timestamp due;
  friend bool operator==(const reminder&, const reminder&) = default;
};

/// A signal that was accepted with a delay and has not been handled yet.
struct delayed_signal {
  event_number accepted = 0;
  std::uint16_t signal = 0;
  bytes params;
  timestamp due;
  friend bool operator==(const delayed_signal&, const delayed_signal&) = default;
};

/// How an update ended.
struct update_outcome {
  enum class kind : std::uint8_t { completed, failed };
  kind how = kind::completed;
  bytes results;        ///< When completed.
  std::string message;  ///< When failed.
  friend bool operator==(const update_outcome&, const update_outcome&) = default;
};

/// A message that came with an idempotency key.
struct keyed_message {
  std::string key;
  std::uint64_t digest = 0;  ///< Of kind, method and canonical parameters.
  event_number event = 0;
  run_number run = 0;
  timestamp time;
  bool is_update = false;
  std::optional<update_outcome> outcome;  ///< Of an update that has ended.
  std::uint16_t method = 0;
  friend bool operator==(const keyed_message&, const keyed_message&) = default;
};

/// All that an entity is at a quiescent point: what a snapshot holds, and what a new run begins
/// with.
struct carried_state {
  bytes state;  ///< As the contract's codec encodes it, canonical.
  timestamp created;
  timer_number timers_started = 0;
  std::vector<reminder> reminders;         ///< In order of their names.
  std::vector<delayed_signal> delayed;     ///< In order of their acceptance.
  std::vector<keyed_message> idempotency;  ///< In order of their events.
  friend bool operator==(const carried_state&, const carried_state&) = default;
};

// -- inputs --------------------------------------------------------------------------------------

struct signal_received {
  std::uint16_t method = 0;
  bytes params;
  friend bool operator==(const signal_received&, const signal_received&) = default;
};

/// A signal to be handled at `due`; answered as accepted now.
struct signal_delayed {
  std::uint16_t method = 0;
  bytes params;
  timestamp due;
  friend bool operator==(const signal_delayed&, const signal_delayed&) = default;
};

struct update_accepted {
  std::uint16_t method = 0;
  bytes params;
  friend bool operator==(const update_accepted&, const update_accepted&) = default;
};

struct timer_fired {
  timer_number timer = 0;
  friend bool operator==(const timer_fired&, const timer_fired&) = default;
};

struct reminder_fired {
  std::string name;
  friend bool operator==(const reminder_fired&, const reminder_fired&) = default;
};

/// The time of the signal accepted as event `accepted` has come.
struct delayed_signal_due {
  event_number accepted = 0;
  friend bool operator==(const delayed_signal_due&, const delayed_signal_due&) = default;
};

/// First event of a run after the first: continue-as-new.
struct run_continued {
  carried_state carried;
  friend bool operator==(const run_continued&, const run_continued&) = default;
};

/// The entity was ended from outside. Nothing follows.
struct terminated {
  std::string reason;
  friend bool operator==(const terminated&, const terminated&) = default;
};

using input = std::variant<signal_received, signal_delayed, update_accepted, timer_fired,
                           reminder_fired, delayed_signal_due, run_continued, terminated>;

// -- commands ------------------------------------------------------------------------------------

struct timer_started {
  timer_number timer = 0;
  timestamp due;
  friend bool operator==(const timer_started&, const timer_started&) = default;
};

struct timer_cancelled {
  timer_number timer = 0;
  friend bool operator==(const timer_cancelled&, const timer_cancelled&) = default;
};

struct reminder_set {
  reminder set;
  friend bool operator==(const reminder_set&, const reminder_set&) = default;
};

struct reminder_cancelled {
  std::string name;
  friend bool operator==(const reminder_cancelled&, const reminder_cancelled&) = default;
};

/// The update accepted as event `update` has ended.
struct update_ended {
  event_number update = 0;
  update_outcome outcome;
  friend bool operator==(const update_ended&, const update_ended&) = default;
};

/// A handler that nobody waits for (of a reminder, a delayed signal, a spawned task) threw.
struct handler_failed {
  event_number started_by = 0;
  std::string message;
  friend bool operator==(const handler_failed&, const handler_failed&) = default;
};

using command = std::variant<timer_started, timer_cancelled, reminder_set, reminder_cancelled,
                             update_ended, handler_failed>;

// -- the record ----------------------------------------------------------------------------------

/// Came with the input: counts it once.
struct idempotency {
  std::string key;
  std::uint64_t digest = 0;
  friend bool operator==(const idempotency&, const idempotency&) = default;
};

/// One step.
struct record {
  run_number run = 1;
  event_number event = 0;  ///< Of the input.
  timestamp time;          ///< Never before that of the record before.
  input what;
  std::optional<idempotency> once;
  std::vector<command> commands;
  /// Digest of the canonical state after this step, where a snapshot was taken; compared at replay.
  std::optional<std::uint64_t> state_digest;

  event_number last_event() const { return event + commands.size(); }

  friend bool operator==(const record&, const record&) = default;
};

}  // namespace perdure::core
