@0xf1d0c9b8a7968574;
# Imported by kitchen.capnp, with a namespace of its own.

using Perdure = import "/perdure/contract.capnp";
$Perdure.namespace("acme.common");

struct Money {
  cents @0 :Int64;
  currency @1 :Text = "EUR";
}

enum Unit { piece @0; gram @1; }
