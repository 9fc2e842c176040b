@0x9d2c5b81e07f4a36;
# An entity whose handlers call others, for what is said when they call otherwise than before.

using Perdure = import "/perdure/contract.capnp";
$Perdure.namespace("desk");

struct Line {
  sku @0 :Text;
  cents @1 :Int64;
}

struct Deposit {
  lines @0 :List(Line);
  status :union {
    fresh @1 :Void;
    old @2 :Int64;
  }
}

struct DeskState {
  total @0 :Int64;
  lines @1 :List(Line);
  phase :union {
    open @2 :Void;
    paid @3 :Int64;
  }
}

interface Desk $Perdure.entity("desk") $Perdure.state("DeskState") {
  buy @0 (lines :List(Line), note :Text $Perdure.optional) -> (receipt :Text) $Perdure.update;
  ring @1 () -> () $Perdure.signal;
  count @2 (by :Int64) -> () $Perdure.signal;
}

interface Till $Perdure.entity("till") $Perdure.state("Line") {
  put @0 Deposit -> (cents :Int64) $Perdure.update;
  open @1 () -> () $Perdure.signal;
}

interface Payments $Perdure.activities("payments") {
  charge @0 (account :Text, cents :Int64) -> (receipt :Text);
  refund @1 (receipt :Text) -> ();
}
