@0xe80b5c3d17f6a924;
# What is on the shelf of one article, and what of it is reserved for orders.

using Perdure = import "/perdure/contract.capnp";
$Perdure.namespace("shop");

struct Reservation {
  name @0 :Text;
  quantity @1 :UInt32;
}

struct StockState {
  quantity @0 :UInt32;
  # On the shelf, what is reserved included.
  reservations @1 :List(Reservation);
  # In order of their names. Shipping or releasing one that is not here has no effect.
}

interface Stock $Perdure.entity("stock") $Perdure.state("StockState") {
  receive @0 (quantity :UInt32) -> () $Perdure.signal;
  release @1 (reservation :Text) -> () $Perdure.signal;
  ship @2 (reservation :Text) -> () $Perdure.signal;
  reserve @3 (reservation :Text, quantity :UInt32) -> (availableAfter :UInt32) $Perdure.update;
  available @4 () -> (quantity :UInt32, reserved :UInt32) $Perdure.query;
}
