@0xd1a88b9d78478505;
# A parent that has its greeting composed by a child: waited for, abandoned, or known by name only.

using Perdure = import "/perdure/contract.capnp";
$Perdure.namespace("yardstick.children");

struct ParentState {}

enum Manner { waits @0; abandons @1; untyped @2; }

interface Parent $Perdure.entity("greeting-parent") $Perdure.state("ParentState") {
  greet @0 (name :Text, how :Manner) -> (greeting :Text) $Perdure.main;
}

struct ChildState {
  composed @0 :UInt32;
}

interface Child $Perdure.entity("greeting-child") $Perdure.state("ChildState") {
  compose @0 (greeting :Text, name :Text) -> (greeting :Text) $Perdure.main;
  # Takes an hour.
}
