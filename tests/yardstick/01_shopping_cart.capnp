@0x8a333c4d83c68a9a;
# A shopping cart that is made by its first update.

using Perdure = import "/perdure/contract.capnp";
$Perdure.namespace("yardstick.shopping");

struct Line {
  sku @0 :Text;
  quantity @1 :UInt32;
  cents @2 :Int64;
}

struct CartState {
  lines @0 :List(Line);
  submitted @1 :Bool;
}

interface Cart $Perdure.entity("shopping-cart") $Perdure.state("CartState") {
  addItem @0 (sku :Text, quantity :UInt32) -> (totalCents :Int64) $Perdure.update;
  # Refused without a quantity, and once the order is submitted.
  checkout @1 () -> (lines :List(Line), totalCents :Int64) $Perdure.update;
}

interface Catalogue $Perdure.activities("catalogue") {
  priceOf @0 (sku :Text) -> (cents :Int64);
  # Fails for good as "unavailable" when there is no such item.
}
