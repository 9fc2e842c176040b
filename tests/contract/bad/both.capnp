@0x9fea11ac92edcf45;
using Perdure = import "/perdure/contract.capnp";
struct S {}
interface E $Perdure.entity("e") $Perdure.state("S") $Perdure.activities("e") {}
#! 4: error: E is both an entity and activities; make two interfaces of it
