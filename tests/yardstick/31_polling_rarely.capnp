@0xe11790de61b87d9a;
# Asks a service every minute: each time is an attempt of an activity.

using Perdure = import "/perdure/contract.capnp";
$Perdure.namespace("yardstick.polling_rarely");

struct PollState {}

interface Poll $Perdure.entity("infrequent-poll") $Perdure.state("PollState") {
  poll @0 () -> (answer :Text) $Perdure.main;
}

interface Service $Perdure.activities("slow-service") {
  ask @0 () -> (answer :Text);
  # Fails while there is no answer.
}
