@0x92a3b4c5d6e7f801;
# What older.capnp became: members added, in structs, lists, unions and enums.

using Perdure = import "/perdure/contract.capnp";
$Perdure.namespace("newer");

enum Size { small @0; large @1; huge @2; }

struct Part { name @0 :Text; weight @1 :Float64 = 1.5; made @2 :Text = "here"; }

struct Tag { name @0 :Text; color @1 :Text; }

struct Thing {
  name @0 :Text;
  count @1 :UInt32 = 1;
  size @2 :Size;
  parts @3 :List(Part);
  tags @4 :List(Tag);
  # A list of texts became one of structs that begin with a text.
  state :union {
    new @5 :Void;
    used @6 :UInt16;
    broken @7 :Text;
  }
  price @8 :Int64 = -1;
  owner @9 :Text = "nobody";
  extra @10 :Part;
}

interface Things $Perdure.entity("things") $Perdure.state("Thing") {
  change @0 Thing -> () $Perdure.signal;
}
