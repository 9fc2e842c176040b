@0x996f00a3f6e8bf67;
# A party: guests who come before the host are greeted all the same.

using Perdure = import "/perdure/contract.capnp";
$Perdure.namespace("yardstick.party");

struct PartyState {
  guests @0 :List(Text);
  # Who still waits to be greeted.
  host @1 :Text;
}

interface Party $Perdure.entity("party") $Perdure.state("PartyState") {
  begin @0 (host :Text) -> (greetings :List(Text)) $Perdure.main;
  # Until everybody is greeted.
  come @1 (guest :Text) -> () $Perdure.signal;
  whoInvites @2 () -> (host :Text) $Perdure.update;
  # Waits for the host.
}

interface Door $Perdure.activities("door") {
  greet @0 (guest :Text) -> (greeting :Text);
}
