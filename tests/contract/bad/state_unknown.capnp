@0xd375c64fbd69fe29;
using Perdure = import "/perdure/contract.capnp";
struct S {}
interface E $Perdure.entity("e") $Perdure.state("T") {
  add @0 () -> () $Perdure.signal;
}
#! 4: error: state "T" of E is not in this file; write struct T, or the name of another struct of this file
