@0xef08e64eea959c21;
using Perdure = import "/perdure/contract.capnp";
$Perdure.namespace("acme.class");
struct S {}
#! 3: error: namespace "acme.class" is not valid; write names separated by dots, e.g. $Perdure.namespace("acme.shop")
