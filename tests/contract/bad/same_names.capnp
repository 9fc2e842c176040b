@0x9413b446e6a16a3b;
using Perdure = import "/perdure/contract.capnp";
struct S { fooBar @0 :Text; foobar @1 :Text; fooBAR @2 :Text; }
enum Color { darkRed @0; darkRED @1; }
struct EClient { a @0 :Text; }
struct ItemList { a @0 :Text; }
struct Item { struct List { a @0 :Text; } }
struct U { which @0 :Text; union { a @1 :Text; b @2 :Text; } }
struct V { status :union { oneA @0 :Void; oneAB @1 :Void; oneAb @2 :Void; } statusIs @3 :Text; }
struct W { a @0 :List(Int8) = [1]; defaultA @1 :Text; }
struct VStatusIs { a @0 :Text; }
interface E $Perdure.entity("e") $Perdure.state("S") {
  doIt @0 () -> () $Perdure.signal;
  doIT @1 () -> () $Perdure.signal;
  x @2 (a :Text) -> () $Perdure.signal;
  xParams @3 () -> () $Perdure.signal;
}
#! 3: error: fooBar and fooBAR are both called foo_bar in C++; rename one
#! 4: error: darkRed and darkRED are both called dark_red in C++; rename one
#! 7: error: ItemList and Item.List are both called item_list in C++; rename one
#! 8: error: which and the union are both called which in C++; rename one
#! 9: error: oneAB and oneAb are both called one_ab in C++; rename one
#! 9: error: the union status and statusIs are both called status_is in C++; rename one
#! 10: error: the default of a and defaultA are both called default_a in C++; rename one
#! 11: error: the union V.status and VStatusIs are both called v_status_is in C++; rename one
#! 12: error: EClient and what is generated from E are both called e_client in C++; rename one
#! 14: error: doIt and doIT are both called do_it in C++; rename one
#! 16: error: the parameters or results of x and xParams are both called x_params in C++; rename one
