@0xd340aa097ca7bb5b;
# A workshop that closes only when all work in it is finished.

using Perdure = import "/perdure/contract.capnp";
$Perdure.namespace("yardstick.waiting");

struct WorkshopState {
  finished @0 :List(Text);
  closing @1 :Bool;
}

interface Workshop $Perdure.entity("workshop") $Perdure.state("WorkshopState") {
  open @0 (broken :Bool) -> (finished :List(Text)) $Perdure.main;
  # One that is broken fails when it is closed.
  repair @1 (item :Text) -> (bill :Text) $Perdure.update;
  close @2 () -> () $Perdure.signal;
}

interface Mechanic $Perdure.activities("mechanic") {
  repair @0 (item :Text) -> (bill :Text);
}
