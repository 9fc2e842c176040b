@0xef2938807814e8a2;
using Perdure = import "/perdure/contract.capnp";
struct S {}
interface E $Perdure.entity("e") $Perdure.state("S") {
  send @0 (part :Data) -> stream $Perdure.signal;
}
#! 5: error: method "send" is streaming; write -> () for no results
