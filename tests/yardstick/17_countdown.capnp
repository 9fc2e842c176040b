@0x979453bab0fdc7f3;
# A countdown that says how much is left.

using Perdure = import "/perdure/contract.capnp";
$Perdure.namespace("yardstick.countdown");

struct CountdownState {
  end @0 :Int64;
  # In milliseconds since 1970.
  lifted @1 :Bool;
}

interface Countdown $Perdure.entity("countdown") $Perdure.state("CountdownState") {
  run @0 (seconds :UInt32) -> () $Perdure.main;
  left @1 () -> (seconds :UInt32) $Perdure.query;
}
