@0xf7b7aa39984067f9;
# What a schedule starts: a greeting.

using Perdure = import "/perdure/contract.capnp";
$Perdure.namespace("yardstick.schedules");

struct GreetingState {}

interface Greeting $Perdure.entity("scheduled-greeting") $Perdure.state("GreetingState") {
  greet @0 (name :Text) -> () $Perdure.main;
}

interface Greeter $Perdure.activities("schedule-greeter") {
  say @0 (text :Text) -> ();
}
