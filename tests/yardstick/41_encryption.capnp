@0xf7638c4202c830a5;
# A greeting that nobody is to read from the disk.

using Perdure = import "/perdure/contract.capnp";
$Perdure.namespace("yardstick.encryption");

struct LetterState {
  text @0 :Text;
}

interface Letter $Perdure.entity("encrypted-letter") $Perdure.state("LetterState") {
  write @0 (name :Text) -> (text :Text) $Perdure.main;
  text @1 () -> (text :Text) $Perdure.query;
}

interface Writer $Perdure.activities("letter-writer") {
  compose @0 (name :Text) -> (text :Text);
}
