@0xade47ddebde5c099;
using Perdure = import "/perdure/contract.capnp";
struct S {}
interface E $Perdure.entity("e") $Perdure.state("S") {
  add @0 () -> () $Perdure.signal $Perdure.query;
  sub @1 () -> () $Perdure.signal $Perdure.update $Perdure.query;
}
#! 5: error: method "add" has 2 kinds; keep one of $Perdure.signal, $Perdure.update, $Perdure.query, $Perdure.main
#! 6: error: method "sub" has 3 kinds; keep one of $Perdure.signal, $Perdure.update, $Perdure.query, $Perdure.main
