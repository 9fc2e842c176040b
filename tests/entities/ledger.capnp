@0xb3c7d1f09a4e5286;
# An entity with a handler for each thing the core can do.

using Perdure = import "/perdure/contract.capnp";
$Perdure.namespace("ledger");

struct LedgerState {
  total @0 :Int64;
  notes @1 :List(Text);
  rings @2 :UInt32;
  frailRings @3 :Bool;
}

interface Ledger $Perdure.entity("ledger") $Perdure.state("LedgerState") {
  add @0 (amount :Int64) -> () $Perdure.signal;
  # Refuses what is negative.
  note @1 (text :Text) -> () $Perdure.signal;
  # Refuses "bad" after having changed the state.
  total @2 () -> (total :Int64, notes :UInt32, rings :UInt32) $Perdure.query;
  take @3 (amount :Int64) -> (left :Int64) $Perdure.update;
  reach @4 (total :Int64, timeout :Int64) -> (reached :Bool, at :Int64) $Perdure.update;
  # Waits until the total is reached, or so many milliseconds have passed (0: for ever).
  nap @5 (time :Int64) -> (woke :Int64) $Perdure.update;
  draw @6 () -> (number :UInt64, uuid :Text) $Perdure.update;
  remindMe @7 (name :Text, time :Int64) -> () $Perdure.signal;
  ring @8 () -> () $Perdure.signal;
  # Refuses after having changed the state when rings are frail.
  forget @9 (name :Text) -> () $Perdure.signal;
  failLater @10 (time :Int64) -> () $Perdure.update;
  addLater @11 (amount :Int64, time :Int64) -> () $Perdure.signal;
  # In the background.
  frail @12 (rings :Bool) -> () $Perdure.signal;
  crash @13 () -> () $Perdure.signal;
  # A bug.
  nextReminder @14 (text :Text, time :Int64) -> () $Perdure.signal;
  # Sets a reminder with a parameter.
  left @15 (until :Int64) -> (left :Int64) $Perdure.query;
  # Milliseconds from now until then.
}
