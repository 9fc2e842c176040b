#pragma once

/// What comes out of an entity: everything that its runtime, or a test's world, is to do for it. A
/// closed vocabulary: whoever executes it can be read off this page.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <perdure/call.h>

#include "entities/record.h"
#include "persistence/journal.h"
#include "process/answerer.h"
#include "process/delivery.h"
#include "process/envelope.h"

namespace perdure::process {

// -- replies: said to whoever waits ---------------------------------------------------------------

struct answer_caller {
  answerer done;
  result<answer> what;
};

/// `report` hears nothing when all is well, and else why not.
struct report_to {
  report done;
  std::optional<error> why = {};
};

/// A `told` goes to the sender of the message.
using reply = std::variant<answer_caller, told, report_to>;

// -- effects: done outside ------------------------------------------------------------------------

struct send {
  envelope_ptr what;
};

struct schedule_activity {
  timestamp life;
  core::pending_activity what;
};

/// What was under way when the entity was read from the journal. One that is known already goes on;
/// one that has ended is told again.
struct schedule_reloaded {
  timestamp life;
  std::vector<core::pending_activity> what;
};

struct cancel_activity {
  timestamp life;
  event_number activity = 0;
  bool waits = false;  ///< The entity waits for its end all the same.
};

/// The end of the activity is durable.
struct activity_recorded {
  timestamp life;
  event_number activity = 0;
};

/// The entity does not want to know of the activity's end, and why: nobody waits for it.
struct activity_unwanted {
  timestamp life;
  event_number activity = 0;
  error why;
};

/// The entity cannot take the activity's end now: it is told again.
struct activity_not_now {
  timestamp life;
  event_number activity = 0;
  error why;
};

/// Something for another entity to know.
struct tell_entity {
  entity_id to;
  note what;
};

using effect = std::variant<send, schedule_activity, schedule_reloaded, cancel_activity,
                            activity_recorded, activity_unwanted, activity_not_now, tell_entity>;

// -- actions --------------------------------------------------------------------------------------

/// Submits a step to the journal. Once it is durable its replies are given, its effects happen and
/// its snapshot is kept; when it is refused the replies become that error (`not_now`), there are no
/// effects, and the process is told (`append_refused`).
struct append {
  persistence::batch step;
  std::unique_ptr<persistence::snapshot> snapshot = {};  ///< Null: none.
  std::vector<reply> replies = {};
  std::vector<effect> effects = {};
};

/// Replies and effects that rest on all that was submitted up to event `needs` and cause no step.
struct behind {
  event_number needs = 0;
  std::vector<reply> replies = {};
  std::vector<effect> effects = {};
};

/// Tells the process (`barrier_reached`) when all that was submitted before has come back, whatever
/// became of it.
struct await_submitted {};

/// Delivers a note to the entity itself, or another, at that time.
struct arm {
  timestamp at;
  entity_id to;
  note what;
};

/// Reads what brings the entity back, and hands it over (`loaded`).
struct load {};

/// Reads all records of a run, and hands them over (`history_read`).
struct read_history {
  run_number run = 0;
  event_number from = 0;
  event_number to = 0;  ///< The last.
};

/// Answers a query from the state as it was after an event (`query_past`).
struct ask_past {
  request what;
  answerer done;
};

/// Keeps a snapshot once its event is durable.
struct keep {
  persistence::snapshot what;
};

/// Answers with the description when what it rests on is durable, completed by what is known of its
/// activities.
struct answer_description {
  event_number needs = 0;
  std::unique_ptr<description> what;  ///< Null: there is none, and why.
  std::optional<error> why;
  std::function<void(result<description>)> done;
};

/// The entity is parked, or (nothing) no longer is.
struct note_parked {
  std::optional<error> why;
};

/// For the log.
struct complain {
  bool is_error = false;
  std::string text;
};

/// What is counted, named as in the runtime's figures.
enum class figure : std::uint8_t {
  signals,
  updates,
  queries,
  starts,
  refused,
  replayed,
  timers_fired,
  continued,
};
struct count {
  figure what;
};

using action =
    std::variant<append, behind, await_submitted, answer_caller, told, report_to, send,
                 schedule_activity, schedule_reloaded, cancel_activity, activity_recorded,
                 activity_unwanted, activity_not_now, tell_entity, arm, load, read_history,
                 ask_past, keep, answer_description, note_parked, complain, count>;

/// In the order in which they are to be done.
using actions = std::vector<action>;

/// What is said to those who wait for what a reset to event `to` has undone.
error undone_by_reset(const entity_id& who, event_number to);

/// Refuses a delivery that cannot be taken now, whatever was asked: whoever asked hears why, other
/// entities send again, and what the entity is owed is said again when it has been read.
void refuse(delivery& what, const error& why, actions& out);

}  // namespace perdure::process
