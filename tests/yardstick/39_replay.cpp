// Histories kept in files, replayed against the class of today: what no longer does what it did is
// found before it is deployed.

#include <doctest/doctest.h>

#include <perdure/history.h>
#include <perdure/testing.h>

#include <unistd.h>

#include <filesystem>

#include "39_replay.perdure.h"

namespace yardstick::replay {

using namespace std::chrono_literals;

class subscription final : public subscription_entity {
public:
  perdure::task<run_results> run(run_params what) override {
    while (state.charged < what.months) {
      co_await activities<billing_contract>().charge({.month = ++state.charged});
      co_await sleep(24h * 30);
    }
    co_return {.charged = state.charged};
  }
};

/// As subscription, said otherwise: it does the same.
class tidied_subscription final : public subscription_entity {
public:
  perdure::task<run_results> run(run_params what) override {
    for (; state.charged < what.months; co_await sleep(24h * 30)) {
      ++state.charged;
      auto billing = activities<billing_contract>();
      co_await billing.charge({.month = state.charged});
    }
    co_return {.charged = what.months};
  }
};

/// Reminds before it charges: those that are under way did not.
class polite_subscription final : public subscription_entity {
public:
  perdure::task<run_results> run(run_params what) override {
    while (state.charged < what.months) {
      co_await activities<billing_contract>().remind({.month = ++state.charged});
      co_await activities<billing_contract>().charge({.month = state.charged});
      co_await sleep(24h * 30);
    }
    co_return {.charged = state.charged};
  }
};

namespace {

/// A file with the history of a subscription for a year, after so many days of it.
struct kept_history {
  explicit kept_history(int days) {
    perdure::crash_everywhere([&](perdure::test_environment& env) {
      env.host<subscription>();
      env.script<billing_contract>("charge").fails("network").returns().any_number();
      auto call = env.send(subscription_client(env, "s").run({.months = 12}));
      env.run_for(24h * days);
      CHECK(perdure::save_history(file, env.history("replayed-subscription/s")));
    });
  }
  ~kept_history() { std::filesystem::remove(file); }

  const std::filesystem::path file =
      std::filesystem::temp_directory_path() / ("yardstick-39-" + std::to_string(getpid()));
};

TEST_CASE("replay: a history from a file fits the class, of one under way and of one that ended") {
  for (int days : {1, 100, 400}) {
    kept_history kept(days);
    const auto history = perdure::load_history(kept.file).value();
    CHECK(history.entity() == perdure::entity_id{"replayed-subscription", "s"});
    CHECK(!perdure::replay<subscription>(history));
    CHECK(!perdure::replay<tidied_subscription>(history));
  }
}

TEST_CASE("replay: a change that does not fit is shown, with the event and what was expected") {
  kept_history kept(100);
  const auto why = perdure::replay<polite_subscription>(perdure::load_history(kept.file).value());
  REQUIRE(why);
  CHECK(why->code == perdure::errc::nondeterministic);
  CHECK(why->detail.find("event 2") != std::string::npos);
  CHECK(why->detail.find("expected activity") != std::string::npos);
}

TEST_CASE("replay: a file that was damaged is no history") {
  kept_history kept(100);
  std::filesystem::resize_file(kept.file, std::filesystem::file_size(kept.file) - 1);
  CHECK(perdure::load_history(kept.file).error().code == perdure::errc::malformed);
}

}  // namespace

}  // namespace yardstick::replay
