@0xb1d914f8c4069545;
using Perdure = import "/perdure/contract.capnp";
# struct S { a @0 :AnyPointer; } is not this one.
struct Text2 { text @0 :Text = "a { b @1 :AnyPointer; } # c"; }
struct S {
  # b @0 :AnyPointer;
  b @0
    :AnyPointer;
}
#! 7: error: field "b" is an AnyPointer, whose type nobody knows; write a struct, a list, or Data
