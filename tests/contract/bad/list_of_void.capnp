@0x974e4158478c281d;
using Perdure = import "/perdure/contract.capnp";
struct S { ticks @0 :List(Void); deep @1 :List(List(Void)); }
#! 3: error: field "deep" is a list of Void; write how many there are, as UInt32
#! 3: error: field "ticks" is a list of Void; write how many there are, as UInt32
