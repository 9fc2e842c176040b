// When a failed attempt is repeated, what is noted of it, and how fast attempts may begin.

#include <doctest/doctest.h>

#include <limits>

#include "process/attempts.h"
#include "runtime/activities/job.h"
#include "runtime/activities/pace.h"
#include "tests/runtime/activities/fixture.h"

namespace perdure::runtime {

namespace {

using process::end_by;
using process::given_up;
using process::next_try;
using process::pause_behind;

core::pending_activity with(activity_options options) {
  core::pending_activity what;
  what.number = 3;
  what.scheduled = midday;
  what.activities = "work";
  what.options = std::move(options);
  return what;
}

}  // namespace

TEST_CASE("retry: pauses grow by the factor up to the longest") {
  const retry_policy policy{.first = 1s, .factor = 2, .most = 10s};
  CHECK(pause_behind(policy, 1) == 1s);
  CHECK(pause_behind(policy, 2) == 2s);
  CHECK(pause_behind(policy, 4) == 8s);
  CHECK(pause_behind(policy, 5) == 10s);
  CHECK(pause_behind(policy, 4'000'000'000) == 10s);
  CHECK(pause_behind({.first = 0s}, 100) == 0s);
  CHECK(pause_behind({.first = 3s, .factor = 1}, 100) == 3s);
  CHECK(pause_behind({.first = 1h, .most = 10s}, 1) == 10s);
  CHECK(pause_behind({.first = -1s}, 1) == 0s);
  CHECK(pause_behind({.factor = std::numeric_limits<double>::quiet_NaN()}, 2) == 0s);
}

TEST_CASE("retry: an attempt follows unless the failure is final or none are left") {
  const attempt_failure busy{.type = "busy", .message = "come back"};
  CHECK(next_try(with({}), 1, busy, midday) == midday + 1s);
  CHECK(next_try(with({.retry = {.attempts = 3}}), 2, busy, midday) == midday + 2s);
  CHECK_FALSE(next_try(with({.retry = {.attempts = 3}}), 3, busy, midday));
  CHECK_FALSE(next_try(with({}), 1, {.type = "busy", .retryable = false}, midday));
  CHECK_FALSE(next_try(with({.retry = {.final_types = {"a", "busy"}}}), 1, busy, midday));
  CHECK(next_try(with({.retry = {.final_types = {""}}}), 1, {.message = "no type"}, midday));
  CHECK(next_try(with({}), 9, {.next_delay = 7ms}, midday) == midday + 7ms);
  CHECK(next_try(with({}), 1, {.next_delay = duration::max()}, midday) == never);
}

TEST_CASE("retry: an attempt that would come after the end of all is none") {
  const auto what = with({.schedule_to_close = 10s});
  CHECK(next_try(what, 1, {}, midday + 8s) == midday + 9s);
  CHECK_FALSE(next_try(what, 1, {}, midday + 9s));
}

TEST_CASE("retry: far away is never") {
  CHECK(later(midday, duration::max()) == never);
  CHECK(later(midday, -5s) == midday);
  CHECK(limit_from(midday, no_limit) == never);
  CHECK(limit_from(midday, 5s) == midday + 5s);
}

TEST_CASE("retry: time-outs say which, where and what went wrong before") {
  const activity_options options{.start_to_close = 5s, .schedule_to_close = 10s};
  auto why = given_up(time_out::schedule_to_close, options, 2);
  CHECK(end_by("work.act", 2, why, "busy: come back") ==
        error{errc::timeout,
              "work.act timed out: not completed within 10000 ms, after 2 attempts "
              "(schedule_to_close); the last failure: busy: come back",
              "schedule_to_close"});
  why = given_up(time_out::start_to_close, options, 2);
  CHECK(end_by("work.act", 2, why, "busy: come back").detail ==
        "work.act timed out: attempt 2 took longer than 5000 ms (start_to_close)");
}

TEST_CASE("retry: of time-outs that have passed, the one that ends the activity counts") {
  process::attempt_limits limits{
      .schedule_to_close = midday + 2s, .start_to_close = midday + 1s, .heartbeat = midday + 2s};
  CHECK(limits.first() == midday + 1s);
  CHECK_FALSE(limits.passed(midday));
  CHECK(limits.passed(midday + 1s) == time_out::start_to_close);
  CHECK(limits.passed(midday + 2s) == time_out::schedule_to_close);
  CHECK(process::attempt_limits{}.first() == never);
}

TEST_CASE("retry: what an attempt throws says how it failed") {
  const auto failure_of = [](auto thrown) {
    try {
      throw thrown;
    } catch (...) {
      return process::caught_failure();
    }
  };
  const auto declined =
      failure_of(activity_failure("declined", "no money").for_good().again_after(5s));
  CHECK(declined == attempt_failure{"declined", "no money", false, 5s});
  CHECK(process::text_of(declined) == "declined: no money");
  CHECK(failure_of(rejected("no such customer")) ==
        attempt_failure{"rejected", "no such customer", false});
  CHECK(failure_of(std::runtime_error("off")) == attempt_failure{"", "off"});
  CHECK(failure_of(7).message == "it threw what is no std::exception");
}

TEST_CASE("retry: what is noted of an activity brings it back") {
  const entity_id who{"order", "one"};
  job before{who, midday, with({.retry = {.attempts = 3}})};
  before.attempt = 2;
  before.last_failure = "busy: come back";
  before.details = to_bytes("page 3");
  job after{who, midday, before.what};

  SUBCASE("pausing") {
    before.phase = job_phase::pausing;
    before.next = midday + 5s;
    resume(after, progress_of(before, midday), midday + 1s);
    CHECK(after.phase == job_phase::pausing);
    CHECK(after.next == midday + 5s);
    CHECK(after.attempt == 2);
  }
  SUBCASE("pausing, its time has come meanwhile") {
    before.phase = job_phase::pausing;
    before.next = midday + 5s;
    resume(after, progress_of(before, midday), midday + 5s);
    CHECK(after.phase == job_phase::waiting);
  }
  SUBCASE("under way outside") {
    before.phase = job_phase::running;
    before.deadline = midday + 60s;
    resume(after, progress_of(before, midday), midday + 30s);
    CHECK(after.phase == job_phase::running);
    CHECK(after.deadline == midday + 60s);
    CHECK(after.last_sign == midday + 30s);
    CHECK(after.attempt == 2);
  }
  SUBCASE("under way outside without an end") {
    before.phase = job_phase::running;
    resume(after, progress_of(before, midday), midday + 30s);
    CHECK(after.deadline == never);
  }
  SUBCASE("its last attempt was interrupted") {
    before.attempt = 3;
    resume(after, progress_of(before, midday), midday);
    CHECK(after.phase == job_phase::waiting);
    CHECK(after.attempt == 2);
  }
  CHECK(after.noted);
  CHECK(after.last_failure == "busy: come back");
  CHECK(to_text(after.details) == "page 3");
}

TEST_CASE("pace: without one, all may begin") {
  pace open{0};
  for (int i = 0; i < 1000; ++i) {
    REQUIRE(open.allows(midday));
    open.begin();
  }
}

TEST_CASE("pace: so many a second, evenly") {
  pace slow{4};
  CHECK(slow.allows(midday));
  slow.begin();
  CHECK_FALSE(slow.allows(midday));
  CHECK(slow.next(midday) == midday + 250ms);
  CHECK_FALSE(slow.allows(midday + 249ms));
  CHECK(slow.allows(midday + 250ms));
  CHECK(slow.next(midday + 250ms) == midday + 250ms);
  slow.begin();
  SUBCASE("and none are saved up") {
    CHECK(slow.allows(midday + 1h));
    slow.begin();
    CHECK_FALSE(slow.allows(midday + 1h));
  }
  SUBCASE("whatever the clock does") {
    CHECK_FALSE(slow.allows(midday - 1h));
    CHECK(slow.allows(midday - 1h + 250ms));
  }
}

TEST_CASE("pace: a fast one keeps its rate over a second") {
  pace fast{1000};
  int begun = 0;
  for (auto now = midday; now < midday + 1s; now += 3ms) {
    while (fast.allows(now)) {
      fast.begin();
      ++begun;
    }
  }
  CHECK(begun >= 1000);
  CHECK(begun <= 1050);
}

}  // namespace perdure::runtime
