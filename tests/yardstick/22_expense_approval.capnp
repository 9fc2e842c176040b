@0xcce604f74fa9a998;
# An expense that somebody decides on, some day.

using Perdure = import "/perdure/contract.capnp";
$Perdure.namespace("yardstick.expenses");

struct ExpenseState {
  status @0 :Text;
}

interface Expense $Perdure.entity("expense") $Perdure.state("ExpenseState") {
  report @0 (cents :Int64) -> (status :Text) $Perdure.main;
  # The status is "paid", "rejected", or "expired" when nobody decides within ten days.
}

interface ExpenseServer $Perdure.activities("expense-server") {
  create @0 (expense :Text, cents :Int64) -> ();
  decide @1 (expense :Text) -> (approved :Bool);
  # Completed by the server, when somebody has decided.
  pay @2 (expense :Text) -> ();
}
