@0xe0e08c7788a31e26;
# All records of a file, processed one after the other by one long activity.

using Perdure = import "/perdure/contract.capnp";
$Perdure.namespace("yardstick.heartbeating_batch");

struct FileState {}

interface File $Perdure.entity("record-file") $Perdure.state("FileState") {
  process @0 () -> (records :UInt32) $Perdure.main;
}

struct Place {
  offset @0 :UInt32;
  # The next record.
}

interface Records $Perdure.activities("file-records") {
  process @0 () -> (records :UInt32);
}
