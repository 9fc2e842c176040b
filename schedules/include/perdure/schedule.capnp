@0xa4c9e1b75d3f2086;
# A schedule: starts or calls an entity again and again. It sleeps between, for years if need be.
#
# Times are texts as "2026-03-01T12:00:00Z"; durations as "90s", "1h30m", "7d".

using Perdure = import "/perdure/contract.capnp";
$Perdure.namespace("perdure_schedules");
# Perdure's own namespace is not for contracts; perdure/schedule.h brings these names into it.

struct ScheduleInterval {
  every @0 :Text;
  # At least a second.
  offset @1 :Text;
  # From the multiples of `every` since 1970-01-01 UTC.
}

struct ScheduleSpec {
  # When it is due: at all times of `cron`, `intervals` and `at`, but those of `exclude`. Without
  # any, only when triggered.
  cron @0 :List(Text);
  # Five fields, e.g. "30 9 * * MON-FRI", or "@daily" and its like.
  intervals @1 :List(ScheduleInterval);
  at @2 :List(Text);
  # Single times.
  exclude @3 :List(Text);
  # Cron expressions: what is due in these minutes is not.
  timeZone @4 :Text;
  # Of the cron expressions, e.g. "Europe/Vienna"; empty: UTC.
  startAt @5 :Text;
  # Nothing is due before; empty: no bound.
  endAt @6 :Text;
  # Nothing is due after; empty: no bound.
  jitter @7 :Text;
  # Each time is put off by a part of this that depends on the schedule's id and the time, and
  # always before the next one.
}

struct ScheduleStart {
  # Starts an entity, and watches it to its end.
  type @0 :Text;
  idPrefix @1 :Text;
  # Its id is this, "-" and the nominal time, e.g. "report-2026-03-01T12:00:00Z".
  params @2 :Text;
  # Of its main, as JSON; empty: none.
  runTimeout @3 :Text;
  executionTimeout @4 :Text;
}

struct ScheduleCall {
  type @0 :Text;
  id @1 :Text;
  method @2 :Text;
  params @3 :Text;
  # As JSON; empty: none.
}

struct ScheduleAction {
  union {
    start @0 :ScheduleStart;
    signal @1 :ScheduleCall;
    update @2 :ScheduleCall;
    # Waits for its answer.
  }
  passLastResult @3 :Bool;
  # The parameters get a field `lastResult`: the results of the last run that completed. There is
  # none before the first, and none of more than 64 KiB.
}

enum ScheduleOverlap {
  # What becomes of a run that is due while another one goes on.
  default @0;
  # Of a schedule: skip. Of a trigger and a backfill: as the schedule says.
  skip @1;
  bufferOne @2;
  # It begins when the other ends; one waits, further ones are skipped.
  bufferAll @3;
  # Likewise, and up to 1,000 wait.
  cancelOther @4;
  # The other is cancelled; it begins when that has ended. Of those that wait, the last one does.
  terminateOther @5;
  allowAll @6;
  # It begins beside the other; above 500 at once it waits.
}

struct SchedulePolicy {
  overlap @0 :ScheduleOverlap;
  catchUp @1 :Text;
  # What was due while nothing ran (an outage) and is older than this is missed; else it is made up
  # for. At least "10s"; empty: a year.
  pauseOnFailure @2 :Bool;
  # A run that fails, or is refused, pauses the schedule.
  limit @3 :UInt32;
  # So many runs, then no more; 0: no limit. Triggers and backfills do not count.
}

enum ScheduleOutcome {
  running @0;
  completed @1;
  failed @2;
  cancelled @3;
  terminated @4;
  refused @5;
  # It did not begin.
  sent @6;
  # A signal: what becomes of it is not known here.
}

struct ScheduleRun {
  number @0 :UInt32;
  # 1, 2, 3, ...
  type @1 :Text;
  id @2 :Text;
  # Of the entity.
  nominal @3 :Text;
  # When it was due; of a trigger: when that came.
  actual @4 :Text;
  # When it began.
  ended @5 :Text;
  # Empty: it has not.
  outcome @6 :ScheduleOutcome;
  detail @7 :Text;
  # Why it failed.
  manual @8 :Bool;
  # By a trigger or a backfill.
}

struct ScheduleMoment {
  nominal @0 :Text;
  actual @1 :Text;
  # With jitter.
}

enum ScheduleFate { begun @0; buffered @1; skipped @2; }

# -- state ------------------------------------------------------------------------------------------

struct ScheduleTime {
  # Milliseconds since 1970-01-01 UTC.
  nominal @0 :Int64;
  actual @1 :Int64;
}

struct ScheduleWaiting {
  nominal @0 :Int64;
  overlap @1 :ScheduleOverlap;
  manual @2 :Bool;
}

struct ScheduleBackfill {
  after @0 :Int64;
  to @1 :Int64;
  overlap @2 :ScheduleOverlap;
}

struct ScheduleUnderWay {
  run @0 :ScheduleRun;
  accepted @1 :Bool;
  # Of a start: its end can be asked for.
  watch @2 :UInt32;
  # The watch that was set on it last.
}

struct ScheduleState {
  exists @0 :Bool;
  spec @1 :ScheduleSpec;
  action @2 :ScheduleAction;
  policy @3 :SchedulePolicy;
  paused @4 :Bool;
  note @5 :Text;
  handled @6 :Int64;
  # What is due up to here, nominally, has been dealt with.
  next @7 :ScheduleTime $Perdure.optional;
  remaining @8 :UInt32;
  underWay @9 :List(ScheduleUnderWay);
  waiting @10 :List(ScheduleWaiting);
  backfills @11 :List(ScheduleBackfill);
  recent @12 :List(ScheduleRun);
  lastResult @13 :Text;
  runs @14 :UInt32;
  failed @15 :UInt32;
  missed @16 :UInt32;
  skipped @17 :UInt32;
  watch @18 :UInt32;
  # Grows when all watches are put down, to be set again.
  effort @19 :UInt32;
  # About how many events there were since.
}

struct ScheduleDue {
  # What the specification said at some time: recorded, for time zones change.
  problem @0 :Text;
  times @1 :List(ScheduleTime);
  missed @2 :UInt32;
  handled @3 :Int64;
  next @4 :ScheduleTime $Perdure.optional;
}

interface Schedule $Perdure.entity("schedule") $Perdure.state("ScheduleState") {
  create @0 (spec :ScheduleSpec, action :ScheduleAction, policy :SchedulePolicy, paused :Bool,
             note :Text) -> (next :Text) $Perdure.update;
  # Answers when it is due first; empty: never.
  change @1 (spec :ScheduleSpec, action :ScheduleAction, policy :SchedulePolicy) -> (next :Text)
      $Perdure.update;
  # Replaces all three. Runs that go on, and those that wait, stay.
  remove @2 () -> () $Perdure.update;
  # Forgets everything; runs that go on do so. Then it can be created again.
  pause @3 (note :Text) -> () $Perdure.update;
  # What is due while it is paused is not made up for.
  unpause @4 (note :Text) -> (next :Text) $Perdure.update;
  trigger @5 (overlap :ScheduleOverlap) -> (fate :ScheduleFate, type :Text, id :Text)
      $Perdure.update;
  # Runs it now, paused or not.
  backfill @6 (from :Text, to :Text, overlap :ScheduleOverlap) -> (times :UInt32) $Perdure.update;
  # Runs it for all times from `from` to `to`, both included: up to 10,000, in the past.

  about @7 () -> (spec :ScheduleSpec, action :ScheduleAction, policy :SchedulePolicy, paused :Bool,
                  note :Text, next :List(ScheduleMoment), recent :List(ScheduleRun),
                  running :List(ScheduleRun), buffered :UInt32, remaining :UInt32, runs :UInt32,
                  failed :UInt32, missed :UInt32, skipped :UInt32, problem :Text) $Perdure.query;
  # The next and the last ten runs, those that go on, and how many there were.
  upcoming @8 (count :UInt32 = 10) -> (times :List(ScheduleMoment)) $Perdure.query;
  # Up to 1,000.

  fire @9 () -> () $Perdure.signal;
  goOn @10 () -> () $Perdure.signal;
  # These two are sent by its own reminders; from elsewhere they change nothing.
}
