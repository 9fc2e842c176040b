// Signals are collected for a window of five seconds; the last one counts, and the next window
// begins.

#include <doctest/doctest.h>

#include <perdure/testing.h>

#include "08_signal_window.perdure.h"

namespace yardstick::window {

using namespace std::chrono_literals;

class sensor final : public sensor_entity {
public:
  perdure::task<> watch() override {
    do {
      co_await continue_point();
      co_await wait_until([this] { return state.finishing; }, 5s);
      if (auto last = std::exchange(state.last, {})) {
        co_await activities<plotter_contract>().plot({.value = *last});
      }
    } while (!state.finishing || state.last);
  }

  void value(const value_params& seen) override { state.last = seen.value; }
  void finish() override { state.finishing = true; }
};

namespace {

using plotter = plotter_contract;

std::vector<std::string> values(const perdure::activity_script& plotted) {
  std::vector<std::string> all;
  for (auto& each : plotted.calls<plotter::plot_params>()) all.push_back(each.value);
  return all;
}

}  // namespace

TEST_CASE("of each window the last value is plotted, for as long as it goes on") {
  perdure::crash_everywhere(
      [](perdure::test_environment& env) {
        env.host<sensor>();
        auto plotted = env.script<plotter>("plot").returns();
        sensor_client client{env, "s"};
        auto watch = env.send(client.watch());
        for (int i = 0; i < 12; ++i) {
          client.value({.value = std::to_string(i)}).get().value();
          env.run_for(2s);
        }
        CHECK(!watch.done());
        client.finish().get().value();
        CHECK(watch.get());
        CHECK(values(plotted) == std::vector<std::string>{"2", "4", "7", "9", "11"});
        CHECK(env.status("sensor/s") == "completed");
      },
      {.continue_after_events = 8});
}

TEST_CASE("a window without a value is passed over") {
  perdure::crash_everywhere([](perdure::test_environment& env) {
    env.host<sensor>();
    auto plotted = env.script<plotter>("plot").returns();
    sensor_client client{env, "s"};
    auto watch = env.send(client.watch());
    env.run_for(1h);
    CHECK(plotted.called() == 0);
    client.value({.value = "early"}).get().value();
    client.value({.value = "late"}).get().value();
    client.finish().get().value();
    CHECK(watch.get());
    CHECK(values(plotted) == std::vector<std::string>{"late"});
  });
}

TEST_CASE("a value that comes while another is plotted belongs to the next window, even the last") {
  perdure::test_environment env;
  env.host<sensor>();
  auto plotted = env.script<plotter>("plot").returns().takes(2s);
  sensor_client client{env, "s"};
  auto watch = env.send(client.watch());
  client.value({.value = "1"}).get().value();
  env.run_for(6s);
  client.value({.value = "2"}).get().value();
  client.finish().get().value();
  CHECK(watch.get());
  CHECK(values(plotted) == std::vector<std::string>{"1", "2"});
}

}  // namespace yardstick::window
