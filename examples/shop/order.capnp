@0xf3a95c0d71e8b246;
# An order: reserve what is wanted, take the money, ship.

using Perdure = import "/perdure/contract.capnp";
$Perdure.namespace("shop");

struct OrderLine {
  sku @0 :Text;
  quantity @1 :UInt32;
  unitCents @2 :Int64;
}

struct OrderState {
  phase @0 :Text;
  # "reserving", "paying", "shipping", then what `place` answers as status.
  cents @1 :Int64;
  receipt @2 :Text;
  # Of the payment, once there was one.
  cancelled @3 :Bool;
}

interface Order $Perdure.entity("order") $Perdure.state("OrderState") {
  place @0 (account :Text, lines :List(OrderLine)) -> (status :Text, cents :Int64, receipt :Text)
      $Perdure.main;
  # The status is "completed", "cancelled" (by `cancel`, or not paid within 15 minutes) or "failed".
  cancel @1 () -> () $Perdure.signal;
  # Has no effect once the order is paid.
  progress @2 () -> (phase :Text) $Perdure.query;
}
