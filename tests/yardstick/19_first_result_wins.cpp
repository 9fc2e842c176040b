// Several are asked at once: the first result wins, the others are cancelled, and only they.

#include <doctest/doctest.h>

#include <perdure/testing.h>

#include <array>

#include "19_first_result_wins.perdure.h"

namespace yardstick::first {

using namespace std::chrono_literals;

constexpr std::array languages{"arabic", "chinese", "french", "hindi", "spanish"};

class welcome final : public welcome_entity {
public:
  perdure::task<greet_results> greet(greet_params what) override {
    std::vector<perdure::task<speakers_contract::greeting_results>> all;
    for (auto each : languages) all.push_back(ask(each, what.name));
    auto first = co_await perdure::any(std::move(all));
    state.language = languages[first.index];
    co_await activities<speakers_contract>().say({.greeting = first.value.greeting});
    co_return {.greeting = first.value.greeting};
  }

private:
  perdure::task<speakers_contract::greeting_results> ask(std::string language, std::string name) {
    co_return co_await activities<speakers_contract>({.on_cancel = perdure::cancellation::wait})
        .greeting({.language = language, .name = name});
  }
};

namespace {

using speakers = speakers_contract;

struct world {
  explicit world(perdure::test_environment& in) : env(in) { env.host<welcome>(); }

  perdure::test_environment& env;
  perdure::activity_script greeting = env.script<speakers>("greeting");
  perdure::activity_script say = env.script<speakers>("say").returns();
  welcome_client client{env, "w"};
  perdure::timestamp start = env.now();
};

speakers::greeting_results words(std::string greeting) { return {.greeting = greeting}; }

}  // namespace

TEST_CASE("the first greeting is said, and the other speakers are stopped") {
  perdure::crash_everywhere([](perdure::test_environment& env) {
    world all(env);
    all.greeting.returns(words("marhaban")).takes(9s);
    all.greeting.returns(words("nǐ hǎo")).takes(7s);
    all.greeting.returns(words("salut")).takes(5s);
    all.greeting.hangs();
    all.greeting.returns(words("hola")).takes(6s);
    CHECK(all.client.greet({.name = "Ada"}).get().value().greeting == "salut");
    CHECK(env.state<welcome_state>("welcome/w").language == "french");
    CHECK(env.now() - all.start == 5s);
    CHECK(all.greeting.calls<speakers::greeting_params>().size() == languages.size());
    REQUIRE(all.say.called() == 1);
    CHECK(all.say.calls<speakers::say_params>()[0].greeting == "salut");
    env.run_to_the_end();
    CHECK(env.now() - all.start == 5s);  // Nobody speaks any more.
  });
}

TEST_CASE("who fails has not won") {
  perdure::crash_everywhere([](perdure::test_environment& env) {
    world all(env);
    all.greeting.fails_for_good("silent").fails_for_good("silent").fails_for_good("silent");
    all.greeting.returns(words("namaste")).takes(8s).hangs().times(5);
    CHECK(all.client.greet({}).get().value().greeting == "namaste");
    CHECK(all.say.called() == 1);
    CHECK(env.now() - all.start == 8s);
  });
}

TEST_CASE("when all fail, so does the greeting") {
  perdure::crash_everywhere([](perdure::test_environment& env) {
    world all(env);
    all.greeting.fails_for_good("silent").times(5);
    CHECK(all.client.greet({}).get().error().type == "silent");
    CHECK(all.say.called() == 0);
  });
}

TEST_CASE("a speaker who does not stop is waited for, but has not won") {
  perdure::test_environment env;
  world all(env);
  all.greeting.returns(words("marhaban")).takes(20s).ignores_cancellation();
  all.greeting.returns(words("nǐ hǎo")).takes(7s).times(5);
  CHECK(all.client.greet({}).get().value().greeting == "nǐ hǎo");
  CHECK(env.now() - all.start == 20s);
  CHECK(all.say.called() == 1);
}

}  // namespace yardstick::first
