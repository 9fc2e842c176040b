// Activities on threads of this process: attempts, retries, time-outs, limits.

#include <doctest/doctest.h>

#include "tests/runtime/activities/fixture.h"

namespace perdure::runtime {

TEST_CASE("activities: one that succeeds is told once, with its results, and leaves no note") {
  dispatcher_fixture here;
  here.start([](activity_context& attempt, bytes_view params) {
    CHECK(attempt.attempt() == 1);
    CHECK(attempt.entity() == entity_id{"order", "one"});
    CHECK(attempt.traceparent() == "trace");
    CHECK(attempt.deadline() == midday + 60s);
    CHECK(attempt.heartbeat_details().empty());
    CHECK_FALSE(attempt.is_cancelled());
    return to_bytes("did " + to_text(params));
  });
  here.schedule(1);
  CHECK(to_text(here.end().results) == "did params");
  CHECK_FALSE(here.end().why);
  CHECK_FALSE(here.status());
  here.schedule(1);  // Known: left as it is.
  here.running->recorded(here.who, midday, 1);
  here.running->stop(1s);
  CHECK(here.ended() == 1);
  CHECK(here.store.notes == 0);
  CHECK(here.store.forgotten == 0);
  const auto figures = here.running->figures();
  CHECK(figures.attempts == 1);
  CHECK(figures.completed == 1);
  CHECK(figures.pending == 0);
}

TEST_CASE("activities: thousands at once all end, each once") {
  dispatcher_fixture here;
  here.start([](activity_context&, bytes_view) { return bytes{}; });
  constexpr event_number many = 5'000;
  for (event_number i = 1; i <= many; ++i) here.schedule(i);
  REQUIRE(eventually([&] { return here.ended() == many; }));
  for (event_number i = 1; i <= many; ++i) here.running->recorded(here.who, midday, i);
  CHECK(here.running->figures().attempts == many);
  CHECK(here.store.notes == 0);
}

TEST_CASE("activities: a failed attempt is repeated after the policy's pauses, with the same key") {
  std::mutex mutex;
  std::vector<std::string> keys;
  dispatcher_fixture here;
  here.start([&](activity_context& attempt, bytes_view) {
    const std::lock_guard guard{mutex};
    keys.push_back(attempt.key());
    if (attempt.attempt() < 3) throw std::runtime_error("not yet");
    return to_bytes("third");
  });
  here.schedule(1);
  CHECK(here.pause() == midday + 1s);
  CHECK(here.status()->last_failure == "not yet");
  CHECK(here.status()->attempt == 1);
  here.pass(999ms);
  CHECK(here.status()->attempt == 1);
  here.pass(1ms);
  REQUIRE(eventually([&] { return here.status()->attempt == 2 && here.status()->next_try; }));
  CHECK(here.pause() == midday + 3s);
  here.pass(2s);
  CHECK(to_text(here.end().results) == "third");
  CHECK(keys.size() == 3);
  CHECK(keys[0] == keys[1]);
  CHECK(keys[0] == keys[2]);
  here.running->recorded(here.who, midday, 1);
  CHECK(eventually([&] { return here.store.forgotten == 1; }));
  CHECK_FALSE(here.note());
}

TEST_CASE("activities: without attempts left, the last failure is the end") {
  dispatcher_fixture here;
  here.start([](activity_context&, bytes_view) -> bytes {
    throw activity_failure("card_declined", "no money").again_after(0ms);
  });
  here.schedule(1, {.retry = {.attempts = 3}});
  const auto why = here.failure();
  CHECK(why.code == errc::failed);
  CHECK(why.detail == "work.act failed after 3 attempts: no money");
  CHECK(why.type == "card_declined");
  CHECK(here.running->figures().failures == 3);
}

TEST_CASE("activities: what is final is not repeated") {
  dispatcher_fixture here;
  here.start([](activity_context& attempt, bytes_view) -> bytes {
    if (attempt.attempt() > 1) return {};
    throw activity_failure("fraud", "stolen").for_good();
  });
  here.schedule(1);
  CHECK(here.failure() == error{errc::failed, "work.act failed after 1 attempt: stolen", "fraud"});
}

TEST_CASE("activities: a type named final is not repeated, and a refusal never is") {
  std::atomic<bool> refuses{false};
  dispatcher_fixture here;
  here.start([&](activity_context&, bytes_view) -> bytes {
    if (refuses) throw rejected("no such customer");
    throw activity_failure("fraud", "stolen");
  });
  here.schedule(1, {.retry = {.final_types = {"fraud"}}});
  CHECK(here.failure().type == "fraud");
  refuses = true;
  here.schedule(2);
  CHECK(here.failure(1) ==
        error{errc::failed, "work.act failed after 1 attempt: no such customer", "rejected"});
}

TEST_CASE("activities: an activity that the code does not have any more is tried again") {
  dispatcher_fixture here;
  here.start([](activity_context&, bytes_view) { return bytes{}; });
  auto unknown = here.plan(1);
  unknown.activity = 9;
  here.running->schedule(here.who, midday, unknown);
  here.pause();
  CHECK(here.status()->last_failure ==
        "unknown_activity: this node's work has no activity with the number 9");
}

TEST_CASE("activities: an attempt that takes too long is given up, and knows") {
  std::atomic<bool> was_told{false};
  door first;
  dispatcher_fixture here;
  here.start([&](activity_context& attempt, bytes_view) {
    if (attempt.attempt() > 1) return to_bytes("second");
    first.pass();
    was_told = attempt.is_cancelled();
    return to_bytes("first");
  });
  here.schedule(1, {.start_to_close = 5s});
  REQUIRE(eventually([&] { return first.before() == 1; }));
  here.pass(5s);
  CHECK(here.pause() == midday + 6s);
  CHECK(here.status()->last_failure == "attempt 1 took longer than 5000 ms (start_to_close)");
  CHECK(here.running->figures().running == 1);
  here.pass(1s);
  CHECK(to_text(here.end().results) == "second");
  first.open();
  CHECK(eventually([&] { return was_told.load(); }));
  here.running->stop(10s);
  CHECK(here.ended() == 1);
}

TEST_CASE("activities: the time-out of the last attempt is the end") {
  door stuck;
  dispatcher_fixture here;
  here.start([&](activity_context&, bytes_view) {
    stuck.pass();
    return bytes{};
  });
  here.schedule(1, {.start_to_close = 5s, .retry = {.attempts = 1}});
  REQUIRE(eventually([&] { return stuck.before() == 1; }));
  here.pass(5s);
  CHECK(here.failure() ==
        error{errc::timeout,
              "work.act timed out: attempt 1 took longer than 5000 ms (start_to_close)",
              "start_to_close"});
  stuck.open();
}

TEST_CASE("activities: an attempt that gives no sign of life is given up") {
  door first, second;
  dispatcher_fixture here;
  here.start([&](activity_context& attempt, bytes_view) {
    if (attempt.attempt() > 1) return attempt.heartbeat_details();
    attempt.heartbeat(as_bytes_view("half"));
    first.pass();
    attempt.heartbeat();
    second.pass();
    return bytes{};
  });
  here.schedule(1, {.heartbeat = 10s});
  REQUIRE(eventually([&] { return first.before() == 1; }));
  here.pass(9s);
  first.open();
  REQUIRE(eventually([&] { return second.before() == 1; }));
  here.pass(9s);
  CHECK(here.status()->running);
  here.pass(1s);
  CHECK(here.pause() == midday + 20s);
  CHECK(here.status()->last_failure == "attempt 1 gave no sign of life for 10000 ms (heartbeat)");
  here.pass(1s);
  CHECK(to_text(here.end().results) == "half");
  second.open();
}

TEST_CASE("activities: heartbeats are noted seldom, and counted always") {
  door ready, done;
  std::atomic<int> beats{0};
  dispatcher_fixture here;
  here.start([&](activity_context& attempt, bytes_view) {
    for (int i = 0; i < 100; ++i) attempt.heartbeat(as_bytes_view(std::to_string(i)));
    beats = 100;
    ready.pass();
    attempt.heartbeat(as_bytes_view("later"));
    done.pass();
    return bytes{};
  });
  here.schedule(1, {.heartbeat = 10s});
  REQUIRE(eventually([&] { return ready.before() == 1 && here.store.notes == 1; }));
  here.clock.pass(8s);
  ready.open();
  REQUIRE(eventually([&] { return here.store.notes == 2; }));
  done.open();
  here.end();
  CHECK(here.store.notes == 2);
}

TEST_CASE("activities: all attempts together have their time") {
  door stuck;
  std::atomic<bool> fails{true};
  dispatcher_fixture here;
  here.start([&](activity_context&, bytes_view) -> bytes {
    if (fails) throw std::runtime_error("no");
    stuck.pass();
    return {};
  });
  SUBCASE("a try that would come too late is none") {
    here.schedule(1, {.schedule_to_close = 3s, .retry = {.first = 2s, .factor = 1}});
    CHECK(here.pause() == midday + 2s);
    here.pass(2s);
    CHECK(here.failure().code == errc::failed);
    CHECK(here.failure().detail == "work.act failed after 2 attempts: no");
  }
  SUBCASE("an attempt under way is given up") {
    fails = false;
    here.schedule(1, {.schedule_to_close = 3s});
    REQUIRE(eventually([&] { return stuck.before() == 1; }));
    here.pass(3s);
    CHECK(here.failure().code == errc::timeout);
    CHECK(here.failure().type == "schedule_to_close");
    CHECK(here.failure().detail ==
          "work.act timed out: not completed within 3000 ms, after 1 "
          "attempt (schedule_to_close)");
    stuck.open();
  }
}

TEST_CASE("activities: one that finds no worker in time ends") {
  door stuck;
  dispatcher_fixture here{1};
  here.start([&](activity_context&, bytes_view) {
    stuck.pass();
    return bytes{};
  });
  here.schedule(1);
  REQUIRE(eventually([&] { return stuck.before() == 1; }));
  here.schedule(2, {.schedule_to_start = 5s});
  here.pass(5s);
  CHECK(here.failure() == error{errc::timeout,
                                "work.act timed out: attempt 1 found no worker within 5000 ms "
                                "(schedule_to_start)",
                                "schedule_to_start"});
  stuck.open();
  here.end(1);
  CHECK(here.running->figures().attempts == 1);
}

TEST_CASE("activities: a class at its limit does not keep others from running") {
  door stuck;
  dispatcher_fixture here{4};
  here.running->provide(std::make_shared<scripted>("slow",
                                                   [&](activity_context&, bytes_view) {
                                                     stuck.pass();
                                                     return bytes{};
                                                   }),
                        {.at_once = 2});
  here.start([](activity_context&, bytes_view) { return bytes{}; });
  for (event_number i = 1; i <= 100; ++i) here.schedule(i, {}, "slow");
  REQUIRE(eventually([&] { return stuck.before() == 2; }));
  for (event_number i = 101; i <= 200; ++i) here.schedule(i);
  CHECK(eventually([&] { return here.ended() == 100; }));
  CHECK(stuck.before() == 2);
  stuck.open();
  CHECK(eventually([&] { return here.ended() == 200; }));
}

TEST_CASE("activities: no more begin in a second than its class may") {
  dispatcher_fixture here;
  here.start([](activity_context&, bytes_view) { return bytes{}; }, {.per_second = 2});
  for (event_number i = 1; i <= 4; ++i) here.schedule(i);
  here.end(0);
  here.pass(499ms);
  CHECK(here.running->figures().attempts == 1);
  here.pass(1ms);
  here.end(1);
  here.pass(500ms);
  here.end(2);
  CHECK(here.running->figures().attempts == 3);
  here.pass(10s);
  here.end(3);
}

TEST_CASE("activities: provided twice, or for none at once, is refused") {
  const auto nop = [](activity_context&, bytes_view) { return bytes{}; };
  dispatcher_fixture here;
  here.running->provide(std::make_shared<scripted>("work", nop), {});
  CHECK_THROWS_AS(here.running->provide(std::make_shared<scripted>("work", nop), {}),
                  std::invalid_argument);
  CHECK_THROWS_AS(here.running->provide(std::make_shared<scripted>("idle", nop), {.at_once = 0}),
                  std::invalid_argument);
}

TEST_CASE("activities: cancelled, a running one knows, and nothing more is heard of it") {
  door stuck;
  std::atomic<int> knows{-1};
  dispatcher_fixture here;
  here.start([&](activity_context& attempt, bytes_view) -> bytes {
    stuck.pass();
    knows = attempt.is_cancelled();
    throw std::runtime_error("stopped");
  });
  here.schedule(1);
  REQUIRE(eventually([&] { return stuck.before() == 1; }));
  here.running->cancel(here.who, midday, 1);
  CHECK(here.running->status_of(here.who).empty());
  stuck.open();
  REQUIRE(eventually([&] { return knows != -1; }));
  CHECK(knows == 1);
  here.running->stop(10s);
  CHECK(here.ended() == 0);
  CHECK(here.store.notes == 0);
}

TEST_CASE("activities: asked to stop, one that pauses ends at once") {
  dispatcher_fixture here;
  here.start([](activity_context&, bytes_view) -> bytes { throw std::runtime_error("no"); });
  here.schedule(1);
  here.pause();
  here.running->request_cancel(here.who, midday, 1);
  CHECK(here.failure() == error{errc::failed, "work.act was cancelled", "cancelled"});
  here.pass(1h);
  CHECK(here.ended() == 1);
}

TEST_CASE("activities: asked to stop, a running one ends as it ends") {
  door stuck;
  std::atomic<bool> succeeds{true};
  dispatcher_fixture here;
  here.start([&](activity_context& attempt, bytes_view) -> bytes {
    stuck.pass();
    if (succeeds) return to_bytes("done");
    throw std::runtime_error(attempt.is_cancelled() ? "stopped" : "not told");
  });
  SUBCASE("completed") {}
  SUBCASE("cancelled") { succeeds = false; }
  here.schedule(1);
  REQUIRE(eventually([&] { return stuck.before() == 1; }));
  here.running->request_cancel(here.who, midday, 1);
  CHECK(here.status()->running);
  stuck.open();
  if (succeeds) {
    CHECK(to_text(here.end().results) == "done");
  } else {
    CHECK(here.failure() == error{errc::failed, "work.act was cancelled", "cancelled"});
  }
}

TEST_CASE("activities: an activity may be cancelled and recorded at any moment") {
  dispatcher_fixture here;
  here.start([](activity_context& attempt, bytes_view) {
    attempt.heartbeat(as_bytes_view("here"));
    return bytes{};
  });
  for (event_number i = 1; i <= 2'000; ++i) {
    here.schedule(i);
    if (i % 3 == 0) here.running->cancel(here.who, midday, i);
    if (i % 3 == 1) here.running->request_cancel(here.who, midday, i);
    if (i % 5 == 0) here.running->recorded(here.who, midday, i - 1);
  }
  CHECK(eventually([&] { return here.running->figures().pending == 0; }));
  here.running->stop(10s);
}

TEST_CASE("activities: an end is told again when the entity could not write it") {
  dispatcher_fixture here;
  here.start([](activity_context&, bytes_view) { return to_bytes("done"); });
  here.schedule(1);
  here.end();
  here.running->tell_again(here.who, midday, 1, 5s);
  here.pass(4s);
  here.schedule(2);
  here.end(1);
  CHECK(here.ended() == 2);
  here.pass(1s);
  CHECK(to_text(here.end(2).results) == "done");
  here.running->tell_again(here.who, midday, 1, 5s);
  here.running->recorded(here.who, midday, 1);
  here.pass(5s);
  here.schedule(3);
  here.end(3);
  CHECK(here.ended() == 4);
}

TEST_CASE("activities: loaded again, an entity hears once more of an end it has not recorded") {
  dispatcher_fixture here;
  here.start([](activity_context&, bytes_view) { return to_bytes("done"); });
  const auto what = here.plan(1);
  here.running->schedule(here.who, midday, what);
  here.end();
  here.running->schedule(here.who, midday, what, true);
  here.pass(1s);
  CHECK(to_text(here.end(1).results) == "done");
  CHECK(here.running->figures().attempts == 1);
}

TEST_CASE("activities: another life of the entity has activities of its own") {
  std::mutex mutex;
  std::vector<std::string> keys;
  dispatcher_fixture here;
  here.start([&](activity_context& attempt, bytes_view) {
    const std::lock_guard guard{mutex};
    keys.push_back(attempt.key());
    return bytes{};
  });
  here.schedule(1);
  here.end();
  here.running->schedule(here.who, midday + 1s, here.plan(1));
  here.end(1);
  CHECK(keys[0] != keys[1]);
}

TEST_CASE("activities: after a restart, attempts and pauses go on where they were") {
  std::atomic<std::uint32_t> last{0};
  const auto script = [&](activity_context& attempt, bytes_view) -> bytes {
    last = attempt.attempt();
    if (attempt.attempt() == 3) return attempt.heartbeat_details();
    attempt.heartbeat(as_bytes_view("at " + std::to_string(attempt.attempt())));
    throw activity_failure("busy", "come back");
  };
  dispatcher_fixture here;
  const auto what = here.plan(1);
  here.start(script);
  here.running->schedule(here.who, midday, what);
  here.pause();
  here.pass(1s);
  REQUIRE(eventually([&] { return last == 2; }));
  CHECK(here.pause() == midday + 3s);
  here.restart();
  here.start(script);
  here.running->schedule(here.who, midday, what, true);
  REQUIRE(here.status());
  CHECK(here.status()->attempt == 2);
  CHECK(here.status()->next_try == midday + 3s);
  CHECK(here.status()->last_failure == "busy: come back");
  here.pass(2s);
  CHECK(to_text(here.end().results) == "at 2");
  CHECK(last == 3);
  here.running->recorded(here.who, midday, 1);
  CHECK(eventually([&] { return !here.note(); }));
}

TEST_CASE("activities: the end of the node waits for attempts, and passes over what takes longer") {
  door stuck;
  std::atomic<int> knows{-1};
  dispatcher_fixture here;
  here.start([&](activity_context& attempt, bytes_view) {
    stuck.pass();
    knows = attempt.is_cancelled();
    return bytes{};
  });
  here.schedule(1);
  REQUIRE(eventually([&] { return stuck.before() == 1; }));
  SUBCASE("in time") {
    std::thread opens{[&] { stuck.open(); }};
    here.running->stop(20s);
    opens.join();
    CHECK(here.ended() == 1);
    CHECK(knows == 0);
  }
  SUBCASE("too late") {
    here.running->stop(1ms);
    stuck.open();
    here.running.reset();
    CHECK(knows == 1);
    CHECK(here.ended() == 0);
  }
}

TEST_CASE("activities: one that is scheduled before the start runs after it") {
  dispatcher_fixture here;
  here.running->provide(
      std::make_shared<scripted>("work", [](activity_context&, bytes_view) { return bytes{}; }),
      {});
  here.schedule(1);
  here.running->start();
  here.end();
}

}  // namespace perdure::runtime
