@0xa76f3ee70ebf6669;
# A batch of tasks in one activity that goes on where its last attempt failed.

using Perdure = import "/perdure/contract.capnp";
$Perdure.namespace("yardstick.heartbeat_resume");

struct BatchState {}

interface Batch $Perdure.entity("task-batch") $Perdure.state("BatchState") {
  run @0 (first :UInt32, count :UInt32) -> () $Perdure.main;
}

struct Progress {
  next @0 :UInt32;
  # The first task that has not been done.
}

interface Tasks $Perdure.activities("batch-tasks") {
  process @0 (first :UInt32, count :UInt32) -> ();
}
