@0xbea47bf328a1f806;
# A payment that answers when it is initialized, and is completed afterwards.

using Perdure = import "/perdure/contract.capnp";
$Perdure.namespace("yardstick.early_return");

struct PaymentState {
  id @0 :Text;
  phase @1 :Text;
  # "initializing", "initialized", "completed" or "cancelled".
}

interface Payment $Perdure.entity("early-payment") $Perdure.state("PaymentState") {
  pay @0 (source :Text, target :Text, cents :Int64) -> (id :Text) $Perdure.update;
}

interface Bank $Perdure.activities("early-bank") {
  initialize @0 (source :Text, target :Text, cents :Int64) -> (id :Text);
  complete @1 (id :Text) -> ();
  cancel @2 (source :Text) -> ();
}
