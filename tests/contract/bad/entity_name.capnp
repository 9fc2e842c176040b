@0x86a3209ca6233255;
using Perdure = import "/perdure/contract.capnp";
struct S {}
interface A $Perdure.entity("Cart") $Perdure.state("S") {}
interface B $Perdure.entity("") $Perdure.state("S") {}
interface C $Perdure.entity("1a") $Perdure.state("S") {}
interface D $Perdure.entity("a/b") $Perdure.state("S") {}
interface F $Perdure.activities("Über") {}
interface G $Perdure.entity("g") $Perdure.state("S") {}
interface H $Perdure.entity("g") $Perdure.state("S") {}
#! 4: error: entity name "Cart" is not valid; write lower-case letters, digits, '-' and '_', beginning with a letter, at most 63
#! 5: error: entity name "" is not valid; write lower-case letters, digits, '-' and '_', beginning with a letter, at most 63
#! 6: error: entity name "1a" is not valid; write lower-case letters, digits, '-' and '_', beginning with a letter, at most 63
#! 7: error: entity name "a/b" is not valid; write lower-case letters, digits, '-' and '_', beginning with a letter, at most 63
#! 8: error: activities name "Über" is not valid; write lower-case letters, digits, '-' and '_', beginning with a letter, at most 63
#! 10: error: entity name "g" is already taken in this file; give each its own
