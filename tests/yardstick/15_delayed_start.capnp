@0xba7d92bdba009306;
# A reminder of a birthday, ordered long before.

using Perdure = import "/perdure/contract.capnp";
$Perdure.namespace("yardstick.birthday");

struct BirthdayState {
  presents @0 :List(Text);
}

interface Birthday $Perdure.entity("birthday") $Perdure.state("BirthdayState") {
  celebrate @0 (name :Text) -> (wish :Text, presents :List(Text)) $Perdure.main;
  bring @1 (present :Text) -> () $Perdure.signal;
}
