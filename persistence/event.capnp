@0x80398c0bc73ac538;

# What the journal holds for each step of an entity, and what a snapshot holds. docs/format.md says
# where these bytes stand on disk.
#
# Rules that keep every record readable for ever:
# - Fields and union members are only added, at the end, with the next free ordinal; none is removed,
#   renumbered or given another type. A field that an old writer did not know reads as its default.
# - A union member's discriminant is its position in its union. Members to come take the next
#   positions: in Record.input the results of activities (completed, failed, timed out), messages,
#   replies and cancel requests of other entities, ends of children; in Command the scheduling and
#   cancelling of activities, sends to other entities, starts of children, recorded versions and side
#   effects, set attributes, complete and fail. A reader that meets a position it does not know
#   reports a record of a newer version; it never guesses.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("perdure::wire");

# One step: an input, and the commands its handling caused. Times are milliseconds since
# 1970-01-01 UTC.
struct Record {
  # The head: enough for the index, and all of it in the first words.
  entityType @0 :Text;
  entityId @1 :Text;
  firstEvent @2 :UInt64;
  time @3 :Int64;
  run @4 :UInt32;
  eventCount @5 :UInt32;  # The input's and one for each command.
  runBegan @6 :UInt64;
  runBytes @7 :UInt64;
  created @8 :Int64;
  lastActive @9 :Int64;
  nextDue @10 :Int64;  # Meaningful when hasNextDue.
  hasNextDue @11 :Bool;
  hasStateDigest @12 :Bool;
  status @13 :UInt8;
  method @14 :UInt16;  # Of signalReceived, signalDelayed and updateAccepted.

  once @15 :Once;  # Null when the message came without a key.
  commands @16 :List(Command);
  stateDigest @17 :UInt64;  # Meaningful when hasStateDigest.

  input :union {
    signalReceived @18 :Data;  # Parameters.
    signalDelayed :group {
      params @19 :Data;
      due @20 :Int64;
    }
    updateAccepted @21 :Data;  # Parameters.
    timerFired @22 :UInt64;
    reminderFired @23 :Text;
    delayedSignalDue @24 :UInt64;  # The event that accepted it.
    runContinued @25 :CarriedState;
    terminated @26 :Text;  # Why.
  }
}

# The idempotency key that came with an input.
struct Once {
  key @0 :Text;
  digest @1 :UInt64;
}

struct Command {
  union {
    timerStarted :group {
      timer @0 :UInt64;
      due @1 :Int64;
    }
    timerCancelled @2 :UInt64;
    reminderSet @3 :Reminder;
    reminderCancelled @4 :Text;
    updateEnded :group {
      update @5 :UInt64;
      outcome @6 :UpdateOutcome;
    }
    handlerFailed :group {
      startedBy @7 :UInt64;
      message @8 :Text;
    }
  }
}

struct Reminder {
  name @0 :Text;
  signal @1 :UInt16;
  params @2 :Data;
  due @3 :Int64;
}

struct DelayedSignal {
  accepted @0 :UInt64;
  signal @1 :UInt16;
  params @2 :Data;
  due @3 :Int64;
}

struct UpdateOutcome {
  union {
    completed @0 :Data;  # Results.
    failed @1 :Text;     # Why.
  }
}

struct KeyedMessage {
  key @0 :Text;
  digest @1 :UInt64;
  event @2 :UInt64;
  run @3 :UInt32;
  isUpdate @4 :Bool;
  time @5 :Int64;
  outcome @6 :UpdateOutcome;  # Null until the update has ended.
  method @7 :UInt16;
}

struct CarriedState {
  state @0 :Data;
  created @1 :Int64;
  timersStarted @2 :UInt64;
  reminders @3 :List(Reminder);
  delayed @4 :List(DelayedSignal);
  idempotency @5 :List(KeyedMessage);
}

struct Snapshot {
  entityType @0 :Text;
  entityId @1 :Text;
  run @2 :UInt32;
  event @3 :UInt64;
  runEvents @4 :UInt64;
  stateDigest @5 :UInt64;
  carried @6 :CarriedState;
}
