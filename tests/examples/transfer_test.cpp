#include <doctest/doctest.h>

#include <perdure/testing.h>

#include "examples/shop/account.h"
#include "examples/shop/transfer.h"

using namespace perdure;

namespace {

std::int64_t balance(test_environment& env, const std::string& account) {
  return env.entity<shop::account_contract>(account).balance().get().value().balance_cents;
}

}  // namespace

TEST_CASE("transfer: one that is cancelled after it has begun moves the money all the same") {
  for (const std::string waits_for : {"a", "b"}) {
    crash_everywhere([&](test_environment& env) {
      env.host<shop::account>().host<shop::transfer>();
      for (auto* account : {"a", "b"}) {
        CHECK(env.entity<shop::account_contract>(account).deposit({.cents = 100}).get());
      }
      CHECK(env.pause("account/" + waits_for));
      auto end = env.send(
          env.entity<shop::transfer_contract>("t").move({.from = "a", .to = "b", .cents = 30}));
      env.run_for(std::chrono::seconds{10});
      CHECK(env.cancel("transfer/t", "no more"));
      env.run_for(std::chrono::seconds{10});
      CHECK(env.status("transfer/t") == "running");
      CHECK(env.resume("account/" + waits_for));
      CHECK(end.get().value().status == "completed");
      CHECK(balance(env, "a") == 70);
      CHECK(balance(env, "b") == 130);
    });
  }
}
