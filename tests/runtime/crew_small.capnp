@0xa57e1c9d20b84f63;
# The crew as a build has it that lacks some of its methods.

using Perdure = import "/perdure/contract.capnp";
$Perdure.namespace("crew_small");

struct CrewState {
  log @0 :List(Text);
}

interface Crew $Perdure.entity("crew") $Perdure.state("CrewState") {
  work @0 (plan :Text) -> (result :Text) $Perdure.main;
}
