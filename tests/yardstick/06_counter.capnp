@0xf504a0d8bf4f8c30;
# A counter that only grows.

using Perdure = import "/perdure/contract.capnp";
$Perdure.namespace("yardstick.counting");

struct CounterState {
  count @0 :Int64;
  finished @1 :Bool;
}

interface Counter $Perdure.entity("counter") $Perdure.state("CounterState") {
  run @0 () -> (count :Int64) $Perdure.main;
  fetchAndAdd @1 (by :Int64) -> (before :Int64) $Perdure.update;
  # Refuses what is negative.
  finish @2 () -> () $Perdure.signal;
}
