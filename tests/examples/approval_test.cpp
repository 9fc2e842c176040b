#include <doctest/doctest.h>

#include <perdure/testing.h>

#include "examples/approval/approval.h"

using namespace perdure;
using namespace std::chrono_literals;
using approval::expense_contract;

namespace {

/// Sends an expense to ann, whose manager is max; both are written to as often as it takes.
auto submitted(test_environment& env) {
  env.host<approval::expense>();
  env.script<approval::mail_contract>("ask").answers([] {}).any_number();
  return env.send(env.entity<expense_contract>("e1").submit(
      {.cents = 4'200, .approver = "ann", .manager = "max"}));
}

}  // namespace

TEST_CASE("approval: a person decides, and the expense is over") {
  crash_everywhere([](test_environment& env) {
    auto end = submitted(env);
    env.run_for(1h);
    CHECK(env.entity<expense_contract>("e1").decide({.person = "ann", .approve = true}).get());
    CHECK(end.get().value().status == "approved");
  });
}

TEST_CASE("approval: after three days the manager is asked, after six it is over") {
  crash_everywhere([](test_environment& env) {
    auto end = submitted(env);
    env.run_for(73h);
    CHECK(env.entity<expense_contract>("e1").status().get().value().status == "escalated");
    CHECK(end.get().value().status == "expired");
  });
}

TEST_CASE("approval: the manager may refuse, and nobody decides twice") {
  test_environment env;
  auto end = submitted(env);
  env.run_for(80h);
  auto expense = env.entity<expense_contract>("e1");
  CHECK(expense.decide({.person = "max", .approve = false}).get().value().status == "rejected");
  CHECK(end.get().value().decided_by == "max");
  CHECK(!expense.decide({.person = "ann", .approve = true}).get());
}
