@0xb795722e1034fc62;
# An order of food: paid, picked up, delivered; or refunded.

using Perdure = import "/perdure/contract.capnp";
$Perdure.namespace("yardstick.food_delivery");

enum Phase { none @0; charging @1; paid @2; pickedUp @3; delivered @4; refunding @5; }

struct OrderState {
  phase @0 :Phase;
  deliveredAt @1 :Int64;
}

interface Order $Perdure.entity("food-order") $Perdure.state("OrderState") {
  place @0 (product :Text) -> () $Perdure.main;
  pickedUp @1 () -> () $Perdure.signal;
  delivered @2 () -> () $Perdure.signal;
  status @3 () -> (phase :Phase, deliveredAt :Int64) $Perdure.query;
}

interface Service $Perdure.activities("food-service") {
  charge @0 (product :Text) -> ();
  refund @1 (product :Text) -> ();
  notify @2 (text :Text) -> ();
}
