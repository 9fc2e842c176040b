@0x9f5905bd3765c1a1;
# A service that writes text in capitals, and the three ways to get its response.

using Perdure = import "/perdure/contract.capnp";
$Perdure.namespace("yardstick.capitals");

struct Written {
  id @0 :Text;
  text @1 :Text;
}

struct CapitalsState {
  last @0 :List(Written);
  # Of responses, ten.
}

interface Capitals $Perdure.entity("capitals") $Perdure.state("CapitalsState") {
  request @0 (id :Text, text :Text, replyTo :Text) -> () $Perdure.signal;
  # The response is handed to who is named in `replyTo`, and kept for `response`.
  response @1 (id :Text) -> (text :Text $Perdure.optional) $Perdure.query;
  # Absent while there is none.
  write @2 (text :Text) -> (text :Text) $Perdure.update;
}

interface Letters $Perdure.activities("letters") {
  capitals @0 (text :Text) -> (text :Text);
  deliver @1 (replyTo :Text, id :Text, text :Text) -> ();
}
