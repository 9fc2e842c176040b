@0xd8608fefcb91ce37;
using Perdure = import "/perdure/contract.capnp";
struct S {}
interface E $Perdure.entity("e") $Perdure.state("S") {
  add @0 () -> (sum :Int64) $Perdure.signal;
  put @1 () -> S $Perdure.signal;
}
#! 5: error: signal "add" has results, and nobody waits for them; write -> (), or make it an update
#! 6: error: signal "put" has results, and nobody waits for them; write -> (), or make it an update
