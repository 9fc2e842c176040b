@0xa7fb2f05a7607d74;
# A long computation that can be cancelled.

using Perdure = import "/perdure/contract.capnp";
$Perdure.namespace("yardstick.cleaning");

struct ComputationState {
  result @0 :Text;
}

interface Computation $Perdure.entity("computation") $Perdure.state("ComputationState") {
  run @0 () -> (result :Text) $Perdure.main;
}

interface Cluster $Perdure.activities("cluster") {
  compute @0 () -> (result :Text);
  publish @1 (result :Text) -> ();
  cleanUp @2 () -> ();
}
