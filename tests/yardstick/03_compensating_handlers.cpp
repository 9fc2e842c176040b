// When its main fails or is cancelled, each handler stops and undoes its work before all ends.

#include <doctest/doctest.h>

#include <perdure/testing.h>

#include "03_compensating_handlers.perdure.h"

namespace yardstick::compensating {

using namespace std::chrono_literals;

class garage final : public garage_entity {
public:
  perdure::task<> open() override {
    std::exception_ptr failed;
    try {
      co_await wait_until([this] { return state.closing || state.broken; });
      if (state.broken) throw perdure::rejected("the garage is on fire");
    } catch (...) {
      failed = std::current_exception();
      state.broken = true;
    }
    co_await perdure::shielded(handlers_finished());
    if (failed) std::rethrow_exception(failed);
  }

  perdure::task<rent_results> rent(rent_params what) override {
    co_return co_await perdure::saga(
        [&](perdure::compensations& undo) -> perdure::task<rent_results> {
          auto valet = activities<valet_contract>();
          undo.add("bring", [valet, what] { return valet.take_back({.car = what.car}); });
          auto first = co_await perdure::race(valet.bring({.car = what.car}),
                                              wait_until([this] { return state.broken; }));
          if (first.index() == 1) throw perdure::rejected("the garage has closed");
          co_return {.keys = std::get<0>(first).keys};
        });
  }

  void close() override { state.closing = true; }
  void burn() override { state.broken = true; }
};

namespace {

struct valet {
  explicit valet(perdure::test_environment& env)
      : bring(env.script<valet_contract>("bring")),
        take_back(env.script<valet_contract>("takeBack")) {
    bring.returns(valet_contract::bring_results{.keys = "k"}).takes(60s).times(1);
    take_back.fails("locked").returns().takes(5s);
  }

  perdure::activity_script bring, take_back;
};

}  // namespace

TEST_CASE("a main that succeeds lets its handlers finish, and nothing is undone") {
  perdure::crash_everywhere([](perdure::test_environment& env) {
    env.host<garage>();
    valet people(env);
    garage_client client{env, "g"};
    auto open = env.send(client.open());
    auto rented = env.send(client.rent({.car = "mini"}));
    env.run_for(10s);
    client.close().get().value();
    CHECK(rented.get().value().keys == "k");
    CHECK(open.get());
    CHECK(people.take_back.called() == 0);
  });
}

TEST_CASE("a main that fails or is cancelled ends when its handlers have undone their work") {
  for (const std::string end : {"failed", "cancelled"}) {
    INFO(end);
    perdure::crash_everywhere([&](perdure::test_environment& env) {
      env.host<garage>();
      valet people(env);
      garage_client client{env, "g"};
      auto open = env.send(client.open());
      auto rented = env.send(client.rent({.car = "mini"}));
      env.run_for(10s);
      if (end == "failed") client.burn().get().value();
      if (end == "cancelled") CHECK(env.cancel("garage/g"));

      const auto stopped = env.now();
      CHECK(rented.get().error().detail == "the garage has closed");
      CHECK(!open.get());
      CHECK(env.now() - stopped == 6s);  // Tried again after a second.
      CHECK(people.take_back.called() == 2);
      CHECK(people.take_back.calls<valet_contract::take_back_params>()[0].car == "mini");
      CHECK(env.status("garage/g") == end);
    });
  }
}

}  // namespace yardstick::compensating
