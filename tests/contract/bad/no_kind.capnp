@0xa0b26c1c9f767c45;
using Perdure = import "/perdure/contract.capnp";
struct S {}
interface E $Perdure.entity("e") $Perdure.state("S") {
  add @0 () -> ();
}
#! 5: error: method "add" has no kind; write one of $Perdure.signal, $Perdure.update, $Perdure.query, $Perdure.main behind it
