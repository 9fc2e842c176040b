@0xeb9086ff076ce2ef;
using Perdure = import "/perdure/contract.capnp";
struct Box(T) { content @0 :T; }
struct S { box @0 :Box(Text); boxes @1 :List(Box(Data)); }
interface E $Perdure.entity("e") $Perdure.state("S") {
  put @0 Box(Text) -> () $Perdure.signal;
  get @1 [T] (what :T) -> (it :T) $Perdure.query;
}
#! 3: error: struct Box is generic; write one for each type it is used with
#! 4: error: field "box" uses a generic struct; write a struct for the types it is used with
#! 4: error: field "boxes" uses a generic struct; write a struct for the types it is used with
#! 6: error: method "put" uses a generic struct; write a struct for the types it is used with
#! 7: error: method "get" is generic; write one for each type
