@0xf738e5d1453608b3;
# A file that is downloaded, processed and removed by one and the same worker.

using Perdure = import "/perdure/contract.capnp";
$Perdure.namespace("yardstick.worker_queue");

struct FileState {
  attempts @0 :UInt32;
}

interface File $Perdure.entity("worker-file") $Perdure.state("FileState") {
  process @0 (url :Text) -> (worker :Text) $Perdure.main;
}

interface Workers $Perdure.activities("file-workers") {
  # Taken by any worker.
  ownQueue @0 () -> (queue :Text);
  # Of the worker that takes it.
}

interface Files $Perdure.activities("worker-files") {
  # Wanted of the worker that has the file.
  download @0 (url :Text, path :Text) -> ();
  process @1 (path :Text) -> ();
  remove @2 (path :Text) -> ();
}
