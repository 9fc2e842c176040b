@0xf0a4b1c7d2e93658;
# A travel agency: entities and activities for the tests of the test kit.

using Perdure = import "/perdure/contract.capnp";
$Perdure.namespace("travel");

struct AccountState { cents @0 :Int64; bookings @1 :UInt32; }

interface Account $Perdure.entity("account") $Perdure.state("AccountState") {
  deposit @0 (cents :Int64) -> (cents :Int64) $Perdure.update;
  withdraw @1 (cents :Int64) -> (cents :Int64) $Perdure.update;
  # Refuses what is not there.
  credit @2 (cents :Int64) -> () $Perdure.signal;
  # Refuses what is negative.
  balance @3 () -> (cents :Int64) $Perdure.query;
  audit @4 (pause :Int64) -> (cents :Int64) $Perdure.update;
  # Takes so many milliseconds.
}

struct TransferState { done @0 :UInt32; lastNumber @1 :UInt64; lastId @2 :Text; }

interface Transfer $Perdure.entity("transfer") $Perdure.state("TransferState") {
  move @0 (from :Text, to :Text, cents :Int64) -> (id :Text, left :Int64) $Perdure.update;
  sprinkle @1 (to :List(Text), cents :Int64) -> () $Perdure.update;
  # By signals, and does not wait.
  tell @2 (type :Text) -> () $Perdure.signal;
  # Sends to nobody of that type.
  auditBoth @3 (slow :Text, fast :Text) -> (cents :Int64) $Perdure.update;
}

interface Ghost $Perdure.entity("ghost") $Perdure.state("TransferState") {
  haunt @0 () -> () $Perdure.signal;
}

struct TripState { steps @0 :List(Text); paid @1 :Bool; approved @2 :Bool; }

interface Trip $Perdure.entity("trip") $Perdure.state("TripState") {
  book @0 (card :Text, cents :Int64) -> (receipt :Text, at :Int64) $Perdure.main;
  # Flight, hotel, payment; undone in reverse.
  steps @1 () -> (steps :List(Text)) $Perdure.query;
  approve @2 () -> () $Perdure.signal;
}

struct TourState { days @0 :UInt32; rounds @1 :UInt32; }

interface Tour $Perdure.entity("tour") $Perdure.state("TourState") {
  travel @0 (days :UInt32) -> (days :UInt32) $Perdure.main;
  # Sleeps a day, so many times, with a continue point in each.
}

struct GroupState { ended @0 :List(Text); }

interface Group $Perdure.entity("group") $Perdure.state("GroupState") {
  lead @0 (tours :List(Text), days :UInt32, close :UInt8, cancel :UInt8) -> (days :UInt32) $Perdure.main;
  # A child for each, all at once.
  leave @1 (tour :Text, days :UInt32, fail :Bool) -> () $Perdure.update;
  # Starts it, and does not wait.
  join @2 (tour :Text, days :UInt32) -> (days :UInt32) $Perdure.update;
  # Starts it unless it runs, and waits for its end.
}

struct DeskState { log @0 :List(Text); version @1 :Int32; inside @2 :UInt32; most @3 :UInt32; }

interface Desk $Perdure.entity("desk") $Perdure.state("DeskState") {
  # A handler for each thing that can be awaited.

  quote @0 (hotel :Text) -> (cents :Int64, failure :Text) $Perdure.update;
  quoteAll @1 (hotels :List(Text)) -> (cents :List(Int64)) $Perdure.update;
  quoteAny @2 (hotels :List(Text)) -> (hotel :Text, cents :Int64) $Perdure.update;
  quoteRace @3 (hotel :Text, pause :Int64) -> (cents :Int64) $Perdure.update;
  # -1: the pause was over first.
  quoteWithin @4 (hotel :Text, pause :Int64) -> (cents :Int64) $Perdure.update;
  quoteEach @5 (hotels :List(Text), atOnce :UInt32) -> (most :UInt32) $Perdure.update;
  visit @6 (pause :Int64) -> () $Perdure.update;
  # One at a time.
  change @7 () -> (version :Int32) $Perdure.update;
  look @8 () -> (text :Text) $Perdure.update;
  # A side effect.
  promise @9 (hotel :Text) -> (ticket :Text) $Perdure.update;
  # Answers before it has asked the hotel.
  remindMe @10 (pause :Int64, fail :Bool) -> () $Perdure.signal;
  ring @11 (fail :Bool) -> () $Perdure.signal;
  abandoned @12 (hotel :Text) -> () $Perdure.update;
  # Gives up waiting for the hotel after a second, and lets it run.
  stopped @13 (hotel :Text) -> (cents :Int64, how :Text) $Perdure.update;
  # Asks the hotel to stop after a second, and waits for how it ends.
  note @14 (text :Text) -> () $Perdure.signal;
  waitForNotes @15 (count :UInt32) -> (log :List(Text)) $Perdure.update;
  tag @16 (name :Text, text :Text) -> () $Perdure.signal;
  patient @17 (limit :Int64) -> () $Perdure.update;
  # Asks for a reservation for so many milliseconds.
}

interface Hotels $Perdure.activities("hotels") {
  quote @0 (hotel :Text) -> (cents :Int64);
  reserve @1 (trip :Text) -> (reservation :Text);
  cancel @2 (reservation :Text) -> ();
}

interface Payments $Perdure.activities("payments") {
  charge @0 (card :Text, cents :Int64) -> (receipt :Text);
  refund @1 (receipt :Text) -> ();
}

struct LabState { log @0 :List(Text); go @1 :Bool; nest @2 :Nest; }
struct Nest { inner @0 :Nest; }

interface Lab $Perdure.entity("lab") $Perdure.state("LabState") {
  # One handler for each experiment.

  live @0 (experiment :Text) -> (result :Text) $Perdure.main;
  run @1 (experiment :Text) -> (result :Text) $Perdure.update;
  go @2 () -> () $Perdure.signal;
}
