@0xf85b7a9fcf5fba91;
# An entity that does what it is told, for programs that run in the test kit and on a node.

using Perdure = import "/perdure/contract.capnp";
$Perdure.namespace("equal");

struct PlayerState { log @0 :List(Text); at @1 :UInt32; }

interface Player $Perdure.entity("player") $Perdure.state("PlayerState") {
  play @0 (script :Text) -> (said :Text) $Perdure.main;
  ask @1 (script :Text) -> (said :Text) $Perdure.update;
  note @2 (text :Text) -> () $Perdure.signal;
  # Refuses "refuse".
}

interface Chores $Perdure.activities("chores") {
  fulfil @0 (how :Text) -> (text :Text);
}
