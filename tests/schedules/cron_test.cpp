#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include "schedules/cron.h"
#include "schedules/time_text.h"

using namespace perdure;
using namespace perdure::schedules;

namespace {

timestamp at(std::string_view text) {
  auto time = parse_time(text);
  REQUIRE_MESSAGE(time, text);
  return *time;
}

/// The next times after `after`, one behind the other.
std::vector<std::string> next_times(std::string_view expression, std::string_view after,
                                    std::size_t count, std::string_view zone = "") {
  auto parsed = cron::parse(expression);
  REQUIRE_MESSAGE(parsed, expression);
  const auto in = time_zone::find(zone).value();
  std::vector<std::string> all;
  auto time = at(after);
  while (all.size() < count) {
    auto next = parsed->next(time, in);
    if (!next) break;
    all.push_back(format_time(*next));
    time = *next;
  }
  return all;
}

std::string problem(std::string_view expression) {
  auto parsed = cron::parse(expression);
  return parsed ? "" : parsed.error().detail;
}

using times_list = std::vector<std::string>;

}  // namespace

TEST_CASE("cron: expressions are due when the table says") {
  struct row {
    std::string_view expression;
    std::string_view after;
    times_list next;
  };
  const row table[] = {
      {"* * * * *", "2030-01-01T00:00:00Z", {"2030-01-01T00:01:00Z", "2030-01-01T00:02:00Z"}},
      {"* * * * *", "2030-01-01T00:00:00.001Z", {"2030-01-01T00:01:00Z"}},
      {"* * * * *", "2029-12-31T23:59:59.999Z", {"2030-01-01T00:00:00Z"}},
      {"*/15 * * * *", "2030-01-01T00:50:00Z", {"2030-01-01T01:00:00Z", "2030-01-01T01:15:00Z"}},
      {"5-20/5,40 3 * * *",
       "2030-01-01T03:07:00Z",
       {"2030-01-01T03:10:00Z", "2030-01-01T03:15:00Z", "2030-01-01T03:20:00Z",
        "2030-01-01T03:40:00Z", "2030-01-02T03:05:00Z"}},
      {"30 9 * * MON-FRI",
       "2030-01-04T09:00:00Z",  // A Friday.
       {"2030-01-04T09:30:00Z", "2030-01-07T09:30:00Z"}},
      {"0 0 * * 0", "2030-01-01T00:00:00Z", {"2030-01-06T00:00:00Z", "2030-01-13T00:00:00Z"}},
      {"0 0 * * 7", "2030-01-01T00:00:00Z", {"2030-01-06T00:00:00Z"}},
      {"0 0 * * sat-sun", "2030-01-01T00:00:00Z", {"2030-01-05T00:00:00Z", "2030-01-06T00:00:00Z"}},
      {"0 0 * * 5-7",
       "2030-01-01T00:00:00Z",
       {"2030-01-04T00:00:00Z", "2030-01-05T00:00:00Z", "2030-01-06T00:00:00Z",
        "2030-01-11T00:00:00Z"}},
      {"0 12 1 jan,Jul *",
       "2030-01-01T12:00:00Z",
       {"2030-07-01T12:00:00Z", "2031-01-01T12:00:00Z"}},
      // Both day fields restricted: either of them.
      {"0 0 13 * FRI",
       "2030-01-01T00:00:00Z",
       {"2030-01-04T00:00:00Z", "2030-01-11T00:00:00Z", "2030-01-13T00:00:00Z",
        "2030-01-18T00:00:00Z"}},
      // One of them begins with a star: both.
      {"0 0 */2 * MON", "2030-01-01T00:00:00Z", {"2030-01-07T00:00:00Z", "2030-01-21T00:00:00Z"}},
      {"0 0 31 * *", "2030-01-31T00:00:00Z", {"2030-03-31T00:00:00Z", "2030-05-31T00:00:00Z"}},
      {"0 0 29 2 *", "2030-01-01T00:00:00Z", {"2032-02-29T00:00:00Z", "2036-02-29T00:00:00Z"}},
      {"0 0 29 2 *", "2096-03-01T00:00:00Z", {"2104-02-29T00:00:00Z"}},
      {"0 0 29 2 */7", "2072-03-01T00:00:00Z", {"2088-02-29T00:00:00Z"}},
      {"59 23 31 12 *", "2030-01-01T00:00:00Z", {"2030-12-31T23:59:00Z", "2031-12-31T23:59:00Z"}},
      {"@hourly", "2030-01-01T00:00:00Z", {"2030-01-01T01:00:00Z"}},
      {"@daily", "2030-01-01T00:00:00Z", {"2030-01-02T00:00:00Z"}},
      {"@midnight", "2030-01-01T00:00:00Z", {"2030-01-02T00:00:00Z"}},
      {"@weekly", "2030-01-01T00:00:00Z", {"2030-01-06T00:00:00Z"}},
      {"@monthly", "2030-01-01T00:00:00Z", {"2030-02-01T00:00:00Z"}},
      {"@yearly", "2030-01-01T00:00:00Z", {"2031-01-01T00:00:00Z"}},
      {"@annually", "2030-01-01T00:00:00Z", {"2031-01-01T00:00:00Z"}},
      {"  0   6 * * *  ", "2030-01-01T00:00:00Z", {"2030-01-01T06:00:00Z"}},
  };
  for (auto& each : table) {
    CAPTURE(each.expression);
    CHECK(next_times(each.expression, each.after, each.next.size()) == each.next);
  }
}

TEST_CASE("cron: what is wrong is said, with the field it is in") {
  struct row {
    std::string_view expression;
    std::string_view problem;
  };
  const row table[] = {
      {"", "expected 5 fields (minute, hour, day of month, month, day of week), got 0"},
      {"* * * *", "expected 5 fields (minute, hour, day of month, month, day of week), got 4"},
      {"0 0 0 * * *", "expected 5 fields (minute, hour, day of month, month, day of week), got 6"},
      {"60 * * * *", "minute: 60 is not in 0 to 59"},
      {"* 24 * * *", "hour: 24 is not in 0 to 23"},
      {"* * 0 * *", "day of month: 0 is not in 1 to 31"},
      {"* * * 13 *", "month: 13 is not in 1 to 12"},
      {"* * * * 8", "day of week: 8 is not in 0 to 7"},
      {"x * * * *", "minute: expected a number from 0 to 59, got \"x\""},
      {"* * * FOO *", "month: expected a number from 1 to 12 or JAN to DEC, got \"FOO\""},
      {"* * * * MOON", "day of week: expected a number from 0 to 7 or SUN to SAT, got \"MOON\""},
      {"* * L * *", "day of month: expected a number from 1 to 31, got \"L\""},
      {"1,,2 * * * *", "minute: expected a number from 0 to 59, got \"\""},
      {"20-10 * * * *", "minute: the range \"20-10\" runs backwards"},
      {"*/0 * * * *", "minute: expected a step of at least 1, got \"0\""},
      {"*/x * * * *", "minute: expected a step of at least 1, got \"x\""},
      {"5/10 * * * *", "minute: a step needs a range: write 5-59/10 for \"5/10\""},
      {"-5 * * * *", "minute: expected a number from 0 to 59, got \"\""},
      {"0 0 30 2 *", "day of month: no month has this day"},
      {"0 0 31 4,6,9,11 *", "day of month: no month has this day"},
      {"@noon",
       "unknown; there are @yearly, @annually, @monthly, @weekly, @daily, @midnight, @hourly"},
  };
  for (auto& each : table) {
    CHECK(problem(each.expression) ==
          "cron \"" + std::string(each.expression) + "\": " + std::string(each.problem));
  }
}

TEST_CASE("cron: times are those of the zone's clock") {
  CHECK(next_times("0 9 * * *", "2030-01-01T00:00:00Z", 1, "Europe/Vienna") ==
        times_list{"2030-01-01T08:00:00Z"});
  CHECK(next_times("0 9 * * *", "2030-07-01T00:00:00Z", 1, "Europe/Vienna") ==
        times_list{"2030-07-01T07:00:00Z"});
  CHECK(next_times("0 9 * * *", "2030-07-01T00:00:00Z", 1, "Asia/Kolkata") ==
        times_list{"2030-07-01T03:30:00Z"});
  // The day of the week is that of the zone, too.
  CHECK(next_times("0 0 * * MON", "2030-01-01T00:00:00Z", 1, "Pacific/Auckland") ==
        times_list{"2030-01-06T11:00:00Z"});
}

TEST_CASE("cron: a time that clocks jump over is due at the moment of the jump, once") {
  // In Vienna, 02:00 to 03:00 of March 31, 2030 does not exist; the jump is at 01:00 UTC.
  CHECK(next_times("30 2 * * *", "2030-03-29T12:00:00Z", 3, "Europe/Vienna") ==
        times_list{"2030-03-30T01:30:00Z", "2030-03-31T01:00:00Z", "2030-04-01T00:30:00Z"});
  CHECK(next_times("0,20,40 2 * * *", "2030-03-31T00:00:00Z", 2, "Europe/Vienna") ==
        times_list{"2030-03-31T01:00:00Z", "2030-04-01T00:00:00Z"});
  // What is due at the first moment after the jump is due once as well.
  CHECK(next_times("0 2,3 * * *", "2030-03-31T00:00:00Z", 2, "Europe/Vienna") ==
        times_list{"2030-03-31T01:00:00Z", "2030-04-01T00:00:00Z"});
}

TEST_CASE("cron: a time that exists twice is due the first time") {
  // In Vienna, 02:00 to 03:00 of October 27, 2030 exists twice: 00:00 and 01:00 UTC.
  CHECK(next_times("30 2 * * *", "2030-10-26T12:00:00Z", 2, "Europe/Vienna") ==
        times_list{"2030-10-27T00:30:00Z", "2030-10-28T01:30:00Z"});
  CHECK(next_times("0,30 2,3 * * *", "2030-10-27T00:10:00Z", 3, "Europe/Vienna") ==
        times_list{"2030-10-27T00:30:00Z", "2030-10-27T02:00:00Z", "2030-10-27T02:30:00Z"});
}

TEST_CASE("cron: an expression for all hours goes by the time that passes") {
  CHECK(next_times("*/30 * * * *", "2030-10-26T23:45:00Z", 5, "Europe/Vienna") ==
        times_list{"2030-10-27T00:00:00Z", "2030-10-27T00:30:00Z", "2030-10-27T01:00:00Z",
                   "2030-10-27T01:30:00Z", "2030-10-27T02:00:00Z"});
  CHECK(next_times("15 * * * *", "2030-03-31T00:00:00Z", 3, "Europe/Vienna") ==
        times_list{"2030-03-31T00:15:00Z", "2030-03-31T01:15:00Z", "2030-03-31T02:15:00Z"});
}

TEST_CASE("cron: a zone may jump by half an hour, or over a whole day") {
  // Lord Howe, April 7, 2030: at 02:00 back to 01:30 (15:00 UTC of the day before).
  CHECK(next_times("45 1 * * *", "2030-04-06T00:00:00Z", 2, "Australia/Lord_Howe") ==
        times_list{"2030-04-06T14:45:00Z", "2030-04-07T15:15:00Z"});
  // Samoa left out December 30, 2011.
  CHECK(next_times("0 12 * * *", "2011-12-29T00:00:00Z", 3, "Pacific/Apia") ==
        times_list{"2011-12-29T22:00:00Z", "2011-12-30T10:00:00Z", "2011-12-30T22:00:00Z"});
}

TEST_CASE("cron: time zones that are not known are named") {
  auto found = time_zone::find("Europe/Wien");
  REQUIRE(!found);
  CHECK(found.error().detail.starts_with("no time zone \"Europe/Wien\" in this machine's"));
  CHECK(!time_zone::find("../../etc/passwd"));
}

TEST_CASE("cron: a year of each expression agrees with asking every minute") {
  const auto zone = time_zone::find("Europe/Vienna").value();
  for (auto expression : {"7 */3 * * *", "0 0 1-7 * MON", "59 1-3 * 3,10 SUN", "30 2 * * *"}) {
    CAPTURE(expression);
    const auto parsed = cron::parse(expression).value();
    const auto end = at("2031-01-01");
    auto expected = end;
    std::size_t extra = 0;
    for (auto time = at("2030-01-01"); time < end; time += std::chrono::minutes{1}) {
      if (!parsed.includes(time, zone)) continue;
      const auto next = parsed.next(time - duration{1}, zone);
      // Of the hour that exists twice, the second is passed over.
      extra += next != time;
      expected = time;
    }
    CHECK(extra <= 1);
    CHECK(parsed.next(expected - duration{1}, zone) == expected);
  }
}
