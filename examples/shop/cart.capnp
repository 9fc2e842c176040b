@0xd3a1c7e5f2b84961;
# A shopping cart: lines of items until it is checked out.

using Perdure = import "/perdure/contract.capnp";
$Perdure.namespace("shop");

struct Item {
  sku @0 :Text;
  quantity @1 :UInt32;
  unitCents @2 :Int64;
}

struct CartState {
  items @0 :List(Item);
  checkedOut @1 :Bool;
  orderId @2 :Text;
  # Of the checkout, once there was one.
  account @3 :Text;
  # Who paid.
}

interface Cart $Perdure.entity("cart") $Perdure.state("CartState") {
  addItem @0 Item -> () $Perdure.signal;
  removeItem @1 (sku :Text) -> () $Perdure.signal;
  total @2 () -> (cents :Int64, quantity :UInt32) $Perdure.query;
  contents @3 () -> (items :List(Item), checkedOut :Bool) $Perdure.query;
  checkout @4 (account :Text) -> (orderId :Text, cents :Int64) $Perdure.update;
  expire @5 () -> () $Perdure.signal;
  # Sent by a reminder to a cart that was left alone.
}
