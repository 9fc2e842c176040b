// What sees every call on its way to an entity, and back: a log, counters, and a guard who lets not
// everything pass. The entity knows nothing of them.

#include <doctest/doctest.h>

#include <perdure/interceptor.h>
#include <perdure/testing.h>

#include <map>

#include "42_interceptors.perdure.h"

namespace yardstick::interceptors {

using namespace std::chrono_literals;
using perdure::errc;

class vault final : public vault_entity {
public:
  void put(const put_params& what) override {
    if (what.cents <= 0) throw perdure::rejected("there is nothing to put");
    state.cents += what.cents;
  }

  perdure::task<take_results> take(take_params what) override {
    if (what.cents > state.cents) throw perdure::rejected("there is not that much");
    state.cents -= what.cents;
    co_await sleep(1min);  // It is a slow door.
    co_return {.left = state.cents};
  }

  look_results look() const override { return {.cents = state.cents}; }
};

class log final : public perdure::interceptor {
public:
  std::optional<perdure::error> before(const perdure::request& what) override {
    lines.push_back(what.target.id + ' ' + std::string(what.method->name) + '?');
    return std::nullopt;
  }
  void after(const perdure::entity_id& who, const perdure::method& what,
             const perdure::result<perdure::answer>& how) override {
    lines.push_back(who.id + ' ' + std::string(what.name) + ": " +
                    (how ? "event " + std::to_string(how->event) : how.error().detail));
  }

  std::vector<std::string> lines;
};

class counters final : public perdure::interceptor {
public:
  void after(const perdure::entity_id&, const perdure::method& what,
             const perdure::result<perdure::answer>& how) override {
    ++answered[std::string(to_string(what.kind)) + (how ? "" : " refused")];
  }

  std::map<std::string, int> answered;
};

class guard final : public perdure::interceptor {
public:
  std::optional<perdure::error> before(const perdure::request& what) override {
    if (what.method->name != "take") return std::nullopt;
    if (what.options.key.empty()) return perdure::error{errc::malformed, "not without a key"};
    if (perdure::decode<vault_contract::take_params>(what.params).cents <= 100) return std::nullopt;
    return perdure::error{errc::forbidden, "not more than 100"};
  }
};

namespace {

TEST_CASE("interceptors: each call is logged and counted, and what is denied changes nothing") {
  perdure::crash_everywhere([](perdure::test_environment& env) {
    auto seen = std::make_shared<log>();
    auto counted = std::make_shared<counters>();
    env.host<vault>().intercept(seen).intercept(counted).intercept(std::make_shared<guard>());
    vault_client client{env, "v"};

    client.put({.cents = 500}).get().value();
    CHECK(client.put({.cents = -1}).get().error().code == errc::rejected);
    CHECK(client.take({.cents = 400}, {.key = "a"}).get().error().code == errc::forbidden);
    CHECK(client.take({.cents = 50}).get().error().code == errc::malformed);
    CHECK(client.take({.cents = 50}, {.key = "b"}).get().value().left == 450);
    CHECK(client.look().get().value().cents == 450);

    CHECK(seen->lines == std::vector<std::string>{"v put?", "v put: event 1", "v put?",
                                                  "v put: there is nothing to put", "v take?",
                                                  "v take?", "v take?", "v take: event 2",
                                                  "v look?", "v look: event 0"});
    CHECK(counted->answered ==
          std::map<std::string, int>{
              {"signal", 1}, {"signal refused", 1}, {"update", 1}, {"query", 1}});
  });
}

TEST_CASE("interceptors: an answer is seen when there is one, and a repeated one again") {
  perdure::test_environment env;
  auto counted = std::make_shared<counters>();
  env.host<vault>().intercept(counted);
  vault_client client{env, "v"};
  client.put({.cents = 500}).get().value();
  auto taken = env.send(client.take({.cents = 50}, {.key = "k"}));
  env.run_for(59s);
  CHECK(counted->answered["update"] == 0);
  CHECK(taken.get());
  CHECK(client.take({.cents = 50}, {.key = "k"}).get().value().left == 450);
  CHECK(counted->answered["update"] == 2);
}

}  // namespace

}  // namespace yardstick::interceptors
