@0x9f9d187cad75e2b1;
# Asks a service again and again, within one activity.

using Perdure = import "/perdure/contract.capnp";
$Perdure.namespace("yardstick.polling_often");

struct PollState {}

interface Poll $Perdure.entity("frequent-poll") $Perdure.state("PollState") {
  poll @0 () -> (answer :Text) $Perdure.main;
}

interface Poller $Perdure.activities("frequent-poller") {
  poll @0 () -> (answer :Text);
}
