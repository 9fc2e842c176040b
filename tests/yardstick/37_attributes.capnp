@0x8298fe788fe59607;
# What entities are found by: attributes that they set and take back.

using Perdure = import "/perdure/contract.capnp";
$Perdure.namespace("yardstick.attributes");

struct ParcelState {}

interface Parcel $Perdure.entity("found-parcel") $Perdure.state("ParcelState") {
  send @0 (to :Text, grams :Int64) -> () $Perdure.main;
  # Packed at once, on its way after an hour, delivered a day later.
}
