@0xaf96ecbf1cfb10f6;
using Perdure = import "/perdure/contract.capnp";
struct S {}
interface E $Perdure.entity("e") $Perdure.state("S") {
  state @0 () -> () $Perdure.query;
  now @1 () -> () $Perdure.query;
  remind @2 () -> () $Perdure.signal;
  eEntity @3 () -> () $Perdure.signal;
  eStub @4 () -> () $Perdure.signal;
  within @5 () -> () $Perdure.update;
  sideEffect @6 () -> () $Perdure.update;
}
interface F $Perdure.entity("f") $Perdure.state("S") {
  result @0 () -> () $Perdure.query;
  place @1 () -> () $Perdure.main;
}
interface G $Perdure.entity("g") $Perdure.state("S") {
  result @0 () -> () $Perdure.main;
}
interface P $Perdure.activities("p") {
  run @0 () -> ();
  context @1 () -> ();
  pStub @2 () -> ();
}
#! 5: error: method "state" is called state in C++, which generated classes need for themselves; rename it
#! 6: error: method "now" is called now in C++, which generated classes need for themselves; rename it
#! 7: error: method "remind" is called remind in C++, which generated classes need for themselves; rename it
#! 8: error: method "eEntity" is called e_entity in C++, which generated classes need for themselves; rename it
#! 9: error: method "eStub" is called e_stub in C++, which generated classes need for themselves; rename it
#! 10: error: method "within" is called within in C++, which generated classes need for themselves; rename it
#! 11: error: method "sideEffect" is called side_effect in C++, which generated classes need for themselves; rename it
#! 14: error: method "result" is called result in C++, which the stub of a contract with a main needs for itself; rename it
#! 18: error: method "result" is called result in C++, which the stub of a contract with a main needs for itself; rename it
#! 21: error: method "run" is called run in C++, which generated classes need for themselves; rename it
#! 22: error: method "context" is called context in C++, which generated classes need for themselves; rename it
#! 23: error: method "pStub" is called p_stub in C++, which generated classes need for themselves; rename it
