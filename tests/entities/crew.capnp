@0xd1a7c35be0924f68;
# An entity with a main, whose handlers the tests write.

using Perdure = import "/perdure/contract.capnp";
$Perdure.namespace("crew");

struct CrewState {
  log @0 :List(Text);
}

interface Crew $Perdure.entity("crew") $Perdure.state("CrewState") {
  work @0 (plan :Text) -> (result :Text) $Perdure.main;
  tell @1 (text :Text) -> () $Perdure.signal;
  ask @2 (text :Text) -> (result :Text) $Perdure.update;
  log @3 () -> (lines :List(Text)) $Perdure.query;
}

interface Tools $Perdure.activities("tools") {
  lend @0 (what :Text) -> (tool :Text);
}
