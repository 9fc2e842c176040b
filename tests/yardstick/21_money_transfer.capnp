@0xb62f113310a98dc7;
# Money from one account to another, in a bank that answers when it likes.

using Perdure = import "/perdure/contract.capnp";
$Perdure.namespace("yardstick.money");

struct MoneyTransferState {
  phase @0 :Text;
  # "withdrawing", "depositing", then what `transfer` answers as outcome.
}

interface MoneyTransfer $Perdure.entity("money-transfer") $Perdure.state("MoneyTransferState") {
  transfer @0 (from :Text, to :Text, cents :Int64) -> (outcome :Text) $Perdure.main;
  # The outcome is "transferred" or "refunded". Refuses less than one cent.
  phase @1 () -> (phase :Text) $Perdure.query;
}

interface Bank $Perdure.activities("bank") {
  withdraw @0 (account :Text, cents :Int64) -> ();
  # Fails for good as "insufficient_funds".
  deposit @1 (account :Text, cents :Int64) -> ();
  # Fails for good as "no_such_account".
}
