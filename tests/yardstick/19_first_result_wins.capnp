@0xb7661767854f4361;
# A greeting by whoever is the first to find one.

using Perdure = import "/perdure/contract.capnp";
$Perdure.namespace("yardstick.first");

struct WelcomeState {
  language @0 :Text;
}

interface Welcome $Perdure.entity("welcome") $Perdure.state("WelcomeState") {
  greet @0 (name :Text) -> (greeting :Text) $Perdure.main;
}

interface Speakers $Perdure.activities("speakers") {
  greeting @0 (language :Text, name :Text) -> (greeting :Text);
  say @1 (greeting :Text) -> ();
}
