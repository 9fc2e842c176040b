@0xe6a1f4d2907b3c58;
# A state, and what became of it in contracts that read its data right, or do not.

using Perdure = import "/perdure/contract.capnp";
$Perdure.namespace("states");

struct Line { sku @0 :Text; cents @1 :Int64; }
enum Size { small @0; large @1; }

struct CounterState {
  total @0 :Int64;
  name @1 :Text;
  lines @2 :List(Line);
  size @3 :Size;
  numbers @4 :List(Int32);
  phase :union {
    open @5 :Void;
    paid @6 :Int64;
  }
  limit @7 :UInt32 = 5;
  note @8 :Text $Perdure.optional;
  raw @9 :Data;
}
interface Counter $Perdure.entity("counter") $Perdure.state("CounterState") {
  ring @0 () -> () $Perdure.signal;
}

# -- what is fine --

struct Item { key @0 :Text; price @1 :Int64; color @2 :Text; parts @3 :List(Item); }
enum Length { short @0; long @1; huge @2; }

struct GrownState {
  oldTotal @0 :Int64;
  name @1 :Text;
  items @2 :List(Item);
  length @3 :Length;
  numbers @4 :List(Int32);
  status :union {
    new @5 :Void;
    settled @6 :Int64;
    gone @10 :Text;
  }
  more :group {
    limit @7 :UInt32 = 5;
    note @8 :Text $Perdure.optional;
  }
  raw @9 :Data;
  total @11 :Text;
}
interface Grown $Perdure.entity("grown") $Perdure.state("GrownState") {
  ring @0 () -> () $Perdure.signal;
}

struct PlainState { a @0 :Int64; b @1 :Text; }
interface Plain $Perdure.entity("plain") $Perdure.state("PlainState") {
  ring @0 () -> () $Perdure.signal;
}
struct WrappedState {
  b @1 :Text;
  union { a @0 :Int64; c @2 :Text; }
}
interface Wrapped $Perdure.entity("wrapped") $Perdure.state("WrappedState") {
  ring @0 () -> () $Perdure.signal;
}

# -- what is not --

struct RetypedState { total @0 :Text; name @1 :Text; }
interface Retyped $Perdure.entity("retyped") $Perdure.state("RetypedState") {
  ring @0 () -> () $Perdure.signal;
}
struct FewState { a @0 :Int64; }
interface Few $Perdure.entity("few") $Perdure.state("FewState") {
  ring @0 () -> () $Perdure.signal;
}
struct SwappedState { b @0 :Text; a @1 :Int64; }
interface Swapped $Perdure.entity("swapped") $Perdure.state("SwappedState") {
  ring @0 () -> () $Perdure.signal;
}
struct PairState { a @0 :Int64; b @1 :Int64; }
interface Pair $Perdure.entity("pair") $Perdure.state("PairState") {
  ring @0 () -> () $Perdure.signal;
}
struct TurnedState { b @0 :Int64; a @1 :Int64; }
interface Turned $Perdure.entity("turned") $Perdure.state("TurnedState") {
  ring @0 () -> () $Perdure.signal;
}
struct UnitedState { union { a @0 :Int64; b @1 :Int64; } }
interface United $Perdure.entity("united") $Perdure.state("UnitedState") {
  ring @0 () -> () $Perdure.signal;
}

struct ListState { texts @0 :List(Text); raw @1 :Data; limit @2 :UInt32 = 5; lines @3 :List(Line); }
interface Lists $Perdure.entity("lists") $Perdure.state("ListState") {
  ring @0 () -> () $Perdure.signal;
}
struct StructsState { texts @0 :List(Line); raw @1 :Data; limit @2 :UInt32 = 5; lines @3 :List(Line); }
interface Structs $Perdure.entity("structs") $Perdure.state("StructsState") {
  ring @0 () -> () $Perdure.signal;
}
struct TextState { texts @0 :List(Text); raw @1 :Text; limit @2 :UInt32 = 5; lines @3 :List(Line); }
interface Texts $Perdure.entity("texts") $Perdure.state("TextState") {
  ring @0 () -> () $Perdure.signal;
}
struct LimitState { texts @0 :List(Text); raw @1 :Data; limit @2 :UInt32 = 7; lines @3 :List(Line); }
interface Limits $Perdure.entity("limits") $Perdure.state("LimitState") {
  ring @0 () -> () $Perdure.signal;
}
struct AbsentState {
  texts @0 :List(Text);
  raw @1 :Data $Perdure.optional;
  limit @2 :UInt32 = 5;
  lines @3 :List(Line);
}
interface Absent $Perdure.entity("absent") $Perdure.state("AbsentState") {
  ring @0 () -> () $Perdure.signal;
}
struct Wide { sku @0 :Text; cents @1 :Int32; }
struct InnerState { texts @0 :List(Text); raw @1 :Data; limit @2 :UInt32 = 5; lines @3 :List(Wide); }
interface Inner $Perdure.entity("inner") $Perdure.state("InnerState") {
  ring @0 () -> () $Perdure.signal;
}

struct SizeState { size @0 :Size; }
interface Sizes $Perdure.entity("sizes") $Perdure.state("SizeState") {
  ring @0 () -> () $Perdure.signal;
}
enum One { small @0; }
struct OneState { size @0 :One; }
interface Ones $Perdure.entity("ones") $Perdure.state("OneState") {
  ring @0 () -> () $Perdure.signal;
}
enum Upside { large @0; small @1; }
struct UpsideState { size @0 :Upside; }
interface Upsides $Perdure.entity("upsides") $Perdure.state("UpsideState") {
  ring @0 () -> () $Perdure.signal;
}
