@0xc0ddba7f0880f718;
# A dictionary that lives as an entity.

using Perdure = import "/perdure/contract.capnp";
$Perdure.namespace("yardstick.dictionary");

struct Entry {
  key @0 :Text;
  value @1 :Text;
}

struct DictionaryState {
  entries @0 :List(Entry);
  # In order of their keys.
}

interface Dictionary $Perdure.entity("dictionary") $Perdure.state("DictionaryState") {
  set @0 Entry -> () $Perdure.signal;
  remove @1 (key :Text) -> () $Perdure.signal;
  get @2 (key :Text) -> (value :Text $Perdure.optional) $Perdure.query;
  # Absent where there is none.
  keys @3 () -> (keys :List(Text)) $Perdure.query;
}
