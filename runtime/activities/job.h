#pragma once

/// An activity in the hands of the dispatcher, from its schedule until its end is recorded.

#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <perdure/types.h>

#include "entities/record.h"
#include "persistence/journal.h"
#include "process/attempts.h"
#include "runtime/activities/dispatcher.h"

namespace perdure::runtime {

using process::limit_from;
using process::never;
using process::time_out;

class local_attempt;
struct work_queue;

enum class job_phase : std::uint8_t {
  waiting,  ///< In its queue, for a worker.
  pausing,  ///< For its next try.
  running,  ///< An attempt is under way: on a thread of ours, or outside.
  ended,    ///< The entity has been told, or is about to be.
};

struct job : std::enable_shared_from_this<job> {
  job(entity_id entity, timestamp life, core::pending_activity what)
      : entity(std::move(entity)), life(life), what(std::move(what)) {}

  // Read by any thread that holds the job.
  const entity_id entity;
  const timestamp life;
  const core::pending_activity what;
  core::call_outcome outcome;  ///< Once it has ended; does not change then.

  // Under the desk's lock.
  job_phase phase = job_phase::waiting;
  bool cancel_requested = false;
  bool abandoned = false;         ///< Nobody waits for it; kept to tell the worker that has it.
  bool noted = false;             ///< The journal knows of it.
  bool reported = false;          ///< It was ended with a token, that of `attempt`.
  std::uint32_t attempt = 0;      ///< Begun so far.
  local_attempt* here = nullptr;  ///< The attempt under way, while a thread of ours runs it.
  timestamp since;                ///< In this phase.
  timestamp next = never;         ///< The next try, of a pausing one.
  timestamp deadline = never;     ///< Of the attempt under way.
  timestamp last_sign;            ///< Of life, of the attempt under way.
  timestamp tell_at = never;      ///< When the end is told again.
  timestamp armed = never;        ///< When the clerk looks at it, by its place in the desk's list.
  std::string last_failure;
  bytes details;  ///< Of the last heartbeat that had some.
  std::optional<timestamp> details_noted;
  work_queue* queue = nullptr;
  bool is_local = false;                            ///< Threads of ours may run it.
  std::list<std::shared_ptr<job>>::iterator place;  ///< In its queue, while it waits.
  /// Those who ended it, and wait for that to be durable.
  std::vector<activity_dispatcher::answered> reporters;
};

/// Returns when the job's limits are over that hold in its phase.
process::attempt_limits limits_of(const job& what);

/// Whether the attempt under way goes on without this process.
bool is_outside(const job& what);

/// Returns when something about the job has to be done at the latest.
timestamp due_of(const job& what);

/// What is noted of the job in the journal. Whether the attempt under way can survive this process
/// stands with the heartbeat's details, in a byte before them; `next_try` is its deadline then
/// (none: the epoch).
persistence::activity_progress progress_of(const job& what, timestamp now);

/// Goes on from what was noted: the job waits, pauses, or its attempt is under way outside.
void resume(job& what, const persistence::activity_progress& from, timestamp now);

}  // namespace perdure::runtime
