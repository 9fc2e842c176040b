@0xe449f4f2876428fb;
# A print job that is given up when it takes too long.

using Perdure = import "/perdure/contract.capnp";
$Perdure.namespace("yardstick.printing");

struct PrintJobState {
  phase @0 :Text;
}

interface PrintJob $Perdure.entity("print-job") $Perdure.state("PrintJobState") {
  print @0 (pages :UInt32) -> (outcome :Text) $Perdure.main;
}

struct BindingState { bound @0 :Bool; }

interface Binding $Perdure.entity("binding") $Perdure.state("BindingState") {
  bind @0 (time :Int64) -> () $Perdure.main;
  # Takes so many milliseconds.
}

interface Printer $Perdure.activities("printer") {
  render @0 (pages :UInt32) -> ();
  throwAway @1 (phase :Text) -> ();
}
