@0xe3529c3b77330bdb;
using Perdure = import "/perdure/contract.capnp";
struct S {
  anything @0 :AnyPointer;
  part :group {
    # A line between.
    inner @1 :AnyStruct;
  }
}
interface E $Perdure.entity("e") $Perdure.state("S") {
  put @0 (what :AnyPointer) -> () $Perdure.signal;
}
#! 4: error: field "anything" is an AnyPointer, whose type nobody knows; write a struct, a list, or Data
#! 7: error: field "inner" is an AnyPointer, whose type nobody knows; write a struct, a list, or Data
#! 11: error: field "what" is an AnyPointer, whose type nobody knows; write a struct, a list, or Data
