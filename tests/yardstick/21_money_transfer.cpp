// A withdrawal and a deposit, each tried until it is answered, each made once; what cannot be
// deposited is refunded.

#include <doctest/doctest.h>

#include <perdure/testing.h>

#include <map>
#include <set>

#include "21_money_transfer.perdure.h"

namespace yardstick::money {

using namespace std::chrono_literals;

class money_transfer final : public money_transfer_entity {
public:
  perdure::task<transfer_results> transfer(transfer_params what) override {
    if (what.cents <= 0) throw perdure::rejected("at least one cent");
    auto bank = activities<bank_contract>({.start_to_close = 5s});
    state.phase = "withdrawing";
    co_await bank.withdraw({.account = what.from, .cents = what.cents});
    state.phase = "depositing";
    auto deposited = co_await bank.deposit({.account = what.to, .cents = what.cents}).as_result();
    if (!deposited) co_await bank.deposit({.account = what.from, .cents = what.cents});
    state.phase = deposited ? "transferred" : "refunded";
    co_return {.outcome = state.phase};
  }

  phase_results phase() const override { return {.phase = state.phase}; }
};

namespace {

/// A bank that books what it is asked to, once for each key, and then loses its connection as often
/// as it is told to.
class shaky_bank final : public bank_activities {
public:
  explicit shaky_bank(int losses) : losses_(losses) {}

  void withdraw(const bank_contract::withdraw_params& what) override {
    if (balance(what.account) < what.cents) {
      throw perdure::activity_failure("insufficient_funds", "not that much").for_good();
    }
    book(what.account, -what.cents);
  }

  void deposit(const bank_contract::deposit_params& what) override {
    balance(what.account);
    book(what.account, what.cents);
  }

  std::map<std::string, std::int64_t> accounts{{"ada", 100}, {"bob", 0}};
  std::set<std::string> booked;
  int attempts = 0;

private:
  std::int64_t balance(const std::string& account) {
    if (accounts.contains(account)) return accounts[account];
    throw perdure::activity_failure("no_such_account", "who is " + account + "?").for_good();
  }

  void book(const std::string& account, std::int64_t cents) {
    if (booked.insert(context().key()).second) accounts[account] += cents;
    if (++attempts % (losses_ + 1) != 0) throw std::runtime_error("connection lost");
  }

  int losses_;
};

struct world {
  explicit world(perdure::test_environment& in, int losses = 3)
      : env(in), bank(std::make_shared<shaky_bank>(losses)) {
    env.host<money_transfer>().provide(bank);
  }

  auto transfer(std::string to, std::int64_t cents) {
    return client.transfer({.from = "ada", .to = to, .cents = cents}).get();
  }

  perdure::test_environment& env;
  std::shared_ptr<shaky_bank> bank;
  money_transfer_client client{env, "t"};
};

}  // namespace

TEST_CASE("money is moved once, however often the bank is asked") {
  perdure::crash_everywhere([](perdure::test_environment& env) {
    world all(env);
    CHECK(all.transfer("bob", 40).value().outcome == "transferred");
    CHECK(all.bank->accounts == std::map<std::string, std::int64_t>{{"ada", 60}, {"bob", 40}});
    CHECK(all.bank->attempts == 8);
    CHECK(all.client.phase().get().value().phase == "transferred");
  });
}

TEST_CASE("money that nobody takes is refunded") {
  perdure::crash_everywhere([](perdure::test_environment& env) {
    world all(env);
    CHECK(all.transfer("nobody", 40).value().outcome == "refunded");
    CHECK(all.bank->accounts["ada"] == 100);
    CHECK(all.bank->booked.size() == 2);
  });
}

TEST_CASE("more than there is moves nothing, and less than a cent is refused") {
  perdure::test_environment env;
  world all(env);
  CHECK(all.transfer("bob", -1).error().code == perdure::errc::rejected);
  CHECK(env.status("money-transfer/t") == "none");
  CHECK(all.transfer("bob", 101).error().type == "insufficient_funds");
  CHECK(all.bank->booked.empty());
}

}  // namespace yardstick::money
