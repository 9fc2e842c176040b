@0x8d0d7f438b33e968;
using Perdure = import "/perdure/contract.capnp";
interface E {
  add @0 () -> () $Perdure.signal;
}
#! 3: error: E is neither an entity nor activities; write $Perdure.entity("e") or $Perdure.activities("e") behind its name
