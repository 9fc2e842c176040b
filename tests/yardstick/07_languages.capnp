@0xbdeddc0cf9a43eb3;
# A greeting in a language that can be changed until it is approved.

using Perdure = import "/perdure/contract.capnp";
$Perdure.namespace("yardstick.languages");

enum Language { arabic @0; chinese @1; english @2; french @3; hindi @4; }

struct Greeting {
  language @0 :Language;
  text @1 :Text;
}

struct GreetingState {
  language @0 :Language = english;
  known @1 :List(Greeting) = [
    (language = chinese, text = "你好，世界"),
    (language = english, text = "Hello, world")];
  approver @2 :Text;
}

interface Greeter $Perdure.entity("greeter") $Perdure.state("GreetingState") {
  greet @0 () -> (text :Text, approver :Text) $Perdure.main;
  # Once it is approved.
  approve @1 (name :Text) -> () $Perdure.signal;
  setLanguage @2 (language :Language) -> (before :Language) $Perdure.update;
  # Refuses one that is not known yet.
  learnLanguage @3 (language :Language) -> (before :Language) $Perdure.update;
  # Asks the service for one that is not known yet.
  current @4 () -> (language :Language) $Perdure.query;
  languages @5 (unknownToo :Bool) -> (languages :List(Language)) $Perdure.query;
  # Those that are known, or all there are.
}

interface Translations $Perdure.activities("translations") {
  greeting @0 (language :Language) -> (text :Text $Perdure.optional);
}
