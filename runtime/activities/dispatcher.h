#pragma once

/// Runs activities: in this process on a bounded pool of threads, or by workers outside that poll a
/// queue. Retries, time-outs and heartbeats are its business; the entity hears of the end alone.
///
/// Guarantees:
/// - An activity that was scheduled is attempted until it ends, fails for good, times out or is
///   cancelled; its end is told once by `ended`, and once more for each `tell_again`, until
///   `recorded` says that it is durable, or `refused` that nobody waits for it.
/// - Who ends an activity by its token is answered with success when that end is durable, and not
///   before.
/// - All attempts have the same idempotency key. At most one attempt is current: what an earlier
///   one reports is refused.
/// - An activity is named by its entity, that entity's life (when it began) and its number: what is
///   said of another life does nothing.
/// - How far it has come is noted in the journal's index, so attempts and the next try survive a
///   restart, and so do attempts in the hands of workers outside. A first attempt in this process
///   leaves no note: when the node goes down in it, it is the first attempt again.
/// - One class of activities that is at its limits does not keep others from running.
///
/// An attempt in this process that has timed out keeps its thread until it returns, because C++
/// cannot end it: its context says that it is cancelled, what it returns is passed over, and until
/// then it counts for `at_once`.
///
/// Threads: any, for every member but `start` and `stop`; hooks are called on threads of the
/// dispatcher, without its locks, and must not block.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <perdure/activities.h>
#include <perdure/errors.h>
#include <perdure/types.h>

#include "entities/record.h"
#include "persistence/journal.h"
#include "process/attempts.h"
#include "process/description.h"
#include "runtime/defaults.h"

namespace perdure::runtime {

/// How much of one activities class may run at once in this process.
struct activity_limits {
  std::size_t at_once = 64;  ///< Attempts at the same time, in this process.
  /// Attempts begun per second, evenly (at once at most what 50 ms give); 0: as many as come.
  double per_second = 0;
};

/// An activity in the hands of a worker outside.
struct polled_activity {
  std::string token;  ///< Names this attempt; unforgeable.
  entity_id entity;
  event_number activity_number = 0;
  std::string activities;
  std::uint16_t activity = 0;
  bytes params;
  std::uint32_t attempt = 1;
  std::string key;
  timestamp deadline;  ///< Of this attempt; timestamp::max(): none.
  duration heartbeat{0};
  bytes heartbeat_details;  ///< Of the attempt before.
  std::string traceparent;
};

/// Why an attempt failed, as told by a worker.
using process::attempt_failure;

using process::activity_status;

struct dispatcher_figures {
  std::uint64_t pending = 0;   ///< Not ended, now.
  std::uint64_t running = 0;   ///< Attempts under way on threads of this process, now.
  std::uint64_t attempts = 0;  ///< Begun, here or by workers outside.
  std::uint64_t failures = 0;  ///< Attempts that failed or timed out.
  std::uint64_t completed = 0;
};

class activity_desk;

class activity_dispatcher {
public:
  /// The activity has ended, for the entity to hear.
  using ended = std::function<void(const entity_id&, timestamp life, event_number activity,
                                   core::call_outcome)>;
  /// Tells a worker what became of what it said. Called once, on any thread, without a lock; must
  /// not block.
  using answered = std::function<void(result<nothing>)>;

  /// `secret` (32 bytes) signs tokens: the same for all nodes and restarts of one journal. At least
  /// one of `threads` is used, none when nothing is provided. Throws std::invalid_argument for
  /// another size of secret.
  activity_dispatcher(persistence::journal& store, const wall_clock& wall, bytes secret,
                      std::size_t threads, ended tell);
  /// Waits for every attempt in this process, however long it takes: `stop` first.
  ~activity_dispatcher();

  /// Runs these activities in this process. REQUIRES: before `start` and the first `schedule`.
  /// Throws std::invalid_argument on a second one of a name, and on a limit of none at once.
  void provide(std::shared_ptr<activities_base> what, activity_limits limits);
  /// Lets errors name activities that are not provided here. REQUIRES: as `provide`.
  void know(const activities_description& what);

  void start();
  /// Begins no more attempts, waits for those under way here at most `patience` of real time, and
  /// lets those that go on know by their context. What has not ended is attempted again by the next
  /// node. Then waits, for what is left of the patience, for ends that workers reported to be
  /// recorded; who waits longer is answered with `draining`. From its return on no hook is called,
  /// and tokens are answered with `draining`.
  void stop(duration patience);

  /// Takes on an activity whose schedule is durable. One that is known already is left as it is.
  /// `life` is when the entity was created. `reloaded`: the entity was loaded from the journal, so
  /// that the activity may have come some way already: it goes on from what was noted of it, and if
  /// it has ended and is not recorded, its end is told once more after a second.
  void schedule(const entity_id& entity, timestamp life, core::pending_activity what,
                bool reloaded = false);
  /// `schedule` of all of an entity's activities, after it was loaded from the journal.
  void schedule_reloaded(const entity_id& entity, timestamp life,
                         std::span<const core::pending_activity> what);
  /// Nobody waits for it any more: a running attempt is told so by its context, or its heartbeats,
  /// no other is begun.
  void cancel(const entity_id& entity, timestamp life, event_number activity);
  /// Like `cancel`, but its end is told: as cancelled (failed, of type "cancelled"), or as
  /// completed if the attempt under way succeeds in spite of it. Not noted: ask again after a
  /// restart.
  void request_cancel(const entity_id& entity, timestamp life, event_number activity);
  /// Its end is durable: who reported it is told so, and it is forgotten.
  void recorded(const entity_id& entity, timestamp life, event_number activity);
  /// The entity does not take its end, and never will: who reported it is told why, and it is
  /// forgotten.
  void refused(const entity_id& entity, timestamp life, event_number activity, error why);
  /// Tells an end once more, `after` from now: the entity could not write it. Who reported it goes
  /// on waiting; after `stop` it is answered with `draining`. Nothing happens when the activity has
  /// not ended, or is recorded by then.
  void tell_again(const entity_id& entity, timestamp life, event_number activity, duration after);
  /// What is known of an entity's activities, in order of their numbers.
  std::vector<activity_status> status_of(const entity_id& entity) const;

  // -- workers outside, and completion by a token -----------------------------------------------

  /// Hands out the next activity of `queue`; waits for one up to `patience`, then calls with
  /// nothing. `done` is called once, on a thread of the dispatcher; after `stop`, on the caller's.
  /// Before that `is_there`, if there is one, is asked, on any thread and under a lock: who has
  /// gone gets nothing.
  void poll(std::string queue, duration patience,
            std::function<void(std::optional<polled_activity>)> done,
            std::function<bool()> is_there = {});
  /// Ends the activity. Answered when its end is recorded or refused; a repeat before that waits
  /// with the first. Errors: malformed (no token of ours), completed (a later attempt, or the end,
  /// has made it stale, or nobody waits for the activity any more), unavailable (the activity is
  /// not known here: activate its entity, `entity_of`, and ask again; if it is not known then, it
  /// has ended), draining (at and after `stop`: ask again), and what `refused` was told. Errors of
  /// the first four kinds come before it returns.
  void complete(std::string_view token, bytes results, answered done);
  /// Ends the attempt. If that ends the activity, it is answered as `complete`. If another attempt
  /// is to follow, or nobody waits any more, it is answered with success at once, behind the note
  /// of it, which is written in the background: when the process is killed right behind, the
  /// attempt may be made again under the same number, or come back as one under way until its first
  /// time-out. Where that is more than a minute away, or there is none, the note is waited for.
  /// Errors as `complete`.
  void fail(std::string_view token, attempt_failure why, answered done);
  /// Returns whether the activity has been cancelled. Without `details`, those before stay. Errors
  /// as `complete`, at once.
  result<bool> heartbeat(std::string_view token, bytes details);
  /// Returns which activity a token is of, for decoding what comes with it. Errors as
  /// `complete`, at once.
  result<polled_activity> find(std::string_view token) const;
  /// Returns the entity that a token is of, or nothing when it is no token of ours.
  std::optional<entity_id> entity_of(std::string_view token) const;

  /// Has time-outs and retries looked at now: for a clock that has been moved.
  void look_at_clock();

  dispatcher_figures figures() const;

private:
  std::unique_ptr<activity_desk> desk_;
};

}  // namespace perdure::runtime
