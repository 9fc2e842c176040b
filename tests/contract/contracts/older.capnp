@0xa7b6c5d4e3f20112;
# A contract as it was; newer.capnp is what became of it.

using Perdure = import "/perdure/contract.capnp";
$Perdure.namespace("older");

enum Size { small @0; large @1; }

struct Part { name @0 :Text; }

struct Thing {
  name @0 :Text;
  count @1 :UInt32 = 1;
  size @2 :Size;
  parts @3 :List(Part);
  tags @4 :List(Text);
  state :union {
    new @5 :Void;
    used @6 :UInt16;
  }
}

interface Things $Perdure.entity("things") $Perdure.state("Thing") {
  change @0 Thing -> () $Perdure.signal;
}
