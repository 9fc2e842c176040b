@0xedfc04edcdf6669b;
# A trip: a car, a hotel and a flight, or nothing.

using Perdure = import "/perdure/contract.capnp";
$Perdure.namespace("yardstick.trips");

struct TripState {
  booked @0 :List(Text);
}

interface Trip $Perdure.entity("trip") $Perdure.state("TripState") {
  book @0 (traveller :Text) -> (car :Text, hotel :Text, flight :Text) $Perdure.main;
}

interface Bookings $Perdure.activities("bookings") {
  reserve @0 (what :Text, request :Text, traveller :Text) -> (reservation :Text);
  cancel @1 (what :Text, request :Text) -> ();
  # Of what was not reserved: has no effect.
}
