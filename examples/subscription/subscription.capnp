@0xd92c4e7f18a0b563;
# A subscription that is charged every month.

using Perdure = import "/perdure/contract.capnp";
$Perdure.namespace("subscription");

struct PlanState {
  cents @0 :Int64;
  months @1 :UInt32;
  # Charged so far.
  paused @2 :Bool;
  ended @3 :Bool;
}

interface Billing $Perdure.activities("billing") {
  charge @0 (customer :Text, cents :Int64) -> ();
}

interface Plan $Perdure.entity("plan") $Perdure.state("PlanState") {
  subscribe @0 (customer :Text, cents :Int64) -> (months :UInt32) $Perdure.main;
  # Returns for how many months was paid, when it has ended.
  pause @1 () -> () $Perdure.signal;
  unpause @2 () -> () $Perdure.signal;
  change @3 (cents :Int64) -> () $Perdure.signal;
  # From the next month on.
  end @4 () -> () $Perdure.signal;
  # No month is charged after it.
  about @5 () -> (months :UInt32, cents :Int64, paused :Bool) $Perdure.query;
}
