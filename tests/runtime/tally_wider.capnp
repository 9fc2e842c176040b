@0xb95d07e2c3a8f146;
# What tally.capnp became: a field more.

using Perdure = import "/perdure/contract.capnp";
$Perdure.namespace("tally_wider");

struct TallyState { total @0 :Int64; note @1 :Text; }

interface Tally $Perdure.entity("tally") $Perdure.state("TallyState") {
  add @0 (amount :Int64) -> () $Perdure.signal;
  total @1 () -> (total :Int64) $Perdure.query;
}
