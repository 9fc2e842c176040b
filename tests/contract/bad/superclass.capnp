@0xb0bcace73f1f65a8;
using Perdure = import "/perdure/contract.capnp";
struct S {}
interface Base $Perdure.entity("base") $Perdure.state("S") {
  add @0 () -> () $Perdure.signal;
}
interface E extends(Base) $Perdure.entity("e") $Perdure.state("S") {}
#! 7: error: E extends another interface; write all its methods in E
