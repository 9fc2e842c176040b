@0xc7d1a6b8e2f40935;
# What the shop asks of the company that takes the payments.

using Perdure = import "/perdure/contract.capnp";
$Perdure.namespace("shop");

interface Payments $Perdure.activities("payments") {
  charge @0 (account :Text, cents :Int64) -> (receipt :Text);
  # Fails for good as "card_declined" when the account cannot pay.
  refund @1 (receipt :Text) -> ();
}
