@0xdd976d90035b7399;
using Perdure = import "/perdure/contract.capnp";
struct S {}
interface P $Perdure.activities("p") $Perdure.state("S") {
  pay @0 () -> () $Perdure.update;
}
#! 4: error: P is activities and has no state; leave $Perdure.state out
#! 5: error: method "pay" is not of an entity; leave $Perdure.signal, $Perdure.update, $Perdure.query, $Perdure.main out
