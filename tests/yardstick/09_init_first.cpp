// Messages find a state that is ready for them, whether they come before the main or after it.

#include <doctest/doctest.h>

#include <perdure/testing.h>

#include "09_init_first.perdure.h"

namespace yardstick::party {

using namespace std::chrono_literals;

class party final : public party_entity {
public:
  perdure::task<begin_results> begin(begin_params by) override {
    state.host = by.host;
    state.guests.push_back(by.host);
    begin_results all;
    while (!state.guests.empty()) {
      auto next = co_await activities<door_contract>().greet({.guest = state.guests.front()});
      all.greetings.push_back(next.greeting);
      state.guests.erase(state.guests.begin());
    }
    co_await handlers_finished();
    co_return all;
  }

  void come(const come_params& who) override { state.guests.push_back(who.guest); }

  perdure::task<who_invites_results> who_invites() override {
    co_await wait_until([this] { return !state.host.empty(); });
    co_return {.host = state.host};
  }
};

namespace {

void host_party(perdure::test_environment& env) {
  env.host<party>();
  env.script<door_contract>("greet")
      .answers([](const door_contract::greet_params& who) {
        return door_contract::greet_results{.greeting = "hello " + who.guest};
      })
      .takes(1s)
      .any_number();
}

using greetings = std::vector<std::string>;

}  // namespace

TEST_CASE("a signal that comes before the start is there when the main begins") {
  perdure::crash_everywhere([](perdure::test_environment& env) {
    host_party(env);
    party_client client{env, "p"};
    client.come({.guest = "Michael"}).get().value();
    CHECK(client.begin({.host = "John"}).get().value().greetings ==
          greetings{"hello Michael", "hello John"});
  });
}

TEST_CASE("a start comes before the signals that are sent after it") {
  perdure::crash_everywhere([](perdure::test_environment& env) {
    host_party(env);
    party_client client{env, "p"};
    auto begun = env.send(client.begin({.host = "John"}));
    env.send(client.come({.guest = "Michael"}));
    CHECK(begun.get().value().greetings == greetings{"hello John", "hello Michael"});
  });
}

TEST_CASE("an update that needs what only the start tells waits for it") {
  perdure::crash_everywhere([](perdure::test_environment& env) {
    host_party(env);
    party_client client{env, "p"};
    auto asked = env.send(client.who_invites());
    env.run_for(24h);
    CHECK(!asked.done());
    CHECK(env.status("party/p") == "running");
    auto begun = env.send(client.begin({.host = "John"}, {.start = {.delay = 24h}}));
    CHECK(asked.get().value().host == "John");
    CHECK(begun.get());
  });
}

}  // namespace yardstick::party
