@0xcf2f2320690130fe;
# Values that come more often than they can be worked on.

using Perdure = import "/perdure/contract.capnp";
$Perdure.namespace("yardstick.window");

struct SensorState {
  last @0 :Text $Perdure.optional;
  # Of the present window; none yet.
  finishing @1 :Bool;
}

interface Sensor $Perdure.entity("sensor") $Perdure.state("SensorState") {
  watch @0 () -> () $Perdure.main;
  value @1 (value :Text) -> () $Perdure.signal;
  finish @2 () -> () $Perdure.signal;
  # Ends the window, and the watch.
}

interface Plotter $Perdure.activities("plotter") {
  plot @0 (value :Text) -> ();
}
