// What becomes of a run that is due while another one goes on.

#include "tests/schedules/nightly.h"

using namespace perdure;
using namespace perdure::testing;
using is = perdure::schedule_outcome;

namespace {

/// An hourly schedule whose jobs take so many minutes, after so many hours and half of one.
struct hourly : nightly {
  hourly(int minutes, schedule_overlap overlap, int hours) {
    create({.spec = every("1h"), .action = job_of(minutes * 60), .policy = {.overlap = overlap}});
    world.run_for(std::chrono::hours{hours} + 30min);
  }
};

}  // namespace

TEST_CASE("overlap: skip leaves out what is due while a run goes on") {
  hourly n{90, schedule_overlap::default_, 5};
  CHECK(n.recent() ==
        runs{{"01:00:00", is::completed}, {"03:00:00", is::completed}, {"05:00:00", is::running}});
  CHECK(n.about().skipped == 2);
  CHECK(n.about().running.size() == 1);
}

TEST_CASE("overlap: buffer_one lets one wait, and it begins when the other ends") {
  hourly n{140, schedule_overlap::buffer_one, 6};
  // That of 2:00 waits until 3:20, that of 4:00 until 5:40.
  CHECK(n.recent() ==
        runs{{"01:00:00", is::completed}, {"02:00:00", is::completed}, {"04:00:00", is::running}});
  CHECK(n.about().recent.at(1).actual == "2030-01-01T03:20:00Z");
  CHECK(n.about().skipped == 2);
  CHECK(n.about().buffered == 1);
}

TEST_CASE("overlap: buffer_all lets all wait, in order") {
  hourly n{140, schedule_overlap::buffer_all, 6};
  CHECK(n.recent() ==
        runs{{"01:00:00", is::completed}, {"02:00:00", is::completed}, {"03:00:00", is::running}});
  CHECK(n.about().buffered == 3);
  CHECK(n.about().skipped == 0);
  // Not more than 1,000 wait; one may just have begun.
  n.world.run_for(24h * 100);
  CHECK(n.about().buffered <= 1'000);
  CHECK(n.about().buffered >= 999);
  CHECK(n.about().skipped > 0);
}

TEST_CASE("overlap: cancel_other asks the run to stop, and begins when it has") {
  hourly n{150, schedule_overlap::cancel_other, 3};
  // Jobs need a minute to stop.
  const auto about = n.about();
  CHECK(n.recent() ==
        runs{{"01:00:00", is::cancelled}, {"02:00:00", is::cancelled}, {"03:00:00", is::running}});
  CHECK(about.recent.at(0).ended == "2030-01-01T02:01:00Z");
  CHECK(about.recent.at(1).actual == "2030-01-01T02:01:00Z");
  CHECK(about.failed == 0);
  CHECK(n.world.status("job/j-2030-01-01T01:00:00Z") == "cancelled");
}

TEST_CASE("overlap: of those that would cancel the run, the last one begins") {
  hourly n{150, schedule_overlap::cancel_other, 1};
  for (int i = 0; i < 3; ++i) {
    CHECK(n.client().trigger({}).get().value().fate == schedule_fate::buffered);
    n.world.run_for(1s);
  }
  n.world.run_for(2min);
  CHECK(n.recent() == runs{{"01:00:00", is::cancelled}, {"01:30:02", is::running}});
  CHECK(n.about().skipped == 2);
}

TEST_CASE("overlap: nothing is cancelled for a run that may not begin") {
  nightly n;
  n.create({.spec = every("1h"),
            .action = job_of(5 * 3600),
            .policy = {.overlap = schedule_overlap::cancel_other, .limit = 1}});
  n.world.run_for(10h);
  CHECK(n.recent() == runs{{"01:00:00", is::completed}});
}

TEST_CASE("overlap: terminate_other ends the run at once") {
  hourly n{150, schedule_overlap::terminate_other, 3};
  CHECK(n.recent() == runs{{"01:00:00", is::terminated},
                           {"02:00:00", is::terminated},
                           {"03:00:00", is::running}});
  CHECK(n.about().recent.at(1).actual == "2030-01-01T02:00:00Z");
  CHECK(n.world.status("job/j-2030-01-01T01:00:00Z") == "terminated");
}

TEST_CASE("overlap: allow_all lets runs go on beside each other") {
  hourly n{150, schedule_overlap::allow_all, 4};
  CHECK(n.recent() == runs{{"01:00:00", is::completed},
                           {"02:00:00", is::completed},
                           {"03:00:00", is::running},
                           {"04:00:00", is::running}});
  CHECK(n.about().skipped == 0);
}

TEST_CASE("overlap: a trigger says what it wants, or takes what the schedule does") {
  hourly n{150, schedule_overlap::skip, 1};
  auto fate = [&](schedule_overlap overlap) {
    n.world.run_for(1s);
    return n.client().trigger({.overlap = overlap}).get().value().fate;
  };
  CHECK(fate(schedule_overlap::default_) == schedule_fate::skipped);
  CHECK(fate(schedule_overlap::buffer_one) == schedule_fate::buffered);
  CHECK(fate(schedule_overlap::buffer_one) == schedule_fate::skipped);
  CHECK(fate(schedule_overlap::buffer_all) == schedule_fate::buffered);
  CHECK(fate(schedule_overlap::allow_all) == schedule_fate::begun);
  CHECK(n.about().running.size() == 2);
  CHECK(n.about().buffered == 2);
  // An update cannot be cancelled.
  schedule_action update{.which =
                             action_is::update{{.type = "meter", .id = "m", .method = "read"}}};
  CHECK(n.client().change({.spec = every("1h"), .action = update}).get());
  CHECK(n.client()
            .trigger({.overlap = schedule_overlap::cancel_other})
            .get()
            .error()
            .detail.starts_with("an update cannot be cancelled"));
}

TEST_CASE("overlap: what waits goes on waiting while the schedule is paused, triggers do not") {
  hourly n{90, schedule_overlap::buffer_all, 2};  // The run of 2:00 waits; now a trigger does, too.
  CHECK(n.about().buffered == 0);
  n.world.run_for(45min);
  CHECK(n.about().buffered == 1);
  CHECK(n.client().pause({}).get());
  CHECK(n.client().trigger({}).get().value().fate == schedule_fate::buffered);
  n.world.run_for(24h);
  CHECK(n.recent() == runs{{"01:00:00", is::completed},
                           {"02:00:00", is::completed},
                           {"03:15:00", is::completed}});
  CHECK(n.about().buffered == 1);
  CHECK(n.client().unpause({}).get());
  CHECK(n.recent().back() == runs::value_type{"03:00:00", is::running});
}

TEST_CASE("overlap: what waits is dropped when the schedule has run as often as it may") {
  nightly n;
  n.create({.spec = every("1h"),
            .action = job_of(5 * 3600),
            .policy = {.overlap = schedule_overlap::buffer_all, .limit = 2}});
  n.world.run_for(24h);
  CHECK(n.about().runs == 2);
  CHECK(n.about().buffered == 0);
  CHECK(n.about().skipped > 0);
}
