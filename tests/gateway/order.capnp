@0xd1f2c6a7b8e90431;
# An entity with a main that charges, waits, tells and is found by attributes.

using Perdure = import "/perdure/contract.capnp";
$Perdure.namespace("orders");

struct OrderState {
  cents @0 :Int64;
  released @1 :Bool;
  receipt @2 :Text;
  heard @3 :UInt32;
}

interface Order $Perdure.entity("order") $Perdure.state("OrderState") {
  place @0 (cents :Int64, account :Text, hold :Bool, tell :Text, parts :List(Text))
      -> (receipt :Text) $Perdure.main;
  # Waits for its release where it is held, charges what costs something, tells a ledger.
  release @1 () -> () $Perdure.signal;
  look @2 () -> (state :OrderState) $Perdure.query;
  note @3 (text :Text) -> () $Perdure.signal;
}

interface Payments $Perdure.activities("payments") {
  charge @0 (account :Text, cents :Int64) -> (receipt :Text);
  refund @1 (receipt :Text) -> ();
}

interface Shipping $Perdure.activities("shipping") {
  # Unknown to the nodes of these tests.

  ship @0 (part :Text) -> (tracking :Text);
}
