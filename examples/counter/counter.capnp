@0xe3c1a7b25d9f4680;
# The contract of a counter: what can be sent to it, and what it remembers.

using Perdure = import "/perdure/contract.capnp";
$Perdure.namespace("counting");

struct CounterState {
  value @0 :Int64;
}

interface Counter $Perdure.entity("counter") $Perdure.state("CounterState") {
  add @0 (amount :Int64) -> () $Perdure.signal;
  # Counts up. Fire and forget: the answer is that it is durable.

  take @1 (amount :Int64) -> (left :Int64) $Perdure.update;
  # Counts down, but never below zero.

  value @2 () -> (value :Int64) $Perdure.query;

  reset @3 () -> () $Perdure.signal;
  # Back to zero; the counter sends it to itself after a day without a change.
}
