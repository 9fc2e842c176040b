@0xd41c5e93a7f20b68;
# A contract as it was; tally_wider.capnp and tally_retyped.capnp are what later builds made of it.

using Perdure = import "/perdure/contract.capnp";
$Perdure.namespace("tally");

struct TallyState { total @0 :Int64; }

interface Tally $Perdure.entity("tally") $Perdure.state("TallyState") {
  add @0 (amount :Int64) -> () $Perdure.signal;
  total @1 () -> (total :Int64) $Perdure.query;
}
