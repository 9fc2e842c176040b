// What schedules do: when they run, what they tell, and how they are told.

#include "tests/schedules/nightly.h"

#include <algorithm>
#include <set>

#include "entities/machine.h"

using namespace perdure;
using namespace perdure::testing;
using is = perdure::schedule_outcome;

TEST_CASE("schedule: a year of days is 365 runs, each once, and little history") {
  nightly n;
  CHECK(n.create({.spec = {.cron = {"30 1 * * *"}}, .action = job_of(60)}) ==
        "2030-01-01T01:30:00Z");
  n.world.run_for(24h * 365);
  const auto ids = n.started();
  CHECK(ids.size() == 365);
  CHECK(ids.front() == "j-2030-01-01T01:30:00Z");
  CHECK(ids.back() == "j-2030-12-31T01:30:00Z");
  const auto about = n.about();
  CHECK(about.runs == 365);
  CHECK(about.failed == 0);
  CHECK(about.missed == 0);
  CHECK(about.skipped == 0);
  CHECK(about.running.empty());
  REQUIRE(about.recent.size() == 10);
  CHECK(about.recent.back() == schedule_run{.number = 365,
                                            .type = "job",
                                            .id = "j-2030-12-31T01:30:00Z",
                                            .nominal = "2030-12-31T01:30:00Z",
                                            .actual = "2030-12-31T01:30:00Z",
                                            .ended = "2030-12-31T01:31:00Z",
                                            .outcome = is::completed});
  REQUIRE(about.next.size() == 10);
  CHECK(about.next[1].nominal == "2031-01-02T01:30:00Z");
  CHECK(n.steps().back().last_event() < 365 * 12);
  // Between two runs there is a reminder, and nothing else.
  CHECK(n.pending() == std::vector<std::string>{"reminder \"fire\" in 5400000 ms"});
}

TEST_CASE("schedule: runs follow the clocks of their time zone") {
  nightly n{"2030-03-29T12:00:00Z"};
  n.create({.spec = {.cron = {"30 2 * * *"}, .time_zone = "Europe/Vienna"}, .action = job_of(1)});
  n.world.run_for(72h);
  CHECK(n.started() == std::vector<std::string>{"j-2030-03-30T01:30:00Z", "j-2030-03-31T01:00:00Z",
                                                "j-2030-04-01T00:30:00Z"});
  nightly autumn{"2030-10-26T12:00:00Z"};
  autumn.create(
      {.spec = {.cron = {"30 2 * * *"}, .time_zone = "Europe/Vienna"}, .action = job_of(1)});
  autumn.world.run_for(48h);
  CHECK(autumn.started() ==
        std::vector<std::string>{"j-2030-10-27T00:30:00Z", "j-2030-10-28T01:30:00Z"});
}

TEST_CASE("schedule: what time zones were when it was asked is what replay goes by") {
  nightly n;
  n.create({.spec = {.cron = {"0 9 * * *"}, .time_zone = "Europe/Vienna"}, .action = job_of(1)});
  auto steps = n.steps();
  // As if the database had known an offset of another hour.
  for (auto& each : steps.at(0).commands) {
    if (auto* effect = std::get_if<core::side_effect_recorded>(&each)) {
      try {
        auto due = decode<schedule_due>(effect->value);
        if (!due.next) continue;
        due.next->nominal += 3'600'000;
        due.next->actual += 3'600'000;
        effect->value = encode(due);
      } catch (const failure&) {
      }
    } else if (auto* set = std::get_if<core::reminder_set>(&each)) {
      set->set.due += 1h;
    } else if (auto* end = std::get_if<core::update_ended>(&each)) {
      end->outcome.results = encode(told::create_results{.next = "2030-01-01T09:00:00Z"});
    }
  }
  const entity_id who{"schedule", "nightly"};
  const core::machine_limits limits;
  core::machine again(type_of<schedule>(), who, limits);
  const auto why = again.replay(steps.at(0));
  CHECK_MESSAGE(!why, why->detail);
  CHECK(decode<schedule_state>(again.state()).next->nominal ==
        at("2030-01-01T09:00:00Z").time_since_epoch().count());
}

TEST_CASE("schedule: jitter puts a run off, but not its id, and not beyond its bound") {
  nightly n;
  n.create({.spec = {.cron = {"0 0 * * *"}, .jitter = "2h"}, .action = job_of(1)});
  std::set<std::string> delays;
  for (int day = 0; day < 30; ++day) {
    n.world.run_for(24h);
    for (auto& each : n.about().recent) {
      CHECK(at(each.actual) >= at(each.nominal));
      CHECK(at(each.actual) < at(each.nominal) + 2h);
      delays.insert(each.actual.substr(11));
    }
  }
  CHECK(n.world.status("job/j-2030-01-15T00:00:00Z") == "completed");
  CHECK(delays.size() > 20);
}

TEST_CASE("schedule: after an outage it makes up for what is younger than the window") {
  nightly n;
  const schedule_policy policy{.overlap = schedule_overlap::allow_all, .catch_up = "6h"};
  n.create({.spec = every("1h"), .action = job_of(1), .policy = policy});
  n.world.run_for(150min);
  CHECK(n.about().runs == 2);
  n.outage(24h);
  auto about = n.about();
  CHECK(about.runs == 8);
  CHECK(about.missed == 18);
  CHECK(about.recent.back().nominal == "2030-01-02T02:00:00Z");
  CHECK(about.recent.back().actual == "2030-01-02T02:30:00Z");
  n.world.run_for(1h);
  CHECK(n.about().runs == 9);
}

TEST_CASE("schedule: an outage of a year is made up for, in portions") {
  nightly n;
  n.create({.spec = every("6h"),
            .action = job_of(0),
            .policy = {.overlap = schedule_overlap::allow_all}});
  n.outage(24h * 365);
  n.world.run_for(1s);
  CHECK(n.about().runs == 365 * 4);
  CHECK(n.about().running.empty());
  // One that skips has one run of them.
  nightly skipping;
  skipping.create({.spec = every("1m"), .action = job_of(60)});
  skipping.outage(24h * 3);
  CHECK(skipping.about().runs == 1);
  CHECK(skipping.about().skipped == 3 * 24 * 60 - 1);
}

TEST_CASE("schedule: what is missed is counted, however much it is") {
  nightly n;
  n.create({.spec = every("1m"), .action = job_of(1), .policy = {.catch_up = "10s"}});
  n.outage(24h * 30 + 30s);
  CHECK(n.about().missed == 30 * 24 * 60);
  CHECK(n.about().runs == 0);
  n.world.run_for(1min);
  CHECK(n.about().runs == 1);
}

TEST_CASE("schedule: a backfill runs what was due, once for each time") {
  nightly n{"2030-06-01"};
  n.create({.spec = {.cron = {"0 0 * * *"}}, .action = job_of(3600)});
  const auto filled = n.client()
                          .backfill({.from = "2030-01-01T00:00:00Z",
                                     .to = "2030-05-31T00:00:00Z",
                                     .overlap = schedule_overlap::buffer_all})
                          .get();
  CHECK(filled.value().times == 151);
  n.world.run_for(11h + 30min);
  CHECK(n.about().buffered == 139);
  CHECK(n.about().runs == 12);
  n.world.run_for(24h * 10);
  CHECK(n.started().front() == "j-2030-01-01T00:00:00Z");
  CHECK(n.world.status("job/j-2030-05-31T00:00:00Z") == "completed");
  CHECK(n.about().buffered == 0);
  CHECK(std::ranges::count_if(n.started(), [](auto& id) { return id < "j-2030-06-01"; }) == 151);
}

TEST_CASE("schedule: a backfill of thousands goes on as there is room") {
  nightly n{"2030-06-01"};
  n.create({.spec = {.cron = {"0 * * * *"}}, .action = job_of(1)});
  CHECK(n.client()
            .backfill({.from = "2030-01-01",
                       .to = "2030-04-30T23:00:00Z",
                       .overlap = schedule_overlap::buffer_all})
            .get()
            .value()
            .times == 2'880);
  CHECK(n.about().buffered <= 1'000);
  n.world.run_for(50min);
  CHECK(n.about().runs == 2'880);
  CHECK(n.about().skipped == 0);
  // All at once, too; but not more than 500.
  CHECK(n.client()
            .backfill(
                {.from = "2029-01-01", .to = "2029-03-01", .overlap = schedule_overlap::allow_all})
            .get());
  CHECK(n.about().running.size() <= 500);
  n.world.run_for(9min);
  CHECK(n.about().runs == 2'880 + 1'417);
}

TEST_CASE("schedule: a backfill that makes no sense is refused") {
  nightly n{"2030-06-01"};
  n.create({.spec = every("1m"), .action = job_of(1)});
  auto why = [&](told::backfill_params what) {
    return n.client().backfill(what).get().error().detail;
  };
  CHECK(why({.from = "2030-01-01", .to = "yesterday"}).starts_with("to: expected a time such as"));
  CHECK(why({.from = "2030-02-01", .to = "2030-01-01"}) == "to is before from");
  CHECK(why({.from = "2030-01-01", .to = "2030-06-02"}) ==
        "a backfill is for times that have passed; to is in the future");
  CHECK(why({.from = "2030-01-01", .to = "2030-05-01"}) ==
        "there are more than 10000 times between from and to: take several backfills");
  CHECK(n.about().runs == 0);
}

TEST_CASE("schedule: a pause is no outage, and has a reason") {
  nightly n;
  n.create({.spec = every("1h"), .action = job_of(1), .paused = true, .note = "not yet"});
  CHECK(n.about().note == "not yet");
  CHECK(n.pending().empty());
  n.world.run_for(90min);
  CHECK(n.about().runs == 0);
  CHECK(n.client().unpause({.note = "go"}).get().value().next == "2030-01-01T02:00:00Z");
  n.world.run_for(1h);
  CHECK(n.about().runs == 1);
  CHECK(n.client().pause({.note = "holidays"}).get());
  CHECK(n.about().paused);
  CHECK(n.about().note == "holidays");
  CHECK(n.about().next.front().nominal == "2030-01-01T03:00:00Z");
  n.world.run_for(24h);
  CHECK(n.about().runs == 1);
  CHECK(n.client().unpause({}).get());
  n.world.run_for(1h);
  CHECK(n.about().runs == 2);
  CHECK(n.about().missed == 0);
}

TEST_CASE("schedule: it runs so often as it may, and can be triggered after that") {
  nightly n;
  n.create({.spec = every("1h"), .action = job_of(1), .policy = {.limit = 3}});
  n.world.run_for(90min);
  CHECK(n.about().remaining == 2);
  CHECK(n.about().next.size() == 2);
  n.world.run_for(24h);
  CHECK(n.about().runs == 3);
  CHECK(n.about().next.empty());
  CHECK(n.pending().empty());
  CHECK(n.client().trigger({}).get().value().fate == schedule_fate::begun);
  CHECK(n.about().runs == 4);
  // A change begins to count anew.
  CHECK(
      n.client().change({.spec = every("1h"), .action = job_of(1), .policy = {.limit = 1}}).get());
  n.world.run_for(24h);
  CHECK(n.about().runs == 5);
}

TEST_CASE("schedule: a failed run pauses it where it is told so") {
  nightly n;
  n.create({.spec = every("1h"),
            .action = job_of(10, R"(, "fail": true)"),
            .policy = {.pause_on_failure = true}});
  n.world.run_for(24h);
  const auto about = n.about();
  CHECK(about.runs == 1);
  CHECK(about.failed == 1);
  CHECK(about.paused);
  CHECK(about.note == "run 1 (job/j-2030-01-01T01:00:00Z) failed: out of paper");
  CHECK(about.recent.front().outcome == is::failed);
  CHECK(about.recent.front().detail == "out of paper");
  CHECK(n.pending().empty());
}

TEST_CASE("schedule: a start that is refused is a run that failed, and the next one follows") {
  nightly n;
  n.create({.spec = every("1h"),
            .action = {.which = action_is::start{{.type = "schedule", .id_prefix = "x"}}}});
  n.world.run_for(150min);
  const auto about = n.about();
  CHECK(about.runs == 2);
  CHECK(about.failed == 2);
  CHECK(about.recent.front().outcome == is::refused);
  CHECK(about.recent.front().detail.starts_with("unknown_method: "));
  // Parameters that do not fit likewise.
  nightly wrong;
  wrong.create({.spec = every("1h"), .action = job_of(1, R"(, "speed": 3)")});
  wrong.world.run_for(1h);
  CHECK(wrong.about().recent.front().detail.starts_with("malformed: speed: unknown field"));
}

TEST_CASE("schedule: a start of a type that is not hosted waits until it is") {
  nightly n;
  n.create({.spec = every("1h"),
            .action = {.which = action_is::start{{.type = "nobody", .id_prefix = "x"}}}});
  n.world.run_for(150min);
  CHECK(n.about().runs == 1);
  CHECK(n.about().failed == 0);
  CHECK(n.world.undelivered().size() == 1);
}

TEST_CASE("schedule: the last result is handed to the next run") {
  nightly n;
  auto action = job_of(1);
  action.pass_last_result = true;
  n.create({.spec = every("1h"), .action = action});
  n.world.run_for(30h + 30min);
  CHECK(n.state().last_result == R"({"count":"30"})");
}

TEST_CASE("schedule: signals are sent, whatever becomes of them") {
  nightly n;
  n.create(
      {.spec = every("1m"),
       .action = {.which = action_is::signal{
                      {.type = "meter", .id = "m", .method = "tick", .params = R"({"by": 2})"}}}});
  n.world.run_for(1h);
  CHECK(n.world.state<jobs::meter_state>("meter/m").total == 120);
  CHECK(n.about().runs == 60);
  CHECK(n.about().recent.back().outcome == is::sent);
  CHECK(n.about().recent.back().id == "m");
}

TEST_CASE("schedule: updates are waited for") {
  nightly n;
  schedule_action action{
      .which =
          action_is::update{
              {.type = "meter", .id = "m", .method = "read", .params = R"({"seconds": 90})"}},
      .pass_last_result = true};
  n.create({.spec = every("1m"), .action = action});
  n.world.run_for(10min);
  const auto about = n.about();
  CHECK(about.runs == 5);
  CHECK(about.skipped == 5);
  CHECK(about.running.size() == 1);
  CHECK(n.world.state<jobs::meter_state>("meter/m").last == 3);
  // What is refused is told.
  std::get<action_is::update>(action.which).value.method = "write";
  CHECK(n.client().change({.spec = every("1m"), .action = action}).get());
  n.world.run_for(10min);
  CHECK(n.about().recent.back().detail.starts_with("unknown_method: "));
  CHECK(n.about().recent.back().outcome == is::refused);
}

TEST_CASE("schedule: a change of the specification counts from now, another loses nothing") {
  nightly n;
  schedule_spec spec{.cron = {"0 12 * * *"}, .jitter = "6h"};
  const auto next = n.create({.spec = spec, .action = job_of(1)});
  n.world.run_for(12h);
  CHECK(at(next) > n.world.now());  // It is due, but put off.
  CHECK(n.client().change({.spec = spec, .action = job_of(2)}).get().value().next == next);
  n.world.run_for(6h);
  CHECK(n.about().runs == 1);
  CHECK(n.client()
            .change({.spec = {.cron = {"0 15 * * *"}}, .action = job_of(2)})
            .get()
            .value()
            .next == "2030-01-02T15:00:00Z");
}

TEST_CASE("schedule: it is created once, and again when it has been removed") {
  nightly n;
  CHECK(n.client().about().get().error().code == errc::entity_not_found);
  CHECK(n.client().trigger({}).get().error().detail == "there is no such schedule: create it");
  n.create({.spec = every("1h"), .action = job_of(7200)});
  const auto again = n.client().create({.spec = every("2h"), .action = job_of(1)}).get();
  CHECK(again.error().code == errc::rejected);
  n.world.run_for(90min);
  CHECK(n.client().remove().get());
  CHECK(n.client().about().get().error().code == errc::rejected);
  // What it asked for is still on its way; nobody waits for it.
  REQUIRE(n.pending().size() == 1);
  CHECK(n.pending().front().starts_with("message result to job/j-2030-01-01T01:00:00Z"));
  CHECK(n.world.attributes("schedule/nightly").empty());
  n.create({.spec = every("24h"), .action = job_of(60)});
  n.world.run_for(12h);
  // The old one's run has ended, and is nobody's.
  CHECK(n.about().recent.empty());
  n.world.run_for(24h);
  CHECK(n.about().recent.size() == 1);
}

TEST_CASE("schedule: what is wrong with it is said before it is created") {
  nightly n;
  auto why = [&](told::create_params what) {
    const auto refused = n.client().create(what).get().error();
    CHECK(refused.code == errc::malformed);
    return refused.detail;
  };
  CHECK(why({.spec = {.cron = {"61 * * * *"}}, .action = job_of(1)}) ==
        "spec.cron[0]: cron \"61 * * * *\": minute: 61 is not in 0 to 59");
  CHECK(why({.spec = every("1h")}) == "action.start.type: is empty");
  CHECK(why({.spec = every("1h"), .action = job_of(1), .policy = {.catch_up = "1s"}})
            .starts_with("policy.catchUp: "));
  CHECK(n.world.status("schedule/nightly") == "none");
}

TEST_CASE("schedule: it tells the times to come") {
  nightly n;
  n.create({.spec = every("1h"), .action = job_of(1)});
  CHECK(n.client().upcoming({.count = 3}).get().value().times ==
        std::vector<schedule_moment>{{"2030-01-01T01:00:00Z", "2030-01-01T01:00:00Z"},
                                     {"2030-01-01T02:00:00Z", "2030-01-01T02:00:00Z"},
                                     {"2030-01-01T03:00:00Z", "2030-01-01T03:00:00Z"}});
  CHECK(n.client().upcoming({}).get().value().times.size() == 10);
  CHECK(n.client().upcoming({.count = 1'001}).get().error().detail == "count is at most 1000");
}

TEST_CASE("schedule: without times it is run by triggers alone") {
  nightly n;
  CHECK(n.create({.action = job_of(1)}) == "");
  n.world.run_for(24h);
  const auto triggered = n.client().trigger({}).get().value();
  CHECK(triggered.id == "j-2030-01-02T00:00:00Z");
  n.world.run_for(1min);
  CHECK(n.recent() == runs{{"00:00:00", is::completed}});
  CHECK(n.about().recent.front().manual);
}

TEST_CASE("schedule: its reminders' signals change nothing when they come from elsewhere") {
  nightly n;
  n.client().fire().get().value();
  n.client().go_on().get().value();
  n.create({.spec = every("1h"), .action = job_of(60)});
  n.world.run_for(1h);
  const auto before = n.state();
  n.client().fire().get().value();
  n.client().go_on().get().value();
  CHECK(n.state() == before);
}

TEST_CASE("schedule: a history is cut while runs go on, and their ends are noticed all the same") {
  nightly n{"2030-01-01", 500};
  // A day's job, offered each minute.
  n.create({.spec = every("1m"), .action = job_of(24 * 3600)});
  n.world.run_for(24h * 3);
  CHECK(n.steps().back().run > 2);
  const auto about = n.about();
  CHECK(about.runs == 3);
  CHECK(about.recent.front().outcome == is::completed);
  CHECK(about.recent.front().ended == "2030-01-02T00:01:00Z");
  CHECK(about.skipped == 24 * 60 * 3 - 3);
}

TEST_CASE("schedule: losing it after each of its steps changes nothing") {
  crash_everywhere([](test_environment& env) {
    nightly n(env);
    auto action = job_of(90 * 60);
    action.pass_last_result = true;
    n.create({.spec = {.cron = {"0 * * * *"}, .jitter = "10m"},
              .action = action,
              .policy = {.overlap = schedule_overlap::buffer_one}});
    n.world.run_for(5h);
    CHECK(n.client().trigger({.overlap = schedule_overlap::cancel_other}).get());
    n.world.run_for(5h);
    n.outage(5h);
    CHECK(n.client().pause({.note = "enough"}).get());
    n.world.run_for(5h);
    CHECK(n.about().runs > 6);
  });
}

TEST_CASE("schedule: in whatever order things happen, each time has its run or its reason") {
  shuffle(10, [](test_environment& env) {
    nightly n(env);
    n.create({.spec = every("1h"),
              .action = job_of(3600),
              .policy = {.overlap = schedule_overlap::buffer_all}});
    // Each job ends just when the next one is due.
    n.world.run_for(24h * 7 + 30min);
    CHECK(n.about().runs + n.about().buffered == 24 * 7);
    CHECK(n.about().buffered <= 1);
  });
}
