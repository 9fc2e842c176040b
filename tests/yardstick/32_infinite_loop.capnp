@0x8ddade029566c53b;
# Greets somebody about every five seconds until it is told to stop.

using Perdure = import "/perdure/contract.capnp";
$Perdure.namespace("yardstick.infinite_loop");

struct LoopState {
  greetings @0 :UInt64;
  exitRequested @1 :Bool;
}

interface Loop $Perdure.entity("greeting-loop") $Perdure.state("LoopState") {
  greet @0 (name :Text) -> (greetings :UInt64) $Perdure.main;
  requestExit @1 () -> () $Perdure.signal;
}

interface Greeter $Perdure.activities("loop-greeter") {
  say @0 (text :Text) -> ();
}
