@0x82bacffdae55b16e;
# A parent whose child continues as new again and again.

using Perdure = import "/perdure/contract.capnp";
$Perdure.namespace("yardstick.child_continues");

struct ParentState {}

interface Parent $Perdure.entity("counting-parent") $Perdure.state("ParentState") {
  count @0 (rounds :UInt32) -> (rounds :UInt32) $Perdure.main;
}

struct ChildState {
  rounds @0 :UInt32;
}

interface Child $Perdure.entity("counting-child") $Perdure.state("ChildState") {
  count @0 (rounds :UInt32) -> (rounds :UInt32) $Perdure.main;
  # A round takes an hour.
}
