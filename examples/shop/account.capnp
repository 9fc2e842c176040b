@0xb64f0d2e9a7c1853;
# An account with a balance that never becomes negative.

using Perdure = import "/perdure/contract.capnp";
$Perdure.namespace("shop");

struct AccountState {
  balanceCents @0 :Int64;
  closed @1 :Bool;
}

interface Account $Perdure.entity("account") $Perdure.state("AccountState") {
  deposit @0 (cents :Int64) -> (balanceCents :Int64) $Perdure.update;
  withdraw @1 (cents :Int64) -> (balanceCents :Int64) $Perdure.update;
  balance @2 () -> (balanceCents :Int64) $Perdure.query;
  close @3 () -> () $Perdure.signal;
  # From then on it refuses deposits and withdrawals.
}
