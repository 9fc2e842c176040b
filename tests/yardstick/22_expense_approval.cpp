// An activity that is completed from outside: a person decides on an expense, in a server that
// keeps the token of whoever waits for the decision.

#include <doctest/doctest.h>

#include <perdure/testing.h>

#include <map>

#include "22_expense_approval.perdure.h"

namespace yardstick::expenses {

using namespace std::chrono_literals;

class expense final : public expense_entity {
public:
  perdure::task<report_results> report(report_params what) override {
    co_await server().create({.expense = self().id, .cents = what.cents});
    state.status = "waiting";
    auto decided = co_await server({.start_to_close = 24h * 10, .retry = {.attempts = 1}})
                       .decide({.expense = self().id})
                       .as_result();
    if (!decided) co_return end("expired");
    if (!decided->approved) co_return end("rejected");
    co_await server().pay({.expense = self().id});
    co_return end("paid");
  }

private:
  expense_server_contract::stub server(perdure::activity_options options = {}) {
    return activities<expense_server_contract>(options);
  }

  report_results end(const std::string& status) {
    state.status = status;
    return {.status = status};
  }
};

namespace {

class expense_server final : public expense_server_activities {
public:
  void create(const create_params& what) override { expenses[what.expense] = "created"; }

  decide_results decide(const decide_params& what) override {
    tokens[what.expense] = context().complete_later();
    return {};
  }

  void pay(const pay_params& what) override { expenses[what.expense] += ", paid"; }

  std::map<std::string, std::string> expenses, tokens;
};

/// Someone reported an expense three days ago.
struct world {
  explicit world(perdure::test_environment& in) : env(in), report(send()) { env.run_for(24h * 3); }

  perdure::sent_call<expense_contract::report_results> send() {
    env.host<expense>().provide(server);
    return env.send(expense_client(env, "e1").report({.cents = 500}));
  }

  perdure::result<perdure::nothing> decide(bool approved) {
    return env.complete(server->tokens.at("e1"),
                        expense_server_contract::decide_results{.approved = approved});
  }

  perdure::test_environment& env;
  std::shared_ptr<expense_server> server = std::make_shared<expense_server>();
  perdure::sent_call<expense_contract::report_results> report;
};

}  // namespace

TEST_CASE("an expense that is approved days later is paid, once") {
  perdure::crash_everywhere([](perdure::test_environment& env) {
    world all(env);
    CHECK(!all.report.done());
    CHECK(env.state<expense_state>("expense/e1").status == "waiting");
    CHECK(all.decide(true));
    CHECK(all.decide(false).error().code == perdure::errc::completed);
    CHECK(all.report.get().value().status == "paid");
    CHECK(all.server->expenses["e1"] == "created, paid");
  });
}

TEST_CASE("an expense that is rejected is not paid") {
  perdure::crash_everywhere([](perdure::test_environment& env) {
    world all(env);
    CHECK(all.decide(false));
    CHECK(all.report.get().value().status == "rejected");
    CHECK(all.server->expenses["e1"] == "created");
  });
}

TEST_CASE("an expense that nobody decides on expires after ten days, and then it is too late") {
  perdure::crash_everywhere([](perdure::test_environment& env) {
    const auto start = env.now();
    world all(env);
    CHECK(all.report.get().value().status == "expired");
    CHECK(env.now() - start == 24h * 10);
    CHECK(all.decide(true).error().code == perdure::errc::completed);
    CHECK(all.server->expenses["e1"] == "created");
  });
}

}  // namespace yardstick::expenses
