@0xd19c95726cf88a8b;
# Robots of one colour, who are greeted together.

using Perdure = import "/perdure/contract.capnp";
$Perdure.namespace("yardstick.accumulating");

struct Robot {
  key @0 :Text;
  name @1 :Text;
}

struct AccumulatorState {
  robots @0 :List(Robot);
  finishing @1 :Bool;
  idle @2 :Bool;
}

interface Accumulator $Perdure.entity("accumulator") $Perdure.state("AccumulatorState") {
  # Its id is the colour.

  collect @0 () -> (greeting :Text) $Perdure.main;
  # Until no robot has come for a minute.
  add @1 (colour :Text, robot :Robot) -> () $Perdure.signal;
  # Refuses one of another colour; one that it has does not count.
  finish @2 () -> () $Perdure.signal;
  # Waits for stragglers only, a second.
  idle @3 () -> () $Perdure.signal;
  # Sent by a reminder.
}

interface Greeter $Perdure.activities("greeter") {
  greet @0 (names :List(Text)) -> (greeting :Text);
}
