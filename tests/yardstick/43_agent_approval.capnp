@0xcac3f8c1d6d09874;
# An agent: a model says what to do next, tools do it, and a person is asked about what is risky.

using Perdure = import "/perdure/contract.capnp";
$Perdure.namespace("yardstick.agent_approval");

struct Step {
  tool @0 :Text;
  # Empty: there is nothing left to do, and the input is the answer.
  input @1 :Text;
  risky @2 :Bool;
}

struct AgentState {
  conversation @0 :List(Text);
  waiting @1 :Step $Perdure.optional;
  # For a decision.
  approved @2 :Bool;
  decidedBy @3 :Text;
}

interface Agent $Perdure.entity("approved-agent") $Perdure.state("AgentState") {
  run @0 (goal :Text) -> (answer :Text, steps :UInt32) $Perdure.main;
  pending @1 () -> (step :Step $Perdure.optional) $Perdure.query;
  decide @2 (by :Text, approve :Bool) -> () $Perdure.update;
  # Refused unless something waits for a decision.
}

interface Model $Perdure.activities("agent-model") {
  next @0 (conversation :List(Text)) -> Step;
}

interface Tools $Perdure.activities("agent-tools") {
  use @0 (tool :Text, input :Text) -> (output :Text);
}
