@0xf772c0fc0cf1508c;
# An order whose customer is told when it takes long.

using Perdure = import "/perdure/contract.capnp";
$Perdure.namespace("yardstick.slow");

struct SlowOrderState {
  processed @0 :Bool;
}

interface SlowOrder $Perdure.entity("slow-order") $Perdure.state("SlowOrderState") {
  process @0 (email :Text) -> (processor :Text) $Perdure.main;
}

interface Processing $Perdure.activities("processing") {
  process @0 (order :Text) -> (processor :Text);
  notify @1 (email :Text, text :Text) -> ();
}
