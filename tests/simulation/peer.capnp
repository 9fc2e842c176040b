@0xb7f3a96d20c1e584;
# Entities that do to each other what their messages say, and count what came to them.

using Perdure = import "/perdure/contract.capnp";
$Perdure.namespace("simulation");

struct PeerState {
  pokes @0 :UInt32;   # Signals, but those that were sent with a delay.
  order @1 :UInt64;   # A hash over their tokens, in the order in which they were handled.
  last @2 :UInt64;    # The token of the last one.
  late @3 :UInt64;    # The sum of the tokens of those that were sent with a delay.
  asked @4 :UInt64;   # The sum of the tokens of updates.
  rounds @5 :UInt32;  # Of the main.
  ticks @6 :UInt32;   # Reminders.
  wrong @7 :Text;     # What came back that was not what was asked for.
}

interface Peer $Perdure.entity("peer") $Perdure.state("PeerState") {
  work @0 (token :UInt64, rounds :UInt32, plan :List(UInt32)) -> (value :UInt64) $Perdure.main;
  poke @1 (token :UInt64, late :Bool, plan :List(UInt32)) -> () $Perdure.signal;
  ask @2 (token :UInt64, plan :List(UInt32)) -> (value :UInt64) $Perdure.update;
  tick @3 () -> () $Perdure.signal;
  look @4 () -> (last :UInt64, wrong :Text) $Perdure.query;
}

interface Tools $Perdure.activities("tools") {
  lend @0 (token :UInt64) -> (value :UInt64);
}
