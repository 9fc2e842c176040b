@0x9fe0f51bf17fd374;
using Perdure = import "/perdure/contract.capnp";
struct S { other @0 :E; all @1 :List(E); cap @2 :Capability; }
interface E $Perdure.entity("e") $Perdure.state("S") {}
#! 3: error: field "all" is an interface, and a reference to a live object cannot be kept; write the id of what it refers to, as Text
#! 3: error: field "cap" is an AnyPointer, whose type nobody knows; write a struct, a list, or Data
#! 3: error: field "other" is an interface, and a reference to a live object cannot be kept; write the id of what it refers to, as Text
