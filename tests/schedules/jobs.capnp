@0xc8e2f4a96b1d7035;
# What schedules of these tests start and call.

using Perdure = import "/perdure/contract.capnp";
$Perdure.namespace("jobs");

struct JobResult {
  count @0 :Int64;
  # One more than that of the last result.
}

struct JobState {
  began @0 :Bool;
}

interface Job $Perdure.entity("job") $Perdure.state("JobState") {
  work @0 (seconds :UInt32, fail :Bool, lastResult :JobResult) -> JobResult $Perdure.main;
  # When cancelled it needs a minute to stop.
}

struct MeterState {
  total @0 :UInt32;
  last @1 :Int64;
}

interface Meter $Perdure.entity("meter") $Perdure.state("MeterState") {
  tick @0 (by :UInt32) -> () $Perdure.signal;
  read @1 (seconds :UInt32, lastResult :JobResult) -> JobResult $Perdure.update;
  # Takes its time.
}
