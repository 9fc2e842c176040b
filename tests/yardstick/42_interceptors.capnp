@0xcdc6d718529fc2e9;
# A vault whose door is watched.

using Perdure = import "/perdure/contract.capnp";
$Perdure.namespace("yardstick.interceptors");

struct VaultState {
  cents @0 :Int64;
}

interface Vault $Perdure.entity("guarded-vault") $Perdure.state("VaultState") {
  put @0 (cents :Int64) -> () $Perdure.signal;
  take @1 (cents :Int64) -> (left :Int64) $Perdure.update;
  look @2 () -> (cents :Int64) $Perdure.query;
}
