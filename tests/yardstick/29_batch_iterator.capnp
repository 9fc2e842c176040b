@0xbb278134640c9f45;
# A batch that is read page by page, each record processed by a child.

using Perdure = import "/perdure/contract.capnp";
$Perdure.namespace("yardstick.batch_iterator");

struct BatchState {
  offset @0 :UInt32;
  # Of the next page.
  failed @1 :UInt32;
}

interface Batch $Perdure.entity("iterated-batch") $Perdure.state("BatchState") {
  process @0 (pageSize :UInt32) -> (processed :UInt32, failed :UInt32) $Perdure.main;
}

struct RecordState {
  processed @0 :UInt32;
}

interface Record $Perdure.entity("batch-record") $Perdure.state("RecordState") {
  process @0 (content :Text) -> () $Perdure.main;
}

interface Pages $Perdure.activities("record-pages") {
  read @0 (offset :UInt32, count :UInt32) -> (records :List(Text));
}
