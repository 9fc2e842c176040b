@0x8e7d6c5b4a392817;
# Every type and every shape that a contract can have.

using Perdure = import "/perdure/contract.capnp";
using Common = import "common.capnp";
$Perdure.namespace("kitchen");

enum Color { red @0; darkGreen @1; default @2; }

struct Numbers {
  bool @0 :Bool;
  i8 @1 :Int8;
  i16 @2 :Int16;
  i32 @3 :Int32;
  i64 @4 :Int64;
  u8 @5 :UInt8;
  u16 @6 :UInt16;
  u32 @7 :UInt32;
  u64 @8 :UInt64;
  f32 @9 :Float32;
  f64 @10 :Float64;
  color @11 :Color;
  nothing @12 :Void;
}

struct Defaults {
  bool @0 :Bool = true;
  i8 @1 :Int8 = -128;
  i64 @2 :Int64 = -9223372036854775808;
  u64 @3 :UInt64 = 18446744073709551615;
  f32 @4 :Float32 = 1.5;
  f64 @5 :Float64 = -inf;
  notANumber @6 :Float64 = nan;
  color @7 :Color = darkGreen;
  text @8 :Text = "a \"quoted\" text\nin two lines";
  data @9 :Data = 0x"00 ff 7f";
  numbers @10 :List(Int32) = [1, -2, 3];
  texts @11 :List(Text) = ["x", ""];
  money @12 :Common.Money = (cents = 5, currency = "USD");
  moneys @13 :List(Common.Money) = [(cents = 1), (currency = "CHF")];
  zero @14 :Int32 = 0;
  empty @15 :Text = "";
}

struct Lists {
  bools @0 :List(Bool);
  i8s @1 :List(Int8);
  u16s @2 :List(UInt16);
  i32s @3 :List(Int32);
  u64s @4 :List(UInt64);
  f32s @5 :List(Float32);
  f64s @6 :List(Float64);
  colors @7 :List(Color);
  texts @8 :List(Text);
  datas @9 :List(Data);
  moneys @10 :List(Common.Money);
  matrix @11 :List(List(Int32));
  words @12 :List(List(Text));
  grid @13 :List(List(Common.Money));
  u8s @14 :List(UInt8);
  units @15 :List(Common.Unit);
}

struct Optionals {
  text @0 :Text $Perdure.optional;
  data @1 :Data $Perdure.optional;
  list @2 :List(Int32) $Perdure.optional;
  money @3 :Common.Money $Perdure.optional;
  plain @4 :Common.Money;
}

struct Order {
  id @0 :Text;
  line @1 :Line;
  # Has the name of its type.

  struct Line {
    sku @0 :Text;
    order @1 :Text;
  }

  address :group {
    street @2 :Text;
    zip @3 :UInt32 = 1010;
    contact :union {
      phone @4 :Text;
      mail @5 :Text;
    }
  }

  status :union {
    open @6 :Void;
    paid @7 :Common.Money;
    refunded @8 :Common.Money;
    shipped :group {
      carrier @9 :Text = "post";
      at @10 :Int64;
      union {
        standard @11 :Void;
        express @12 :UInt8;
      }
    }
    parts @13 :List(Line);
    class @14 :UInt16 = 7;
  }

  union {
    cash @15 :Void;
    card @16 :Text;
    limit @17 :Bool;
  }
}

struct Tree {
  name @0 :Text;
  left @1 :Tree;
  right @2 :Tree;
  children @3 :List(Tree);
  union {
    leaf @4 :Void;
    graft @5 :Tree;
    forest @6 :List(Tree);
  }
}

struct Hedge {
  rows :group { all @0 :List(Hedge); count @1 :UInt8; }
}

struct Chicken { eggs @0 :List(Egg); mother @1 :Egg; }
struct Egg { chicken @0 :Chicken; weight @1 :UInt32; }

struct State {
  numbers @0 :Numbers;
  defaults @1 :Defaults;
  lists @2 :Lists;
  optionals @3 :Optionals;
  orders @4 :List(Order);
  tree @5 :Tree;
  chicken @6 :Chicken;
  theHTTPServer @7 :Text;
  sha256Sum @8 :Data;
}

interface Kitchen $Perdure.entity("kitchen-sink") $Perdure.state("State") {
  struct Note { text @0 :Text; }

  put @0 State -> () $Perdure.signal;
  take @1 () -> State $Perdure.query;
  clear @2 () -> () $Perdure.signal;
  rename @3 (from :Text, to :Text = "nobody", unit :Common.Unit) -> () $Perdure.signal;
  find @4 (name :Text $Perdure.optional) -> (order :Order, notes :List(Note)) $Perdure.query;
  ping @5 () -> () $Perdure.query;
  bake @6 (dough :Common.Money) -> (bread :Common.Money) $Perdure.update;
  wait @7 () -> () $Perdure.update;
  order @8 Order -> Order $Perdure.update;
  delete @9 Common.Money -> () $Perdure.signal;
  note @10 Note -> () $Perdure.signal;
  reset @11 () -> () $Perdure.signal;
  serve @12 (guests :UInt16, order :Order) -> (bill :Common.Money) $Perdure.main;
  cancel @13 (why :Text) -> () $Perdure.signal;
}

interface Clock $Perdure.entity("clock") $Perdure.state("Egg") {
  # Has a main, and nothing else, that takes and answers nothing.

  ring @0 () -> () $Perdure.main;
}

interface Oven $Perdure.activities("oven") {
  heat @0 (degrees :UInt16) -> (minutes :UInt32);
  cool @1 () -> ();
}
