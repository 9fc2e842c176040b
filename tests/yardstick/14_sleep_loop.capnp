@0xe08e4f4a623f8615;
# A newsletter that is sent each month.

using Perdure = import "/perdure/contract.capnp";
$Perdure.namespace("yardstick.newsletter");

struct NewsletterState {
  sent @0 :UInt32;
  stopped @1 :Bool;
}

interface Newsletter $Perdure.entity("newsletter") $Perdure.state("NewsletterState") {
  subscribe @0 (email :Text) -> (sent :UInt32) $Perdure.main;
  # Until `stop`.
  stop @1 () -> () $Perdure.signal;
}

interface Mail $Perdure.activities("newsletter-mail") {
  send @0 (email :Text, issue :UInt32) -> ();
}
