@0xc86d0d1e0d2a4bb1;
using Perdure = import "/perdure/contract.capnp";
struct S {}
interface E $Perdure.entity("e") $Perdure.state("S") {
  place @0 () -> () $Perdure.main;
  ship @1 () -> () $Perdure.main;
  bill @2 () -> () $Perdure.update;
  send @3 () -> () $Perdure.main;
}
interface F $Perdure.entity("f") $Perdure.state("S") {
  place @0 () -> () $Perdure.main $Perdure.update;
}
interface P $Perdure.activities("p") {
  place @0 () -> () $Perdure.main;
}
#! 6: error: method "ship" is a main, and so is "place" in line 5; keep one, and make the other an update
#! 8: error: method "send" is a main, and so is "place" in line 5; keep one, and make the other an update
#! 11: error: method "place" has 2 kinds; keep one of $Perdure.signal, $Perdure.update, $Perdure.query, $Perdure.main
#! 14: error: method "place" is not of an entity; leave $Perdure.signal, $Perdure.update, $Perdure.query, $Perdure.main out
