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

#include <algorithm>
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

#include "entities/describe.h"
#include "entities/handlers.h"
#include "entities/idempotency.h"
#include "entities/rare_map.h"
#include "entities/record.h"
#include "entities/timetable.h"

namespace perdure::core {

class turn;
struct replay_notes;

struct machine_limits {
  std::size_t timers = 2'000;  ///< Timers, reminders and delayed signals together.
  std::size_t suspended_handlers = 2'000;
  std::size_t calls = 2'000;     ///< Pending activities and undelivered messages together.
  std::size_t senders = 10'000;  ///< Entities whose messages are not settled.
  std::size_t payload_bytes = 2 * 1024 * 1024;
  std::size_t state_bytes = 8 * 1024 * 1024;
  std::uint64_t history_events = 51'200;  ///< Of one run; then messages are refused.
  std::uint64_t history_bytes = 50 * 1024 * 1024;
  std::uint64_t continue_after_events = 4'096;  ///< Of a run, when a new one ought to begin.
  std::uint64_t continue_after_bytes = 4 * 1024 * 1024;
  duration idempotency_time = std::chrono::hours{24};
  std::size_t idempotency_keys = 10'000;
  /// States up to this encoded size are copied before a handler runs; a refusal by a larger one
  /// costs a reload instead (`refused::state_lost`).
  std::size_t copied_state_bytes = 8 * 1024;
};

/// A signal, an update or a start on its way in.
struct message {
  std::uint16_t method = 0;
  bytes params;
  std::string key;    ///< Idempotency key; empty: none.
  duration delay{0};  ///< Signals only.
  std::optional<origin> from = {};
  std::string traceparent = {};
  start_options start = {};  ///< Starts only.
  bool as_child = false;     ///< Likewise.
  bool adopts = false;       ///< Likewise: see `outgoing::adopts`.
};

/// Where a cancel, a termination comes from, when it comes from another entity.
using sender = std::optional<origin>;

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
  bool is_start = false;
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
  /// REQUIRES: `who` and `limits` outlive the machine. Throws what the entity class does when it is
  /// made, which is std::logic_error where it calls what is for handlers.
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

  /// Names the life that the entity's first step begins (see `record::life`). Of an entity that has
  /// taken steps it changes nothing; if nobody calls it, the time of the first step is the name.
  void begin_life(timestamp life);

  /// Destroys all coroutines. Returns the first call that one of them made meanwhile, or when a new
  /// run took its place: a bug of the entity (internal), which had no effect. The machine takes no
  /// more steps.
  std::optional<error> drop_handlers();

  // -- steps ------------------------------------------------------------------------------------

  outcome handle_signal(message what, timestamp now);
  outcome handle_update(message what, timestamp now);
  /// Begins the type's main. Where `what` is to end the one that runs, that is one step with the
  /// beginning: a `run_continued` that `replaces`. Its owner stops the activities that were under
  /// way before it (ask before: it forgets them), and answers everybody who waits for the end of an
  /// update or a main that began before it with `replaced()`.
  outcome handle_start(message what, timestamp now);
  /// How all that was waited for has ended when a start has replaced the run.
  static update_outcome replaced();
  /// Another entity asks for the result of the main that runs, or has ended: the answer is that of
  /// `answered_by_end_of` the step, known already where the main has ended. Refused
  /// (entity_not_found) where none was started.
  outcome handle_result(origin from, timestamp now);
  /// `as_parent`: it concerns a child of the sender, and nobody else's run.
  outcome cancel(std::string reason, sender from, timestamp now, bool as_parent = false);
  outcome terminate(std::string reason, sender from, timestamp now, bool as_parent = false);
  outcome pause(std::string reason, timestamp now);
  outcome resume(timestamp now);

  /// The activity has ended. Refused (completed) when nobody waits for it. Of a paused entity it is
  /// recorded, and handlers learn of it when it is resumed.
  outcome end_activity(event_number activity, call_outcome how, timestamp now);
  /// The message was answered, or refused for good. Refused as `end_activity`.
  outcome take_reply(event_number message, call_outcome how, timestamp now);

  /// The message has been taken by its receiver. Not a step: recorded with the next one.
  void delivered(event_number message);
  /// The sender will not send messages up to `number` again, nor ask for their answers. Not a step
  /// either.
  void forget(const entity_id& sender, timestamp life, event_number number);
  /// Records what `delivered` and `forget` told, when there is anything.
  std::optional<record> settle_messages(timestamp now);
  /// Takes a step in which nothing happens, for a record that holds the state's digest.
  record record_state(timestamp now);

  /// Takes the step of the earliest timer, reminder, delayed signal or deadline due at `now`, or at
  /// the last step's time where that is later; nothing when none is. Errors: nondeterministic, when
  /// it calls a method that the contract has no more; nothing has changed then.
  result<std::optional<record>> fire(timestamp now);
  /// Whether a delayed signal, such as one that came while the entity was paused, is due for
  /// `fire`: it comes before any message that comes now.
  bool has_delayed_due(timestamp now) const;

  /// Begins a new run with the carried state. REQUIRES: can_continue().
  record continue_as_new(timestamp now);

  /// Makes the first record of a run that goes back to the step that holds event `to`, and begins
  /// the `life` (0: named by its time). `history` is the present run, from its first record. The
  /// machine is of no use afterwards: a new one replays the record.
  static record reset(std::vector<record> history, event_number to, std::string reason,
                      timestamp now, timestamp life);

  /// Answers from the present state.
  result<bytes> query(std::uint16_t method, bytes_view params, timestamp now);

  // -- what is known ----------------------------------------------------------------------------

  const entity_id& self() const { return self_; }
  const perdure::contract& contract() const { return *type_.contract; }
  const position& where() const { return where_; }
  timestamp created() const { return created_; }
  /// Tells lives of one id apart for those who take its messages: what it sends again after a reset
  /// is new to them.
  timestamp life() const { return life_ != timestamp{} ? life_ : std::max(created_, reset_at_); }
  life_status status() const { return status_; }
  bool has_ended() const { return status_ != life_status::running; }
  bool is_paused() const { return paused_; }
  std::uint64_t run_events() const { return where_.last_event + 1 - where_.run_began; }

  /// No handler is suspended and no activity runs on without one: state is all there is, so a
  /// snapshot can be taken.
  bool quiescent() const { return handlers_.empty() && activities_.empty() && !holds_outcomes(); }
  /// A new run can begin: quiescent, or a main waits for just that.
  bool can_continue() const {
    return activities_.empty() && !holds_outcomes() &&
           (handlers_.empty() || (at_continue_point_ && handlers_.size() == 1));
  }
  bool at_continue_point() const { return at_continue_point_; }
  /// The run is so large that a new one ought to begin. What a run begins with does not count: it
  /// would be carried over.
  bool is_large() const {
    return run_events() >= limits_.continue_after_events ||
           where_.run_bytes >= std::max(limits_.continue_after_bytes, 2 * carried_bytes_);
  }
  const std::vector<handler>& suspended() const { return handlers_.running(); }

  /// Earliest time at which `fire` has something to do.
  std::optional<timestamp> next_due() const;
  std::vector<waiter> timers() const;
  const timetable::reminder_map& reminders() const { return timetable_.reminders(); }
  const std::vector<delayed_signal>& delayed() const { return timetable_.delayed(); }

  const idempotency_window& window() const { return window_; }

  /// Activities that have been scheduled and not ended, by number.
  const std::map<event_number, pending_activity>& activities() const { return activities_.get(); }
  /// Messages that have not been settled, by number.
  const std::map<event_number, outgoing>& outbox() const { return outbox_.get(); }
  /// Whether entities have sent messages and not been heard to know that they were taken.
  bool has_unsettled_senders() const { return !inbox_.empty(); }
  /// What was taken of other entities and is not settled, by sender.
  const std::map<entity_id, taken_messages>& inbox() const { return inbox_.get(); }
  /// Returns the activities that were asked to stop and whose end is waited for.
  std::vector<event_number> being_cancelled() const;
  const std::vector<child>& children() const { return children_; }
  const core::attributes& attributes() const { return attributes_.get(); }
  /// Returns the main that was started, or null.
  const started_main* main() const { return main_.get(); }
  /// Returns the event whose end answers whoever caused `step`: its own, or that of the main which
  /// a start has joined.
  event_number answered_by_end_of(const record& step) const {
    return is_join(step) ? main_->started : step.event;
  }

  /// Counts the encoded size of the last record towards the history limit.
  void add_run_bytes(std::uint64_t size) { where_.run_bytes += size; }

  /// Returns the canonical encoded state.
  bytes state() const;

  /// Returns all that a snapshot holds. REQUIRES: quiescent().
  carried_state carry() const;

  /// About how many bytes the state takes; exact after `restore`, `state` or `carry`.
  std::size_t state_size() const { return state_size_; }

private:
  friend class turn;  // What handlers reach while a step is taken.

  struct mark;
  /// What is done with the state when a handler fails before its first await.
  enum class on_failure : std::uint8_t {
    restore,           ///< A copy is kept.
    restore_if_small,  ///< A copy is kept, or the machine is loaded again.
    give_up,           ///< None: the machine is of no use then.
  };
  /// Who waits for a mutex or a semaphore, and how many hold it.
  struct lock {
    std::size_t held = 0;
    std::vector<std::uint64_t> queue;
    std::uint64_t tickets = 0;
  };
  /// What few entities have at a time.
  struct rarities {
    std::vector<std::pair<event_number, call_outcome>> held;  ///< Of calls, while paused.
    std::unique_ptr<error> misuse;                            ///< By a frame that was dropped.
  };

  // -- coming back (carried.cpp) --
  std::optional<error> replay_reset(const record& step, const run_reset& what);
  std::vector<outgoing> outbox_entries() const;
  std::vector<taken_messages> inbox_entries() const;
  event_number ends_with(const keyed_message& carried) const;

  // -- taking a step (machine.cpp) --
  outcome take(record step, bool refusable);
  record begin(input what, timestamp now) const;
  std::optional<error> execute(record& step, bool refusable);
  void drop_settled(const record& step);
  void advance(const record& step);
  void apply(const record& step, event_number number, const command& what);
  void note_taken(const record& step);
  void conclude(event_number began, const update_outcome& how, timestamp now);
  std::size_t timer_count() const;

  // -- what comes in (intake.cpp) --
  outcome take(input what, message* from, std::uint64_t meaning, timestamp now);
  std::optional<outcome> seen_before(const message& what, std::uint64_t meaning,
                                     timestamp now) const;
  std::optional<outcome> asked_before(const message& what, std::uint64_t meaning,
                                      timestamp now) const;
  std::optional<outcome> seen_before(const origin& from) const;
  std::optional<outcome> asked_before(const origin& from) const;
  error paused_error() const;
  std::optional<error> check_open() const;
  std::optional<error> check_sender(const std::optional<origin>& from) const;
  std::optional<error> check_room() const;
  std::optional<error> check_depth() const;
  std::optional<error> check_method(std::uint16_t method, method_kind kind) const;
  bool state_is_small() const;
  static bool is_join(const record& step);

  // -- inputs (inputs.cpp) --
  std::optional<error> run(record& step, const signal_received& what, bool refusable);
  std::optional<error> run(record& step, const update_accepted& what, bool refusable);
  std::optional<error> run(record& step, const signal_delayed& what, bool refusable);
  std::optional<error> run(record& step, const timer_fired& what, bool refusable);
  std::optional<error> run(record& step, const reminder_fired& what, bool refusable);
  std::optional<error> run(record& step, const delayed_signal_due& what, bool refusable);
  std::optional<error> run(record& step, const run_continued& what, bool refusable);
  std::optional<error> run(record& step, const terminated& what, bool refusable);
  std::optional<error> run(record& step, const main_started& what, bool refusable);
  std::optional<error> run(record& step, const main_due& what, bool refusable);
  std::optional<error> run(record& step, const deadline_passed& what, bool refusable);
  std::optional<error> run(record& step, const activity_ended& what, bool refusable);
  std::optional<error> run(record& step, const reply_received& what, bool refusable);
  std::optional<error> run(record& step, const cancel_requested& what, bool refusable);
  std::optional<error> run(record& step, const paused& what, bool refusable);
  std::optional<error> run(record& step, const resumed& what, bool refusable);
  std::optional<error> run(record& step, const run_reset& what, bool refusable);
  std::optional<error> run(record& step, const settled& what, bool refusable);
  std::optional<error> missing(std::uint16_t method, method_kind kind) const;
  std::optional<error> missing_method_of(const input& due) const;
  void hand_over(event_number call, const call_outcome& how);
  bool holds_outcomes() const { return rare_ && !rare_->held.empty(); }

  // -- beginning and end (life.cpp) --
  outcome start_over(message what, std::uint64_t meaning, timestamp now, bool replaces);
  bytes initial_state();
  static started_main make_main(const record& step, const main_started& what);
  std::optional<error> check_parent(const sender& from, bool as_parent) const;
  /// `how`: "cancelled" or "terminated".
  static update_outcome ended_by(std::string how, const std::string& reason);
  void end_main(life_status how, update_outcome outcome);
  /// Ends everything of this entity but what its end sends: `why` is for those who wait.
  void close(const std::string& why);
  void end_children(const std::vector<child>& which);

  // -- handlers (machine_handlers.cpp) --
  template <class Body>
  std::optional<error> atomically(handler_scope& scope, on_failure then, Body body);
  std::unique_ptr<handler_scope> make_scope(event_number started_by, std::uint16_t method) const;
  std::optional<error> call_signal(handler_scope& scope, bytes_view params, on_failure then);
  void run_unattended(std::uint16_t method, bytes_view params, event_number started_by);
  std::optional<error> begin_call(const record& step, std::unique_ptr<handler_scope> scope,
                                  bytes_view params, on_failure then);
  std::optional<error> begin_main(const record& step, on_failure then);
  void resume(waiter whom);
  void resume_call(event_number call, const call_outcome& how);
  void stop(waiter* cancelled);
  /// Resumes whoever was cancelled or whose condition holds, until nothing moves.
  void run_ready();
  void finish_handlers();
  bool finish(handler& which);
  void drop_frames(std::size_t left);
  void drop_frames_outside();
  void note_misuse(turn& outside);

  entity_type type_;
  const entity_id& self_;
  const machine_limits& limits_;
  std::unique_ptr<entity_base> instance_;

  position where_;
  timestamp created_;
  timestamp reset_at_;
  timestamp life_;  ///< As `record::life`; 0: none was recorded.
  timer_number timers_started_ = 0;
  rare_map<std::map<std::string, lock, std::less<>>> locks_;  // Permits in coroutines use it.
  handlers handlers_;
  timetable timetable_;
  idempotency_window window_;
  rare_map<std::map<event_number, pending_activity>> activities_;
  rare_map<std::map<event_number, outgoing>> outbox_;
  rare_map<std::map<entity_id, taken_messages>> inbox_;
  std::vector<child> children_;
  rare_map<core::attributes> attributes_;
  std::unique_ptr<started_main> main_;  ///< Null: none was started.
  life_status status_ = life_status::running;
  bool paused_ = false;
  bool at_continue_point_ = false;
  bool state_lost_ = false;               ///< By the step at hand.
  std::uint64_t carried_bytes_ = 0;       ///< What the last snapshot, or the run's beginning, took.
  std::vector<event_number> settled_;     ///< Not recorded yet.
  mutable std::uint32_t state_size_ = 0;  ///< Measured, plus what came in since.
  mutable std::uint32_t measured_state_size_ = 0;
  turn* turn_ = nullptr;  ///< Null: no step is taken.
  std::unique_ptr<rarities> rare_;
  std::unique_ptr<replay_notes> notes_;  ///< From the first replayed step to the first new one.
};

// Allocators hand out so many bytes without waste.
static_assert(sizeof(void*) != 8 || sizeof(machine) <= 512);

}  // namespace perdure::core
