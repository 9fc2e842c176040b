@0xc3d85892ec1d7da0;
using Perdure = import "/perdure/contract.capnp";
enum Color { red @0; }
interface E $Perdure.entity("e") $Perdure.state("Color") {}
#! 4: error: state "Color" of E is not a struct; name a struct of this file
