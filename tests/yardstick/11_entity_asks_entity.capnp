@0x87f9c7fcd862e48c;
# A shirt that is ordered step by step, through a clerk who asks the order and waits.

using Perdure = import "/perdure/contract.capnp";
$Perdure.namespace("yardstick.shirts");

struct ShirtOrderState {
  email @0 :Text;
  size @1 :Text;
  color @2 :Text;
}

interface ShirtOrder $Perdure.entity("shirt-order") $Perdure.state("ShirtOrderState") {
  sell @0 () -> (delivery :Text) $Perdure.main;
  # When all is known, the shirt is shipped.
  enter @1 (stage :Text, value :Text) -> (next :Text) $Perdure.update;
  # The stages are "email", "size", "color", then "shipping"; refuses what is not their turn.
}

struct ShipmentState { email @0 :Text; }

interface Shipment $Perdure.entity("shipment") $Perdure.state("ShipmentState") {
  ship @0 (email :Text, shirt :Text) -> (delivery :Text) $Perdure.main;
}

struct ClerkState { asked @0 :UInt32; }

interface Clerk $Perdure.entity("clerk") $Perdure.state("ClerkState") {
  tell @0 (order :Text, stage :Text, value :Text) -> (next :Text, refused :Text) $Perdure.update;
}

interface Warehouse $Perdure.activities("warehouse") {
  checkEmail @0 (email :Text) -> ();
  # Fails for good as "malformed" when it is no address.
  schedule @1 (shirt :Text) -> (delivery :Text);
}
