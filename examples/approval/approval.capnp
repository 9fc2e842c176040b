@0xa61b7c0f3e95d284;
# An expense that a person approves.

using Perdure = import "/perdure/contract.capnp";
$Perdure.namespace("approval");

struct ExpenseState {
  status @0 :Text;
  # "waiting", "escalated", then what `submit` answers.
  decidedBy @1 :Text;
  approved @2 :Bool;
}

interface Mail $Perdure.activities("mail") {
  ask @0 (person :Text, expense :Text, cents :Int64) -> ();
}

interface Expense $Perdure.entity("expense") $Perdure.state("ExpenseState") {
  submit @0 (cents :Int64, approver :Text, manager :Text) -> (status :Text, decidedBy :Text)
      $Perdure.main;
  # The status is "approved", "rejected", or "expired" when nobody decided.
  decide @1 (person :Text, approve :Bool) -> (status :Text) $Perdure.update;
  status @2 () -> (status :Text) $Perdure.query;
}
