@0xaf96ecbf1cfb10f6;
using Perdure = import "/perdure/contract.capnp";
struct S {}
interface E $Perdure.entity("e") $Perdure.state("S") {
  state @0 () -> () $Perdure.query;
  now @1 () -> () $Perdure.query;
  remind @2 () -> () $Perdure.signal;
  eEntity @3 () -> () $Perdure.signal;
}
interface P $Perdure.activities("p") {
  run @0 () -> ();
}
#! 5: error: method "state" is called state in C++, which generated classes need for themselves; rename it
#! 6: error: method "now" is called now in C++, which generated classes need for themselves; rename it
#! 7: error: method "remind" is called remind in C++, which generated classes need for themselves; rename it
#! 8: error: method "eEntity" is called e_entity in C++, which generated classes need for themselves; rename it
#! 11: error: method "run" is called run in C++, which generated classes need for themselves; rename it
