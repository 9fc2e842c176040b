#pragma once

/// Runs activities: as the dispatcher of a node, with the same rules of attempts, and workers that
/// are slow, absent, or outside.

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "process/actions.h"
#include "process/attempts.h"
#include "surroundings.h"

namespace perdure::simulation {

class desk {
public:
  /// Hands the end of an activity to its entity.
  using teller = std::function<void(const entity_id&, process::activity_end)>;

  desk(shared& with, teller tell) : with_(with), tell_(std::move(tell)) {}

  void schedule(const entity_id& of, timestamp life, core::pending_activity what);
  void schedule_reloaded(const entity_id& of, timestamp life,
                         std::vector<core::pending_activity> what);
  void cancel(const entity_id& of, timestamp life, event_number activity);
  void request_cancel(const entity_id& of, timestamp life, event_number activity);
  void recorded(const entity_id& of, timestamp life, event_number activity);
  void refused(const entity_id& of, timestamp life, event_number activity);
  void tell_again(const entity_id& of, timestamp life, event_number activity);

  /// When something is due next, as time passes.
  timestamp next() const;
  /// Does one thing that is due.
  void act();

  /// The node is gone. Attempts outside are not.
  void lose_all() { jobs_.clear(); }
  /// Where a commit came back as unknown and was written, the entity may not say that an end is
  /// recorded: those are left out then.
  bool is_idle() const;
  std::string describe() const;

private:
  using name = std::pair<entity_id, event_number>;
  enum class phase : std::uint8_t { waiting, pausing, running, ended };
  enum class end : std::uint8_t { success, failure, final_failure, none };

  struct job {
    timestamp life;
    core::pending_activity what;
    simulation::desk::phase phase = phase::waiting;
    bool cancel_requested = false;
    bool outside = false;   ///< Of the attempt under way.
    bool reported = false;  ///< Somebody outside waits to hear that the end is durable.
    std::uint32_t attempt = 0;
    timestamp since = {};                 ///< In this phase; as the wall says, like what follows.
    timestamp next = process::never;      ///< The next try.
    timestamp deadline = process::never;  ///< Of the attempt.
    timestamp tell_at = process::never;
    timestamp worker_comes = process::never;  ///< As time passes, like the next.
    timestamp comes_to_end = process::never;
    end how = end::success;
    core::call_outcome outcome = {};
    std::string last_failure = {};
  };
  /// An attempt outside: goes on whatever becomes of the node.
  struct outsider {
    timestamp due;
    timestamp life;
    std::uint32_t attempt = 0;
    std::uint32_t tries = 0;
  };

  job* known(const entity_id& of, timestamp life, event_number activity);
  void accept(const entity_id& of, job fresh);
  void wait_for_worker(job& what);
  void begin_attempt(const name& of, job& what);
  void end_attempt(const name& of, job& what);
  void attempt_failed(const name& of, job& what, process::attempt_failure why);
  void end_job(job& what, core::call_outcome how);
  void note(const name& of, const job& what);
  void look_at(const name& of, job& what);
  void report_from_outside(const name& of, outsider who);
  process::attempt_limits limits_of(const job& what) const;
  timestamp due_of(const job& what) const;

  shared& with_;
  teller tell_;
  std::map<name, job> jobs_;
  std::map<name, outsider> outside_;
};

}  // namespace perdure::simulation
