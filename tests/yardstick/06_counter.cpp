// Fetch and add: an update that refuses what is negative, before anything has happened.

#include <doctest/doctest.h>

#include <perdure/testing.h>

#include <set>

#include "06_counter.perdure.h"

namespace yardstick::counting {

class counter final : public counter_entity {
public:
  perdure::task<run_results> run() override {
    co_await wait_until([this] { return state.finished; });
    co_return {.count = state.count};
  }

  perdure::task<fetch_and_add_results> fetch_and_add(fetch_and_add_params what) override {
    if (what.by < 0) throw perdure::rejected("a counter only grows");
    co_return {.before = std::exchange(state.count, state.count + what.by)};
  }

  void finish() override { state.finished = true; }
};

TEST_CASE("each addition is told what was there before, and counts once") {
  perdure::crash_everywhere([](perdure::test_environment& env) {
    env.host<counter>();
    counter_client visits{env, "visits"};
    auto run = env.send(visits.run());
    CHECK(visits.fetch_and_add({.by = 5}).get().value().before == 0);
    CHECK(visits.fetch_and_add({.by = 0}).get().value().before == 5);
    CHECK(visits.fetch_and_add({.by = 2}, {.key = "k"}).get().value().before == 5);
    CHECK(visits.fetch_and_add({.by = 2}, {.key = "k"}).get().value().before == 5);
    visits.finish().get().value();
    CHECK(run.get().value().count == 7);
    CHECK(visits.fetch_and_add({.by = 1}).get().error().code == perdure::errc::completed);
  });
}

TEST_CASE("many who add at once each see another value") {
  perdure::shuffle(10, [](perdure::test_environment& env) {
    env.host<counter>();
    counter_client visits{env, "visits"};
    std::vector<perdure::sent_call<counter_contract::fetch_and_add_results>> sent;
    for (int i = 0; i < 10; ++i) sent.push_back(env.send(visits.fetch_and_add({.by = 1})));
    std::set<std::int64_t> seen;
    for (auto& each : sent) seen.insert(each.get().value().before);
    CHECK(seen == std::set<std::int64_t>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
  });
}

TEST_CASE("a negative number is refused, and leaves nothing in the history") {
  perdure::test_environment env;
  env.host<counter>();
  counter_client visits{env, "visits"};
  CHECK(visits.fetch_and_add({.by = 3}).get());
  const auto before = env.history("counter/visits").size();
  CHECK(visits.fetch_and_add({.by = -1}).get().error().detail == "a counter only grows");
  CHECK(env.history("counter/visits").size() == before);
  CHECK(env.state<counter_state>("counter/visits").count == 3);
}

}  // namespace yardstick::counting
