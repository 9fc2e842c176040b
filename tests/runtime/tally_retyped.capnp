@0xe7308a1fd96b42c5;
# What tally.capnp must not become: a field of another type.

using Perdure = import "/perdure/contract.capnp";
$Perdure.namespace("tally_retyped");

struct TallyState { total @0 :Text; }

interface Tally $Perdure.entity("tally") $Perdure.state("TallyState") {
  add @0 (amount :Int64) -> () $Perdure.signal;
  total @1 () -> (total :Int64) $Perdure.query;
}
