@0xce3f09b5211727bf;
# A workshop that takes back what it has begun when it has to close early.

using Perdure = import "/perdure/contract.capnp";
$Perdure.namespace("yardstick.compensating");

struct GarageState {
  closing @0 :Bool;
  broken @1 :Bool;
  # The main has failed or was cancelled: what is under way is given up.
}

interface Garage $Perdure.entity("garage") $Perdure.state("GarageState") {
  open @0 () -> () $Perdure.main;
  rent @1 (car :Text) -> (keys :Text) $Perdure.update;
  close @2 () -> () $Perdure.signal;
  # When all is finished.
  burn @3 () -> () $Perdure.signal;
}

interface Valet $Perdure.activities("valet") {
  bring @0 (car :Text) -> (keys :Text);
  takeBack @1 (car :Text) -> ();
}
