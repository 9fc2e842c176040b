#pragma once

/// What is journaled: one `record` for each step of an entity, that is, one input and the commands
/// its handling caused. Plain values; how they are laid out in bytes is `persistence/codec.h`'s.
///
/// The input and each command are events of the entity's history and have numbers: the input
/// `event`, the commands `event + 1`, `event + 2`, ... in order.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <perdure/errors.h>
#include <perdure/options.h>
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
  bytes results;          ///< When completed.
  std::string message;    ///< When failed.
  std::string type = {};  ///< When failed: `error::type`.
  friend bool operator==(const update_outcome&, const update_outcome&) = default;
};

/// How a call out of an entity (an activity, a message to another entity) ended.
struct call_outcome {
  bytes results;             ///< When it did not fail.
  std::optional<error> why;  ///< When it failed.
  friend bool operator==(const call_outcome&, const call_outcome&) = default;
};

/// One of the updates that wait for the one at hand.
struct chain_link {
  entity_id entity;
  std::string method;
  friend bool operator==(const chain_link&, const chain_link&) = default;
};

/// The entity that a message comes from.
struct origin {
  entity_id sender;
  timestamp life;           ///< Of the sender: see `record::life`.
  event_number number = 0;  ///< The sender's event `message_sent`: grows from message to message.
  std::vector<chain_link> chain;  ///< Updates that wait for this one, the outermost first.
  friend bool operator==(const origin&, const origin&) = default;
};

/// What one entity asks of another.
enum class message_kind : std::uint8_t {
  signal,
  update,     ///< Answered with the results.
  query,      ///< Likewise; leaves no trace at the receiver.
  start,      ///< Answered when it was accepted.
  run,        ///< A start, answered with the main's results.
  result,     ///< Answered with the results of the main that is running, or has ended.
  cancel,     ///< Of the receiver's main.
  terminate,  ///< Of the receiver.
};

/// A message that has left its sender's hands and has not been answered for good: it is sent again
/// until it is.
struct outgoing {
  event_number number = 0;
  entity_id target;
  message_kind kind = message_kind::signal;
  std::uint16_t method = 0;
  /// Set: the method by its name, and `params` are JSON, which the receiver's contract translates;
  /// the answer is JSON too. For senders that learn of the type at run time.
  std::string method_name;
  bytes params;
  start_options start;    ///< Of start and run.
  bool as_child = false;  ///< The sender is the parent; of cancel and terminate: or nothing.
  std::string reason;     ///< Of cancel and terminate.
  std::vector<chain_link> chain;  ///< As in `origin`.
  std::string traceparent;
  /// Of the start of a child: it may be running, started by this sender in a step that a reset has
  /// undone. Then the sender is its parent again, and hears of its end.
  bool adopts = false;

  bool starts_child() const {
    return as_child && (kind == message_kind::start || kind == message_kind::run);
  }
  friend bool operator==(const outgoing&, const outgoing&) = default;
};

/// Messages of one other entity that were taken: none with a number up to `last` is taken again.
struct taken_messages {
  entity_id sender;
  timestamp life;
  event_number last = 0;
  /// Updates and starts whose answer the sender may still need.
  struct request {
    event_number number = 0;
    event_number event = 0;  ///< Here, that accepted it; or began the main it joined.
    run_number run = 0;
    bool is_start = false;
    std::optional<update_outcome> outcome;  ///< Of an update or a main that has ended.
    friend bool operator==(const request&, const request&) = default;
  };
  std::vector<request> requests;
  event_number event = 0;  ///< Here, that took `last`.
  friend bool operator==(const taken_messages&, const taken_messages&) = default;
};

/// A child that has not ended, as far as its parent knows.
struct child {
  event_number number = 0;  ///< Of the message that started it.
  entity_id entity;
  parent_close on_close = parent_close::terminate;
  bool undone = false;  ///< The step that started it was undone by a reset: it may be adopted.
  friend bool operator==(const child&, const child&) = default;
};

/// An activity that was scheduled and has not ended.
struct pending_activity {
  event_number number = 0;  ///< Of the event `activity_scheduled`.
  timestamp scheduled;
  std::string activities;  ///< Name of the interface.
  std::uint16_t activity = 0;
  bytes params;
  activity_options options;
  std::string traceparent;
  friend bool operator==(const pending_activity&, const pending_activity&) = default;
};

/// Where the life of an entity stands.
enum class life_status : std::uint8_t {
  running = 1,
  terminated = 2,
  completed = 3,
  failed = 4,
  cancelled = 5,
};

/// A main that was started: what it takes to begin it again in a new run.
struct started_main {
  std::uint16_t method = 0;
  bytes params;
  event_number started = 0;  ///< The event that started it.
  start_options options;
  std::optional<entity_id> parent;
  timestamp began;                              ///< When its start was accepted.
  std::optional<timestamp> due;                 ///< Set: it has not begun, its start was delayed.
  std::optional<timestamp> run_deadline;        ///< Of the current run.
  std::optional<timestamp> execution_deadline;  ///< Of all runs.
  std::optional<update_outcome> outcome;        ///< Once it has ended.
  friend bool operator==(const started_main&, const started_main&) = default;
};

using attributes = std::map<std::string, attribute_value, std::less<>>;

/// A message that came with an idempotency key.
struct keyed_message {
  std::string key;
  std::uint64_t digest = 0;  ///< Of kind, method and canonical parameters.
  event_number event = 0;
  run_number run = 0;
  timestamp time;  ///< Of its acceptance, or of the end of its update or main: its age counts from.
  bool is_update = false;
  std::optional<update_outcome> outcome;  ///< Of an update that has ended.
  std::uint16_t method = 0;
  event_number joined = 0;  ///< Of a start that joined a main: the event that began it.
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
  std::vector<outgoing> outbox;            ///< In order of their numbers.
  std::vector<taken_messages> inbox;       ///< In order of their senders.
  std::vector<child> children;             ///< In order of their numbers.
  core::attributes attributes;
  life_status status = life_status::running;
  bool paused = false;
  std::optional<started_main> main;
  timestamp reset_at;  ///< When it was last reset; 0: never.
  /// As `record::life`; 0: of records from before lives had numbers of their own.
  timestamp life = {};
  friend bool operator==(const carried_state&, const carried_state&) = default;
};

/// Returns about how many bytes it takes, encoded.
std::uint64_t size_of(const carried_state& carried);

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

/// First event of a run after the first: continue-as-new, or a start anew.
struct run_continued {
  carried_state carried;
  /// A start that has terminated the run before, in the same step: what that run owed is answered
  /// in `carried`, its children are ended here.
  bool replaces = false;
  friend bool operator==(const run_continued&, const run_continued&) = default;
};

/// The entity was ended from outside. Nothing follows.
struct terminated {
  std::string reason;
  friend bool operator==(const terminated&, const terminated&) = default;
};

/// The type's main begins, now or when its delay has passed.
struct main_started {
  std::uint16_t method = 0;
  bytes params;
  start_options options;
  bool as_child = false;  ///< The sender is its parent.
  friend bool operator==(const main_started&, const main_started&) = default;
};

/// The delay of the main's start has passed.
struct main_due {
  friend bool operator==(const main_due&, const main_due&) = default;
};

/// The main has not ended in its time.
struct deadline_passed {
  bool of_run = false;  ///< Otherwise of the execution.
  friend bool operator==(const deadline_passed&, const deadline_passed&) = default;
};

/// The activity scheduled as event `activity` has ended.
struct activity_ended {
  event_number activity = 0;
  call_outcome outcome;
  friend bool operator==(const activity_ended&, const activity_ended&) = default;
};

/// The message sent as event `message` was answered, or refused for good.
struct reply_received {
  event_number message = 0;
  call_outcome outcome;
  friend bool operator==(const reply_received&, const reply_received&) = default;
};

/// The main is asked to stop.
struct cancel_requested {
  std::string reason;
  friend bool operator==(const cancel_requested&, const cancel_requested&) = default;
};

/// Until `resumed`, nothing of this entity is run.
struct paused {
  std::string reason;
  friend bool operator==(const paused&, const paused&) = default;
};

struct resumed {
  friend bool operator==(const resumed&, const resumed&) = default;
};

struct record;

/// First event of a run that goes back: `history` is what is left of the run before, from its first
/// record to the step that holds event `to`.
struct run_reset {
  event_number to = 0;
  std::string reason;
  std::vector<record> history;
  /// Records of the signals that came behind it, without commands: they are facts of the world
  /// outside, and are handled again, in their order, before anything else.
  std::vector<record> signals;
  /// Children that were started behind it: the entity's to adopt, or to end with itself.
  std::vector<child> children = {};
  friend bool operator==(const run_reset& a, const run_reset& b);
};

/// Nothing has happened but what the record `settles`; or a start came, with a key or from another
/// entity, and joined the main that runs.
struct settled {
  friend bool operator==(const settled&, const settled&) = default;
};

using input = std::variant<signal_received, signal_delayed, update_accepted, timer_fired,
                           reminder_fired, delayed_signal_due, run_continued, terminated,
                           main_started, main_due, deadline_passed, activity_ended, reply_received,
                           cancel_requested, paused, resumed, run_reset, settled>;

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

/// An activity is to be run; its number is that of this event.
struct activity_scheduled {
  std::string activities;
  std::uint16_t activity = 0;
  bytes params;
  activity_options options;
  std::string traceparent;
  friend bool operator==(const activity_scheduled&, const activity_scheduled&) = default;
};

/// An activity is to be stopped. Whether it is still waited for, its options say.
struct activity_cancelled {
  event_number activity = 0;
  friend bool operator==(const activity_cancelled&, const activity_cancelled&) = default;
};

/// A message to another entity; `message.number` is that of this event.
struct message_sent {
  outgoing message;
  friend bool operator==(const message_sent&, const message_sent&) = default;
};

/// A handler asked which version of a change it runs.
struct version_recorded {
  std::string change;
  std::int32_t version = 0;
  friend bool operator==(const version_recorded&, const version_recorded&) = default;
};

/// What a side effect returned, or threw.
struct side_effect_recorded {
  bytes value;
  std::optional<error> why = {};  ///< What it threw: `rejected` by that code, else as a `failure`.
  friend bool operator==(const side_effect_recorded&, const side_effect_recorded&) = default;
};

struct attribute_set {
  std::string name;
  std::optional<attribute_value> value;  ///< Nothing: it is removed.
  friend bool operator==(const attribute_set&, const attribute_set&) = default;
};

/// The main has ended, and the entity with it.
struct main_ended {
  life_status status = life_status::completed;
  update_outcome outcome;
  friend bool operator==(const main_ended&, const main_ended&) = default;
};

/// The main waits at a continue point for the new run, which follows.
struct continue_requested {
  friend bool operator==(const continue_requested&, const continue_requested&) = default;
};

using command = std::variant<timer_started, timer_cancelled, reminder_set, reminder_cancelled,
                             update_ended, handler_failed, activity_scheduled, activity_cancelled,
                             message_sent, version_recorded, side_effect_recorded, attribute_set,
                             main_ended, continue_requested>;

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
  std::optional<origin> from;  ///< Nothing: the input came from outside, or from the entity itself.
  std::string traceparent;     ///< Of the input; W3C Trace Context.
  /// Events of this entity that are over, as was learned since the record before: messages that
  /// were delivered, and messages it took whose sender will not send them again.
  std::vector<event_number> settles;
  std::vector<command> commands;
  /// Digest of the canonical state after this step, every few steps; compared at replay.
  std::optional<std::uint64_t> state_digest = {};
  /// Set where a life begins, in an entity's first record and in a reset: names it. Lives of one id
  /// grow and never repeat, whatever clocks do; they tell apart whose messages and activities are
  /// meant, which are numbered from 1 again. Not a time; records that lack it had one in its place.
  std::optional<timestamp> life = {};

  event_number last_event() const { return event + commands.size(); }

  friend bool operator==(const record&, const record&) = default;
};

}  // namespace perdure::core
