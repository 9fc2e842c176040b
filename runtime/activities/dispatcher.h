#pragma once

/// Runs activities: in this process on a bounded pool of threads, or by workers outside that poll a
/// queue. Retries, time-outs and heartbeats are its business; the entity hears of the end alone.
///
/// Guarantees:
/// - An activity that was scheduled is attempted until it ends, fails for good, times out or is
///   cancelled; its end is told by `ended` until `settled` says that it is durable.
/// - All attempts have the same idempotency key. At most one attempt is current: what an earlier one
///   reports is refused.
/// - How far it has come is noted in the journal's index, so attempts and the next try survive a
///   restart.
///
/// Threads: any, for every member; hooks are called on threads of the dispatcher and must not block.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <perdure/activities.h>
#include <perdure/errors.h>
#include <perdure/types.h>

#include "entities/record.h"
#include "persistence/journal.h"
#include "runtime/defaults.h"

namespace perdure::runtime {

/// How much of one activities class may run at once in this process.
struct activity_limits {
  std::size_t at_once = 64;  ///< Attempts at the same time, in this process.
  double per_second = 0;     ///< Attempts begun per second; 0: as many as come.
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
  timestamp deadline;  ///< Of this attempt.
  duration heartbeat{0};
  bytes heartbeat_details;  ///< Of the attempt before.
  std::string traceparent;
};

/// Why an attempt failed, as told by a worker.
struct attempt_failure {
  std::string type;
  std::string message;
  bool retryable = true;
  std::optional<duration> next_delay;
};

/// What is known of an activity that has not ended.
struct activity_status {
  event_number number = 0;
  std::string activities;
  std::uint16_t activity = 0;
  std::string queue;
  std::uint32_t attempt = 0;  ///< Begun so far.
  bool running = false;       ///< An attempt is under way.
  std::string last_failure;
  std::optional<timestamp> next_try;  ///< When it waits for one.
};

struct dispatcher_figures {
  std::uint64_t pending = 0;  ///< Not ended, now.
  std::uint64_t running = 0;  ///< Attempts under way here, now.
  std::uint64_t attempts = 0;
  std::uint64_t failures = 0;  ///< Attempts that failed or timed out.
  std::uint64_t completed = 0;
};

class activity_dispatcher {
public:
  /// The activity has ended, for the entity to hear. Told once; told again by `tell_again`.
  using ended = std::function<void(const entity_id&, event_number activity, core::call_outcome)>;

  /// `secret` (32 bytes) signs tokens: the same for all nodes and restarts of one journal.
  activity_dispatcher(persistence::journal& store, const wall_clock& wall, bytes secret,
                      std::size_t threads, ended tell);
  ~activity_dispatcher();

  /// Runs these activities in this process. REQUIRES: before `start`. Throws std::invalid_argument on
  /// a second one of a name.
  void provide(std::shared_ptr<activities_base> what, activity_limits limits);

  void start();
  /// Begins no more attempts, waits for those under way here at most `patience`. What has not ended
  /// is attempted again by the next node.
  void stop(duration patience);

  /// Takes on an activity whose schedule is durable. One that is known already is left as it is (it
  /// comes again when its entity was loaded again). `life` is when the entity was created.
  void schedule(const entity_id& entity, timestamp life, const core::pending_activity& what);
  /// Nobody waits for it any more: a running attempt is told so by its context, no other is begun.
  void cancel(const entity_id& entity, event_number activity);
  /// Like `cancel`, but its end is told: as cancelled, or as it ends in spite of it.
  void request_cancel(const entity_id& entity, event_number activity);
  /// Its end is durable, or it never was: it is forgotten.
  void settled(const entity_id& entity, event_number activity);
  /// What is known of an entity's activities, in order of their numbers.
  std::vector<activity_status> status_of(const entity_id& entity) const;

  // -- workers outside, and completion by a token -----------------------------------------------

  /// Hands out the next activity of `queue`; waits for one up to `patience`, then calls with nothing.
  void poll(std::string queue, duration patience,
            std::function<void(std::optional<polled_activity>)> done);
  /// Errors: malformed (no token of ours), completed (a later attempt, or the end, has made it
  /// stale).
  result<nothing> complete(std::string_view token, bytes results);
  result<nothing> fail(std::string_view token, attempt_failure why);
  /// Returns whether the activity has been cancelled. Errors as `complete`.
  result<bool> heartbeat(std::string_view token, bytes details);
  /// Returns which activity a token is of, for decoding what comes with it. Errors as `complete`.
  result<polled_activity> find(std::string_view token) const;

  /// Has time-outs and retries looked at now: for a clock that has been moved.
  void look_at_clock();

  dispatcher_figures figures() const;

private:
  struct parts;
  std::unique_ptr<parts> parts_;
};

}  // namespace perdure::runtime
