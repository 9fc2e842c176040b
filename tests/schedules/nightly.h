#pragma once

/// A schedule under test, and what it starts and calls.

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <perdure/schedule.h>
#include <perdure/testing.h>

#include "entities/record.h"
#include "schedules/time_text.h"
#include "tests/schedules/jobs.h"

namespace perdure::testing {

using namespace std::chrono_literals;
using told = schedule_contract;
using action_is = schedule_action::which_is;
using runs = std::vector<std::pair<std::string, schedule_outcome>>;

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
  explicit nightly(test_environment& env) : world(env) { host(); }
  explicit nightly(std::string_view start = "2030-01-01", std::uint64_t continue_after = 4'096)
      : own(std::make_unique<test_environment>(
            test_options{.start = at(start),
                         .continue_after_events = continue_after,
                         .on_failure = [](const std::string& why) { FAIL_CHECK(why); }})),
        world(*own) {
    host();
  }

  void host() { world.host<schedule>().host<jobs::job>().host<jobs::meter>(); }

  schedule_client client() { return {world, "nightly"}; }
  std::string create(told::create_params what) { return client().create(what).get().value().next; }
  told::about_results about() { return client().about().get().value(); }
  schedule_state state() { return world.state<schedule_state>("schedule/nightly"); }
  std::vector<core::record> steps() { return world.history("schedule/nightly").steps(); }
  /// What the schedule has under way: timers, handlers, messages.
  std::vector<std::string> pending() { return world.pending("schedule/nightly"); }

  /// Nothing runs for so long; what came due then happens late.
  void outage(duration time) {
    world.advance(time);
    world.run_until_idle();
  }

  /// Of the runs that `about` tells of: when they were due, without the date, and their outcomes.
  runs recent() {
    runs all;
    for (auto& each : about().recent) all.emplace_back(each.nominal.substr(11, 8), each.outcome);
    return all;
  }

  /// Ids of all entities that were to be started, in order.
  std::vector<std::string> started() {
    std::vector<std::string> all;
    for (auto& step : steps()) {
      for (auto& each : step.commands) {
        auto* sent = std::get_if<core::message_sent>(&each);
        if (sent && sent->message.kind == core::message_kind::start) {
          all.push_back(sent->message.target.id);
        }
      }
    }
    return all;
  }

  std::unique_ptr<test_environment> own;
  test_environment& world;
};

}  // namespace perdure::testing
