// Signals, queries and updates of one entity: a greeting whose language can be changed, at once or
// with the help of a service, until somebody approves it.

#include <doctest/doctest.h>

#include <perdure/testing.h>

#include <algorithm>

#include "07_languages.perdure.h"

namespace yardstick::languages {

using namespace std::chrono_literals;

class greeter final : public greeter_entity {
public:
  perdure::task<greet_results> greet() override {
    co_await wait_until([this] { return !state.approver.empty(); });
    co_await handlers_finished();
    co_return {.text = known(state.language)->text, .approver = state.approver};
  }

  void approve(const approve_params& by) override { state.approver = by.name; }

  perdure::task<set_language_results> set_language(set_language_params to) override {
    if (!known(to.language)) throw perdure::rejected("this language is not known");
    co_return {.before = std::exchange(state.language, to.language)};
  }

  perdure::task<learn_language_results> learn_language(learn_language_params to) override {
    auto in_order = co_await mutex("learning");
    if (!known(to.language)) {
      auto found = co_await activities<translations_contract>().greeting({.language = to.language});
      if (!found.text) throw perdure::rejected("nobody knows this language");
      state.known.push_back({.language = to.language, .text = *found.text});
    }
    co_return {.before = std::exchange(state.language, to.language)};
  }

  current_results current() const override { return {.language = state.language}; }

  languages_results languages(const languages_params& which) const override {
    using enum language;
    if (which.unknown_too) return {.languages = {arabic, chinese, english, french, hindi}};
    languages_results found;
    for (auto& each : state.known) found.languages.push_back(each.language);
    std::ranges::sort(found.languages);
    return found;
  }

private:
  const greeting* known(language wanted) const {
    auto found = std::ranges::find(state.known, wanted, &greeting::language);
    return found == state.known.end() ? nullptr : &*found;
  }
};

namespace {

using enum language;

perdure::activity_script translations(perdure::test_environment& env) {
  return env.script<translations_contract>("greeting")
      .answers([](const translations_contract::greeting_params& in) {
        translations_contract::greeting_results found;
        if (in.language == french) found.text = "Bonjour, monde";
        if (in.language == hindi) found.text = "नमस्ते दुनिया";
        return found;
      })
      .takes(10s);
}

}  // namespace

TEST_CASE("the greeting is in the last language, and waits for those who still learn theirs") {
  perdure::crash_everywhere([](perdure::test_environment& env) {
    env.host<greeter>();
    auto service = translations(env);
    greeter_client client{env, "g"};
    auto greeted = env.send(client.greet());
    CHECK(client.set_language({.language = chinese}).get().value().before == english);
    CHECK(client.current().get().value().language == chinese);

    const auto start = env.now();
    auto first = env.send(client.learn_language({.language = french}));
    auto second = env.send(client.learn_language({.language = hindi}));
    auto third = env.send(client.learn_language({.language = french}));
    client.approve({.name = "Ada"}).get().value();
    CHECK(greeted.get().value().text == "Bonjour, monde");
    CHECK(greeted.get().value().approver == "Ada");
    CHECK(env.now() - start == 20s);  // One after the other, and French is known by then.
    CHECK(service.called() == 2);
    CHECK(first.get().value().before == chinese);
    CHECK(second.get().value().before == french);
    CHECK(third.get().value().before == hindi);
    CHECK(client.languages({}).get().value().languages.size() == 4);
  });
}

TEST_CASE("a language that is not known is refused, and one that nobody knows fails") {
  perdure::test_environment env;
  env.host<greeter>();
  auto service = translations(env).times(1);
  greeter_client client{env, "g"};
  CHECK(client.set_language({.language = french}).get().error().code == perdure::errc::rejected);
  CHECK(env.status("greeter/g") == "none");
  CHECK(client.learn_language({.language = arabic}).get().error().detail ==
        "nobody knows this language");
  CHECK(client.languages({}).get().value().languages == std::vector{chinese, english});
  CHECK(client.languages({.unknown_too = true}).get().value().languages.size() == 5);
}

}  // namespace yardstick::languages
