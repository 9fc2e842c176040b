// State that is an entity: a dictionary, set by signals and read by queries.

#include <doctest/doctest.h>

#include <perdure/testing.h>

#include <algorithm>

#include "05_key_value.perdure.h"

namespace yardstick::dictionary {

class dictionary final : public dictionary_entity {
public:
  void set(const entry& what) override {
    if (what.key.empty()) throw perdure::rejected("a key has at least one letter");
    auto place = std::ranges::lower_bound(state.entries, what.key, {}, &entry::key);
    if (place != state.entries.end() && place->key == what.key)
      *place = what;
    else
      state.entries.insert(place, what);
  }

  void remove(const remove_params& what) override {
    std::erase_if(state.entries, [&](auto& each) { return each.key == what.key; });
  }

  get_results get(const get_params& what) const override {
    auto found = std::ranges::find(state.entries, what.key, &entry::key);
    if (found == state.entries.end()) return {};
    return {.value = found->value};
  }

  keys_results keys() const override {
    keys_results all;
    for (auto& each : state.entries) all.keys.push_back(each.key);
    return all;
  }
};

TEST_CASE("what is set is found, the last value of each key") {
  perdure::crash_everywhere(
      [](perdure::test_environment& env) {
        env.host<dictionary>();
        dictionary_client capitals{env, "capitals"};
        capitals.set({.key = "Peru", .value = "Lima"}).get().value();
        const auto old = capitals.set({.key = "Brazil", .value = "Rio"}).get().value();
        capitals.set({.key = "Brazil", .value = "Brasília"}).get().value();
        capitals.set({.key = "Atlantis", .value = "?"}).get().value();
        capitals.remove({.key = "Atlantis"}).get().value();

        CHECK(capitals.get({.key = "Brazil"}).get().value().value == "Brasília");
        CHECK(capitals.get({.key = "Brazil"}, {.at = old.event}).get().value().value == "Rio");
        CHECK(!capitals.get({.key = "Atlantis"}).get().value().value);
        CHECK(capitals.keys().get().value().keys == std::vector<std::string>{"Brazil", "Peru"});
      },
      {.snapshot_every_events = 2});
}

TEST_CASE("a thousand keys are a state, not a history") {
  perdure::test_environment env;
  env.host<dictionary>();
  dictionary_client numbers{env, "numbers"};
  for (int i = 0; i < 1'000; ++i) {
    numbers.set({.key = std::to_string(i % 100), .value = std::to_string(i)}).get().value();
  }
  env.crash("dictionary/numbers");
  CHECK(numbers.keys().get().value().keys.size() == 100);
  CHECK(numbers.get({.key = "42"}).get().value().value == "942");
}

TEST_CASE("an empty key is refused") {
  perdure::test_environment env;
  env.host<dictionary>();
  dictionary_client capitals{env, "capitals"};
  CHECK(capitals.set({.value = "Lima"}).get().error().code == perdure::errc::rejected);
  CHECK(capitals.get({.key = "Peru"}).get().error().code == perdure::errc::entity_not_found);
}

}  // namespace yardstick::dictionary
