@0xe1c5f09a7b3d2648;
# Entities of the benchmarks: they call activities, sleep, and fan out.

using Perdure = import "/perdure/contract.capnp";
$Perdure.namespace("jobs");

struct JobState {
  done @0 :UInt64;
}

interface Tasks $Perdure.activities("tasks") {
  perform @0 (value :UInt64) -> (value :UInt64);
}

interface Job $Perdure.entity("job") $Perdure.state("JobState") {
  three @0 () -> (value :UInt64) $Perdure.update;
  # Three activities, one after another.
  wake @1 (at :Int64) -> () $Perdure.signal;
  # Asks to be woken then.
  woken @2 () -> () $Perdure.signal;
}

interface Batch $Perdure.entity("batch") $Perdure.state("JobState") {
  work @0 (tasks :UInt32, atOnce :UInt32) -> (done :UInt64) $Perdure.main;
  progress @1 () -> (done :UInt64) $Perdure.query;
}

interface Fleet $Perdure.entity("fleet") $Perdure.state("JobState") {
  send @0 (batches :UInt32, tasks :UInt32, atOnce :UInt32) -> (done :UInt64) $Perdure.main;
  progress @1 () -> (done :UInt64) $Perdure.query;
}
