@0x80398c0bc73ac538;

# What the journal holds for each step of an entity, and what a snapshot holds. docs/format.md says
# where these bytes stand on disk.
#
# Rules that keep every record readable for ever:
# - Fields and union members are only added, at the end, with the next free ordinal; none is removed,
#   renumbered or given another type. A field that an old writer did not know reads as its default.
# - A union member's discriminant is its position in its union. Members to come take the next
#   positions. A reader that meets a position it does not know reports a record of a newer version;
#   it never guesses.
# - What is rare stands behind a pointer, null where there is nothing to say: a struct is always
#   written whole, and each of its fields costs every record.
# - A null pointer to options means this schema's defaults, whatever those of a program are.
#
# Durations are milliseconds. A number that stands for one of a few words (`kind`, `status`, ...) is
# that of the enumerator in entities/record.h, perdure/options.h or persistence/journal.h.

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
  method @14 :UInt16;  # Of signalReceived, signalDelayed, updateAccepted and mainStarted.
  pending @27 :Bool;
  unsettled @41 :Bool;

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
    mainStarted @29 :MainStarted;
    mainDue @30 :Void;
    deadlinePassed @31 :Bool;  # Of the run; otherwise of the execution.
    activityEnded :group {
      activity @32 :UInt64;
      outcome @33 :CallOutcome;
    }
    replyReceived :group {
      message @34 :UInt64;
      outcome @35 :CallOutcome;
    }
    cancelRequested @36 :Text;  # Why.
    paused @37 :Text;  # Why.
    resumed @38 :Void;
    runReset @39 :RunReset;
    settled @40 :Void;
  }

  extra @28 :Extra;
}

# What few records have.
struct Extra {
  from @0 :Origin;
  traceparent @1 :Text;
  settles @2 :List(UInt64);
  attributes @3 :Attributes;  # All after the step; null: as they were. Belongs to the head.
  life @4 :Int64 = -0x8000000000000000;  # That number, which names no life: none begins here.
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
    activityScheduled @9 :ActivityCall;
    activityCancelled @10 :UInt64;
    messageSent @11 :Outgoing;
    versionRecorded :group {
      change @12 :Text;
      version @13 :Int32;
    }
    sideEffectRecorded @14 :Data;
    attributeSet @15 :Attribute;
    mainEnded :group {
      status @16 :UInt8;
      outcome @17 :UpdateOutcome;
    }
    continueRequested @18 :Void;
    sideEffectFailed @19 :Error;  # A side effect that threw.
  }
}

struct EntityName {
  type @0 :Text;
  id @1 :Text;
}

# Where a message of another entity comes from.
struct Origin {
  sender @0 :EntityName;
  life @1 :Int64;
  number @2 :UInt64;
  chain @3 :List(ChainLink);
}

struct ChainLink {
  entity @0 :EntityName;
  method @1 :Text;
}

struct MainStarted {
  params @0 :Data;
  options @1 :StartOptions;
  asChild @2 :Bool;
}

# The run before, up to the step that holds event `to`, and the signals behind it. Of the records'
# heads only firstEvent, time, run, eventCount and method are set.
struct RunReset {
  to @0 :UInt64;
  reason @1 :Text;
  history @2 :List(Record);
  signals @3 :List(Record);
  children @4 :List(Child);
}

struct ActivityCall {
  activities @0 :Text;
  activity @1 :UInt16;
  params @2 :Data;
  options @3 :ActivityOptions;
  traceparent @4 :Text;
}

struct ActivityOptions {
  queue @0 :Text;
  scheduleToStart @1 :Int64;
  startToClose @2 :Int64 = 60000;
  scheduleToClose @3 :Int64;
  heartbeat @4 :Int64;
  retry :group {
    first @5 :Int64 = 1000;
    factor @6 :Float64 = 2;
    most @7 :Int64 = 100000;
    attempts @8 :UInt32;
    finalTypes @9 :List(Text);
  }
  onCancel @10 :UInt8;
}

struct StartOptions {
  whenRunning @0 :UInt8;
  whenEnded @1 :UInt8;
  delay @2 :Int64;
  runTimeout @3 :Int64;
  executionTimeout @4 :Int64;
  onParentClose @5 :UInt8;
  onCancel @6 :UInt8;
}

struct Outgoing {
  number @0 :UInt64;
  target @1 :EntityName;
  kind @2 :UInt8;
  method @3 :UInt16;
  params @4 :Data;
  start @5 :StartOptions;
  asChild @6 :Bool;
  reason @7 :Text;
  chain @8 :List(ChainLink);
  traceparent @9 :Text;
  methodName @10 :Text;  # Set: the parameters are JSON.
  adopts @11 :Bool;
}

struct Attribute {
  name @0 :Text;
  union {
    none @1 :Void;  # Removed; not in a list of all.
    boolean @2 :Bool;
    integer @3 :Int64;
    real @4 :Float64;
    text @5 :Text;
  }
}

# In order of their names. The index keeps this struct too.
struct Attributes {
  all @0 :List(Attribute);
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
  type @2 :Text;  # Of the failure; null: none.
}

struct CallOutcome {
  union {
    results @0 :Data;
    failed @1 :Error;
  }
}

struct Error {
  code @0 :Text;  # Its name.
  detail @1 :Text;
  type @2 :Text;
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
  joined @8 :UInt64;  # 0: none.
}

struct CarriedState {
  state @0 :Data;
  created @1 :Int64;
  timersStarted @2 :UInt64;
  reminders @3 :List(Reminder);
  delayed @4 :List(DelayedSignal);
  idempotency @5 :List(KeyedMessage);
  extra @6 :CarriedExtra;
  life @7 :Int64;  # 0: unknown.
}

# What few entities have.
struct CarriedExtra {
  outbox @0 :List(Outgoing);
  inbox @1 :List(TakenMessages);
  children @2 :List(Child);
  attributes @3 :Attributes;
  status @4 :UInt8 = 1;
  paused @5 :Bool;
  main @6 :StartedMain;
  resetAt @7 :Int64;  # 0: never.
  replaces @8 :Bool;  # Of a record alone: its run began with the end of the one before.
}

struct TakenMessages {
  sender @0 :EntityName;
  life @1 :Int64;
  last @2 :UInt64;
  requests @3 :List(Request);
  event @4 :UInt64;

  struct Request {
    number @0 :UInt64;
    event @1 :UInt64;
    run @2 :UInt32;
    outcome @3 :UpdateOutcome;  # Null until it has ended.
    isStart @4 :Bool;
  }
}

struct Child {
  number @0 :UInt64;
  entity @1 :EntityName;
  onClose @2 :UInt8;
  undone @3 :Bool;
}

struct StartedMain {
  method @0 :UInt16;
  params @1 :Data;
  started @2 :UInt64;
  options @3 :StartOptions;
  parent @4 :EntityName;  # Null: none.
  began @5 :Int64;
  hasDue @6 :Bool;
  hasRunDeadline @7 :Bool;
  hasExecutionDeadline @8 :Bool;
  due @9 :Int64;                 # Meaningful when hasDue,
  runDeadline @10 :Int64;        # when hasRunDeadline,
  executionDeadline @11 :Int64;  # when hasExecutionDeadline.
  outcome @12 :UpdateOutcome;    # Null until it has ended.
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

# What is known of an activity's attempts: in the index alone.
struct Progress {
  activity @0 :UInt64;
  attempt @1 :UInt32;
  nextTry @2 :Int64;
  lastFailure @3 :Text;
  heartbeat @4 :Data;
}
