#pragma once

/// A schedule under test, and what it starts and calls.

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

#include <perdure/schedule.h>

#include "schedules/time_text.h"
#include "tests/schedules/jobs.h"
#include "tests/schedules/stage.h"

namespace perdure::testing {

using namespace std::chrono_literals;
using told = schedule_contract;
using action_is = schedule_action::which_is;

inline timestamp at(std::string_view text) { return schedules::parse_time(text).value(); }

/// The specification "every so often".
inline schedule_spec every(std::string time) { return {.intervals = {{.every = std::move(time)}}}; }

/// The action "start a job that takes so many seconds".
inline schedule_action job_of(int seconds, std::string more = {}) {
  return {.which = action_is::start{
              {.type = "job",
               .id_prefix = "j",
               .params = R"({"seconds": )" + std::to_string(seconds) + std::move(more) + '}'}}};
}

struct nightly {
  explicit nightly(std::string_view start = "2030-01-01", bool crashes = false,
                   std::uint64_t continue_after = 4'096)
      : world(at(start), crashes, continue_after) {
    world.host<schedule>();
    world.host<jobs::job>();
    world.host<jobs::meter>();
  }
  ~nightly() { world.check_replay(); }

  schedule_client client() { return {world, "nightly"}; }
  std::string create(told::create_params what) { return client().create(what).get().value().next; }
  told::about_results about() { return client().about().get().value(); }

  /// Of the runs that `about` tells of: when they were due, without the date, and their outcomes.
  std::vector<std::pair<std::string, schedule_outcome>> recent() {
    std::vector<std::pair<std::string, schedule_outcome>> all;
    for (auto& each : about().recent) all.emplace_back(each.nominal.substr(11, 8), each.outcome);
    return all;
  }

  stage world;
};

using runs = std::vector<std::pair<std::string, schedule_outcome>>;

}  // namespace perdure::testing
