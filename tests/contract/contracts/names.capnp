@0xb7c29d41e8f0a365;
# Names that people want, and names that generated code has uses of its own for.

using Perdure = import "/perdure/contract.capnp";
$Perdure.namespace("names");

struct State { last @0 :Text; }

struct Call { text @0 :Text; }
struct Client { text @0 :Text; }
struct ClientType { text @0 :Text; }
struct Context { text @0 :Text; }
struct Contract { text @0 :Text; }
struct Current { text @0 :Text; }
struct Description { text @0 :Text; }
struct Handler { text @0 :Text; }
struct Id { text @0 :Text; }
struct Kept { text @0 :Text; }
struct Kind { text @0 :Text; }
struct Method { text @0 :Text; }
struct Mutex { text @0 :Text; }
struct Options { text @0 :Text; }
struct Params { text @0 :Text; }
struct Pause { text @0 :Text; }
struct Permit { text @0 :Text; }
struct Request { text @0 :Text; }
struct Result { text @0 :Text; }
struct Run { text @0 :Text; }
struct Saved { text @0 :Text; }
struct Signal { text @0 :Text; }
struct StateType { text @0 :Text; }
struct Stub { text @0 :Text; }
struct Task { text @0 :Text; }
struct Version { text @0 :Text; }
struct What { text @0 :Text; }
struct Which { text @0 :Text; }

interface Entity $Perdure.entity("entity") $Perdure.state("State") {
  # Its stub has the name of the base of all stubs.

  ask @0 Request -> () $Perdure.signal;
  call @1 Call -> Call $Perdure.update;
  cancel @2 () -> () $Perdure.signal;
  client @3 Client -> Client $Perdure.update;
  close @4 () -> () $Perdure.signal;
  complete @5 () -> () $Perdure.signal;
  contract @6 Contract -> Contract $Perdure.query;
  describe @7 Stub -> Stub $Perdure.query;
  handler @8 Handler -> () $Perdure.signal;
  id @9 () -> Id $Perdure.query;
  kept @10 Kept -> Kept $Perdure.query;
  kind @11 Kind -> Kind $Perdure.query;
  method @12 Method -> Method $Perdure.update;
  move @13 (to :Stub, of :ClientType, by :StateType, as :Description) -> (stub :Stub)
    $Perdure.update;
  named @14 () -> () $Perdure.signal;
  options @15 Options -> Options $Perdure.query;
  params @16 Params -> Params $Perdure.update;
  pause @17 Pause -> Pause $Perdure.update;
  place @18 Permit -> Result $Perdure.main;
  progress @19 () -> (percent :Float64) $Perdure.query;
  recorded @20 () -> () $Perdure.query;
  request @21 Request -> Request $Perdure.update;
  run @22 Run -> Run $Perdure.update;
  signal @23 Signal -> () $Perdure.signal;
  start @24 () -> () $Perdure.signal;
  status @25 () -> (status :Text) $Perdure.query;
  tell @26 Saved -> () $Perdure.signal;
  terminate @27 () -> () $Perdure.signal;
  transfer @28 Mutex -> Version $Perdure.update;
  what @29 What -> What $Perdure.query;
  main @30 () -> () $Perdure.update;
  method2 @31 Method -> () $Perdure.signal;
}

interface Result2 $Perdure.entity("result") $Perdure.state("StateType") {
  # Without a main, whose result it could be.

  result @0 Result -> Result $Perdure.update;
  stub @1 Stub -> Stub $Perdure.query;
  entityStub @2 () -> Kind $Perdure.query;
}

interface Activities $Perdure.activities("activities") {
  # Its stub has the name of the base of all stubs.

  pause @0 Pause -> Stub;
  cancel @1 () -> ();
  current @2 Current -> Current;
  describe @3 Context -> Context;
  entity @4 () -> ();
  params @5 Params -> Params;
  which @6 Which -> (which :Which, run :Run, context :Context);
}
