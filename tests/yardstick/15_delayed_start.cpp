// A start that begins later: until then it takes messages, and it can be called off.

#include <doctest/doctest.h>

#include <perdure/testing.h>

#include "15_delayed_start.perdure.h"

namespace yardstick::birthday {

using namespace std::chrono_literals;

class birthday final : public birthday_entity {
public:
  perdure::task<celebrate_results> celebrate(celebrate_params of) override {
    co_return {.wish = "happy birthday, " + of.name, .presents = state.presents};
  }

  void bring(const bring_params& what) override { state.presents.push_back(what.present); }
};

namespace {

constexpr auto month = 24h * 30;

}  // namespace

TEST_CASE("a delayed start begins when its time has come, with what came before") {
  perdure::crash_everywhere([](perdure::test_environment& env) {
    env.host<birthday>();
    birthday_client ada{env, "ada"};
    const auto start = env.now();
    auto party = env.send(ada.celebrate({.name = "Ada"}, {.start = {.delay = month}}));
    env.run_for(month - 1ms);
    CHECK(!party.done());
    CHECK(env.status("birthday/ada") == "running");
    ada.bring({.present = "cake"}).get().value();
    auto wished = party.get().value();
    CHECK(wished.wish == "happy birthday, Ada");
    CHECK(wished.presents == std::vector<std::string>{"cake"});
    CHECK(env.now() - start == month);
  });
}

TEST_CASE("a delayed start that is called off never begins") {
  perdure::crash_everywhere([](perdure::test_environment& env) {
    env.host<birthday>();
    birthday_client ada{env, "ada"};
    auto party = env.send(ada.celebrate({.name = "Ada"}, {.start = {.delay = month}}));
    env.run_for(24h);
    CHECK(env.cancel("birthday/ada", "moved away"));
    CHECK(party.get().error().type == "cancelled");
    const auto called_off = env.now();
    env.run_to_the_end();
    CHECK(env.now() == called_off);
    CHECK(env.status("birthday/ada") == "cancelled");
  });
}

TEST_CASE("a start is refused while another one is delayed") {
  perdure::test_environment env;
  env.host<birthday>();
  birthday_client ada{env, "ada"};
  const perdure::call_options later{.until_accepted = true, .start = {.delay = month}};
  CHECK(ada.celebrate({.name = "Ada"}, later).get());
  CHECK(ada.celebrate({.name = "Eve"}).get().error().code == perdure::errc::already_exists);
}

}  // namespace yardstick::birthday
