@0x9b47e1f2a60c83d5;
# Money on its way from one account to another.

using Perdure = import "/perdure/contract.capnp";
$Perdure.namespace("shop");

struct TransferState {
  phase @0 :Text;
  # "withdrawing", "depositing", "returning", then what `move` answers as status.
}

interface Transfer $Perdure.entity("transfer") $Perdure.state("TransferState") {
  move @0 (from :Text, to :Text, cents :Int64) -> (status :Text) $Perdure.main;
  # The status is "completed", or "failed" when an account refused and all is as it was.
}
