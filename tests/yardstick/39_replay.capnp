@0xfac5d97fadafb79c;
# A subscription that is charged again and again.

using Perdure = import "/perdure/contract.capnp";
$Perdure.namespace("yardstick.replay");

struct SubscriptionState {
  charged @0 :UInt32;
}

interface Subscription $Perdure.entity("replayed-subscription")
    $Perdure.state("SubscriptionState") {
  run @0 (months :UInt32) -> (charged :UInt32) $Perdure.main;
}

interface Billing $Perdure.activities("replayed-billing") {
  charge @0 (month :UInt32) -> ();
  remind @1 (month :UInt32) -> ();
}
