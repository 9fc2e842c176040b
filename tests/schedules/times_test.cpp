#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include "schedules/action.h"
#include "schedules/time_text.h"
#include "schedules/times.h"

using namespace perdure;
using namespace perdure::schedules;
using namespace std::chrono_literals;

namespace {

const entity_id owner{"schedule", "nightly"};
using times_list = std::vector<std::string>;

timestamp at(std::string_view text) { return parse_time(text).value(); }

times_list upcoming(const schedule_spec& spec, std::string_view after, std::size_t count) {
  times_list all;
  for (auto& each : times::read(spec, owner).value().upcoming(at(after), count)) {
    all.push_back(format_time(each.nominal));
  }
  return all;
}

std::string problem(const schedule_spec& spec) {
  auto read = times::read(spec, owner);
  return read ? "" : read.error().detail;
}

}  // namespace

TEST_CASE("times: texts of times are read and written") {
  CHECK(format_time(at("2030-03-01T12:00:00Z")) == "2030-03-01T12:00:00Z");
  CHECK(format_time(at("2030-03-01T12:00:00.25Z")) == "2030-03-01T12:00:00.250Z");
  CHECK(format_time(at("2030-03-01T12:00:00.123456789Z")) == "2030-03-01T12:00:00.123Z");
  CHECK(format_time(at("2030-03-01T12:00:00+01:30")) == "2030-03-01T10:30:00Z");
  CHECK(format_time(at("2030-03-01T12:00:00-01:30")) == "2030-03-01T13:30:00Z");
  CHECK(format_time(at("2030-03-01")) == "2030-03-01T00:00:00Z");
  for (auto wrong : {"", "2030", "2030-02-30", "2030-03-01T12:00Z", "2030-03-01T12:00:00",
                     "2030-03-01T24:00:00Z", "2030-03-01T12:00:00Z ", "2030-03-01T12:00:00.Z",
                     "1969-12-31T23:59:59Z", "2030-03-01 12:00:00Z", "2030-03-01T12:00:00+0100"}) {
    CAPTURE(wrong);
    CHECK(!parse_time(wrong));
  }
  CHECK(parse_duration("1h30m") == 90min);
  CHECK(parse_duration("250ms") == 250ms);
  CHECK(parse_duration("7d") == 168h);
  for (auto wrong : {"", "5", "-1s", "1y", "h", "99999999999d"}) CHECK(!parse_duration(wrong));
}

TEST_CASE("times: intervals are counted from the epoch, with an offset") {
  CHECK(upcoming({.intervals = {{.every = "1h", .offset = "15m"}}}, "2030-01-01T00:20:00Z", 2) ==
        times_list{"2030-01-01T01:15:00Z", "2030-01-01T02:15:00Z"});
  // 1970-01-01 was a Thursday.
  CHECK(upcoming({.intervals = {{.every = "7d"}}}, "2030-01-01T00:00:00Z", 1) ==
        times_list{"2030-01-03T00:00:00Z"});
  CHECK(upcoming({.intervals = {{.every = "1h", .offset = "15m"}}}, "2030-01-01T01:15:00Z", 1) ==
        times_list{"2030-01-01T02:15:00Z"});
}

TEST_CASE("times: several specifications are due at all their times, each once") {
  const schedule_spec spec{.cron = {"0 12 * * *", "0 18 * * *"},
                           .intervals = {{.every = "12h"}},
                           .at = {"2030-01-01T13:37:00Z", "2030-01-01T18:00:00Z"}};
  CHECK(upcoming(spec, "2030-01-01T06:00:00Z", 5) ==
        times_list{"2030-01-01T12:00:00Z", "2030-01-01T13:37:00Z", "2030-01-01T18:00:00Z",
                   "2030-01-02T00:00:00Z", "2030-01-02T12:00:00Z"});
}

TEST_CASE("times: nothing is due before the start, after the end, or where it is excluded") {
  const schedule_spec spec{.cron = {"0 0 * * *"},
                           .exclude = {"* * 24-26 12 *"},
                           .start_at = "2030-12-22T00:00:00Z",
                           .end_at = "2030-12-28T00:00:00Z"};
  CHECK(upcoming(spec, "2030-01-01T00:00:00Z", 10) ==
        times_list{"2030-12-22T00:00:00Z", "2030-12-23T00:00:00Z", "2030-12-27T00:00:00Z",
                   "2030-12-28T00:00:00Z"});
  // What excludes everything, even second by second, ends.
  CHECK(upcoming({.intervals = {{.every = "1s"}}, .exclude = {"* * * * *"}}, "2030-01-01", 1)
            .empty());
  CHECK(upcoming({}, "2030-01-01", 1).empty());
}

TEST_CASE("times: jitter depends on id and time alone, and stays before the next time") {
  schedule_spec spec{.intervals = {{.every = "10s"}}, .jitter = "1h"};
  const auto found = times::read(spec, owner).value();
  const auto again = times::read(spec, owner).value();
  const auto other = times::read(spec, {"schedule", "other"}).value();
  bool moved = false;
  bool differs = false;
  auto after = at("2030-01-01");
  for (int i = 0; i < 1'000; ++i) {
    const auto next = found.next_moment(after).value();
    CHECK(next.nominal == after + 10s);
    CHECK(next.actual >= next.nominal);
    CHECK(next.actual < next.nominal + 10s);
    CHECK(next.actual == again.next_moment(after)->actual);
    moved |= next.actual != next.nominal;
    differs |= next.actual != other.next_moment(after)->actual;
    after = next.nominal;
  }
  CHECK(moved);
  CHECK(differs);
  // The bound is the jitter where the next time is far.
  spec = {.cron = {"0 0 * * *"}, .jitter = "5m"};
  for (auto& each : times::read(spec, owner).value().upcoming(at("2030-01-01"), 365)) {
    CHECK(each.actual < each.nominal + 5min);
  }
}

TEST_CASE("times: what is due is told in portions, and what is too old is counted") {
  const auto hourly = times::read({.intervals = {{.every = "1h"}}}, owner).value();
  const auto from = at("2030-01-01");
  auto due = hourly.due(from, from + 30h, 12h, 100);
  CHECK(due.missed == 17);  // 1 to 17 o'clock are older than 12 hours.
  CHECK(due.times.size() == 13);
  CHECK(due.handled == (from + 30h).time_since_epoch().count());
  CHECK(due.next->nominal == (from + 31h).time_since_epoch().count());
  due = hourly.due(from, from + 30h, 24h * 365, 10);
  CHECK(due.times.size() == 10);
  CHECK(due.next->nominal == (from + 11h).time_since_epoch().count());
  auto some = hourly.between(from, from + 3h, 2);
  CHECK(some.times.size() == 2);
  CHECK(some.next);
  some = hourly.between(from + 2h, from + 3h, 2);
  CHECK(some.times.size() == 1);
  CHECK(!some.next);
}

TEST_CASE("times: a specification that is wrong is refused by the field's name") {
  CHECK(problem({.time_zone = "Mars/Olympus"}).starts_with("spec.timeZone: no time zone"));
  CHECK(problem({.cron = {"* * * * *", "* 25 * * *"}}) ==
        "spec.cron[1]: cron \"* 25 * * *\": hour: 25 is not in 0 to 23");
  CHECK(problem({.intervals = {{.every = "100ms"}}}) ==
        "spec.intervals[0].every: expected at least \"1s\"");
  CHECK(problem({.intervals = {{}}}) == "spec.intervals[0].every: expected at least \"1s\"");
  CHECK(problem({.intervals = {{.every = "1h", .offset = "1h"}}}) ==
        "spec.intervals[0].offset: expected less than every");
  CHECK(problem({.at = {"tomorrow"}}).starts_with("spec.at[0]: expected a time such as"));
  CHECK(problem({.start_at = "2030-01-02", .end_at = "2030-01-01"}) ==
        "spec.endAt: it is before startAt");
  CHECK(problem({.jitter = "a lot"}).starts_with("spec.jitter: expected a duration such as"));
}

TEST_CASE("times: the result of the last run is put into the parameters") {
  action what;
  what.pass_last_result = true;
  what.params = R"({"a": 1})";
  CHECK(what.params_with("") == R"({"a": 1})");
  CHECK(what.params_with(R"({"b":2})") == R"({"lastResult":{"b":2},"a": 1})");
  what.params = "{ }";
  CHECK(what.params_with(R"({"b":2})") == R"({"lastResult":{"b":2}})");
  what.pass_last_result = false;
  CHECK(what.params_with(R"({"b":2})") == "{ }");
}

TEST_CASE("times: an action that is wrong is refused by the field's name") {
  using is = schedule_action::which_is;
  auto why = [](schedule_action from) {
    auto read = read_action(from);
    return read ? "" : read.error().detail;
  };
  CHECK(why({}) == "action.start.type: is empty");
  CHECK(why({.which = is::start{{.type = "job"}}}) == "action.start.idPrefix: is empty");
  CHECK(why({.which = is::start{{.type = "job", .id_prefix = "j", .params = "[1]"}}}) ==
        "action.start.params: expected a JSON object, got a list");
  CHECK(why({.which = is::start{{.type = "job", .id_prefix = "j", .params = "{"}}})
            .starts_with("action.start.params: is no JSON: "));
  CHECK(
      why({.which = is::start{{.type = "job", .id_prefix = "j", .params = R"({"lastResult": 1})"}},
           .pass_last_result = true}) ==
      "action.start.params: has a field lastResult, which passLastResult is to fill");
  CHECK(why({.which = is::signal{{.type = "job", .id = "j"}}}) == "action.signal.method: is empty");
  CHECK(why({.which = is::signal{{.type = "job", .id = "j", .method = "m"}},
             .pass_last_result = true}) == "action.passLastResult: a signal has no results");
  CHECK(why({.which = is::update{{.type = "job", .id = "j", .method = "m", .params = " "}}}) == "");
  CHECK(read_policy({.catch_up = "9s"}, action_kind::start)
            .error()
            .detail.starts_with("policy.catchUp: expected a duration of at least \"10s\""));
  CHECK(read_policy({.overlap = schedule_overlap::cancel_other}, action_kind::update)
            .error()
            .detail.starts_with("policy.overlap: an update cannot be cancelled"));
}
