@0xebb6a198f1446bea;
using Perdure = import "/perdure/contract.capnp";
struct S {}
interface E $Perdure.entity("e") {
  add @0 () -> () $Perdure.signal;
}
#! 4: error: E has no state; write $Perdure.state("EState") behind its name, and that struct
