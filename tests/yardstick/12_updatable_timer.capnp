@0xa6a18eee68c5304c;
# An alarm clock that can be set again while it waits.

using Perdure = import "/perdure/contract.capnp";
$Perdure.namespace("yardstick.alarm");

struct AlarmState {
  time @0 :Int64;
  # In milliseconds since 1970.
  rung @1 :Bool;
}

interface Alarm $Perdure.entity("alarm") $Perdure.state("AlarmState") {
  run @0 (time :Int64) -> () $Perdure.main;
  setTo @1 (time :Int64) -> () $Perdure.signal;
  time @2 () -> (time :Int64) $Perdure.query;
  ring @3 () -> () $Perdure.signal;
  # Sent by a reminder.
}
