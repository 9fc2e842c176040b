// A cron job that deals with what came since its last run, going by the result of that. A run that
// fails leaves its part to the next one.

#include <doctest/doctest.h>

#include <perdure/schedule.h>
#include <perdure/testing.h>

#include "34_cron_last_result.perdure.h"

namespace yardstick::cron_last_result {

using namespace std::chrono_literals;

class job final : public job_entity {
public:
  perdure::task<job_result> run(run_params what) override {
    const job_result done{.until = now().time_since_epoch().count()};
    co_await activities<database_contract>({.start_to_close = 10s, .retry = {.attempts = 2}})
        .tidy({.after = what.last_result.until, .until = done.until});
    co_return done;
  }
};

namespace {

void create(perdure::test_environment& env) {
  env.host<perdure::schedule>().host<job>();
  perdure::schedule_client(env, "tidy")
      .create({.spec = {.cron = {"0 * * * *"}},
               .action = {.which = perdure::schedule_action::which_is::start{{.type = "cron-job",
                                                                              .id_prefix = "j"}},
                          .pass_last_result = true}})
      .get()
      .value();
}

TEST_CASE("cron: each run begins where the last one that completed ended") {
  perdure::crash_everywhere([](perdure::test_environment& env) {
    create(env);
    auto tidy = env.script<database_contract>("tidy")
                    .returns()
                    .fails_times(2, "locked")
                    .returns()
                    .takes(2s);
    const auto at = [start = env.now()](auto time) {
      return (start + time).time_since_epoch().count();
    };
    env.run_for(4h + 1min);

    const auto calls = tidy.calls<database_contract::tidy_params>();
    REQUIRE(calls.size() == 5);
    CHECK(calls[0] == database_contract::tidy_params{.after = 0, .until = at(1h)});
    CHECK(calls[1] == database_contract::tidy_params{.after = at(1h), .until = at(2h)});
    CHECK(calls[2] == calls[1]);
    CHECK(calls[3] == database_contract::tidy_params{.after = at(1h), .until = at(3h)});
    CHECK(calls[4] == database_contract::tidy_params{.after = at(3h), .until = at(4h)});

    const auto about = perdure::schedule_client(env, "tidy").about().get().value();
    CHECK(about.runs == 4);
    CHECK(about.failed == 1);
    CHECK(env.status("cron-job/j-2030-01-01T02:00:00Z") == "failed");
  });
}

TEST_CASE("cron: one that is triggered in between goes by the last result, and leaves its own") {
  perdure::test_environment env;
  create(env);
  auto tidy = env.script<database_contract>("tidy").returns();
  env.run_for(90min);
  CHECK(perdure::schedule_client(env, "tidy").trigger({}).get());
  env.run_for(30min);
  const auto calls = tidy.calls<database_contract::tidy_params>();
  REQUIRE(calls.size() == 3);
  CHECK(calls[1].after == calls[0].until);
  CHECK(calls[2].after == calls[1].until);
  CHECK(calls[2].until - calls[2].after == 30 * 60 * 1'000);
}

}  // namespace

}  // namespace yardstick::cron_last_result
