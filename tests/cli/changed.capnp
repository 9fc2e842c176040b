@0xa25f98c3017be6d4;
# What the contract of ledgers must not become: a field of its state has another type.

using Perdure = import "/perdure/contract.capnp";
$Perdure.namespace("changed");

struct LedgerState {
  total @0 :Text;
  notes @1 :List(Text);
  rings @2 :UInt32;
  frailRings @3 :Bool;
}

interface Ledger $Perdure.entity("ledger") $Perdure.state("LedgerState") {
  add @0 (amount :Int64) -> () $Perdure.signal;
}
