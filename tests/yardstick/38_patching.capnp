@0x8677ab681e71fb51;
# A job whose code is changed while it is under way.

using Perdure = import "/perdure/contract.capnp";
$Perdure.namespace("yardstick.patching");

struct JobState {
  done @0 :Text;
}

interface Job $Perdure.entity("patched-job") $Perdure.state("JobState") {
  run @0 () -> (done :Text) $Perdure.main;
  # Waits for a day, then does its work.
}

interface Steps $Perdure.activities("patched-steps") {
  clean @0 () -> ();
  # What there was at first.
  scrub @1 () -> ();
  # What takes its place.
}
