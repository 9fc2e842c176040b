@0xb43e4b36377b9aa2;
using Perdure = import "/perdure/contract.capnp";
struct S {
  number @0 :UInt32 $Perdure.optional;
  flag @1 :Bool $Perdure.optional;
  nothing @2 :Void $Perdure.optional;
  text @3 :Text = "a" $Perdure.optional;
  good @4 :Text $Perdure.optional;
}
#! 4: error: field "number" is an integer and cannot be optional; put it into a struct of its own, or leave $Perdure.optional out
#! 5: error: field "flag" is a Bool and cannot be optional; put it into a struct of its own, or leave $Perdure.optional out
#! 6: error: field "nothing" is Void and cannot be optional; put it into a struct of its own, or leave $Perdure.optional out
#! 7: error: field "text" is optional and has a default; leave one of the two out
