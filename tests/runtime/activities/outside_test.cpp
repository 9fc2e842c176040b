// Activities in the hands of workers outside, and those that are completed later.

#include <doctest/doctest.h>

#include <array>

#include "tests/runtime/activities/fixture.h"

namespace perdure::runtime {

namespace {

bytes no_activity(activity_context&, bytes_view) { return {}; }

}  // namespace

TEST_CASE("workers: an activity that nobody here provides is handed to who polls its queue") {
  dispatcher_fixture here;
  here.running->start();
  here.schedule(7, {.heartbeat = 10s}, "post");
  CHECK(here.status(7)->queue == "post");
  CHECK_FALSE(here.status(7)->running);
  const auto got = here.poll("post");
  CHECK(got.entity == here.who);
  CHECK(got.activity_number == 7);
  CHECK(got.activities == "post");
  CHECK(got.activity == 1);
  CHECK(to_text(got.params) == "params");
  CHECK(got.attempt == 1);
  CHECK(got.key.size() == 32);
  CHECK(got.deadline == midday + 60s);
  CHECK(got.heartbeat == 10s);
  CHECK(got.heartbeat_details.empty());
  CHECK(got.traceparent == "trace");
  CHECK(here.status(7)->running);
  const auto found = here.running->find(got.token);
  REQUIRE(found);
  CHECK(found->activity_number == 7);
  CHECK(found->attempt == 1);
  CHECK(found->token == got.token);
  REQUIRE(here.complete(got.token, to_bytes("sent")));
  CHECK(to_text(here.end().results) == "sent");
  CHECK(here.complete(got.token, {}).error().code == errc::unavailable);
  CHECK(here.running->entity_of(got.token) == here.who);
}

TEST_CASE("workers: who polls first gets the next, and nothing when none comes in time") {
  dispatcher_fixture here;
  here.running->start();
  poll_box first, second, third;
  here.running->poll("post", 10s, first.box());
  here.running->poll("post", 20s, second.box());
  here.running->poll("post", 5s, third.box());
  here.schedule(1, {}, "post");
  REQUIRE(first.get());
  here.pass(5s);
  CHECK_FALSE(third.get());
  CHECK(second.size() == 0);
  here.pass(15s);
  CHECK_FALSE(second.get());
  poll_box at_once;
  here.running->poll("post", 0s, at_once.box());
  CHECK_FALSE(at_once.get());
}

TEST_CASE("workers: an activity goes to the queue that its options name") {
  dispatcher_fixture here;
  here.start(no_activity);
  here.schedule(1, {.queue = "gpu"});
  CHECK(here.poll("gpu").activities == "work");
  here.schedule(2, {.queue = "work"});
  here.end();
}

TEST_CASE("workers: what this process provides and has no room for, a worker outside may take") {
  door stuck;
  dispatcher_fixture here{1};
  here.start([&](activity_context&, bytes_view) {
    stuck.pass();
    return bytes{};
  });
  here.schedule(1);
  REQUIRE(eventually([&] { return stuck.before() == 1; }));
  here.schedule(2);
  const auto got = here.poll("work");
  CHECK(got.activity_number == 2);
  CHECK(here.complete(got.token, {}));
  here.end();
  stuck.open();
  here.end(1);
}

TEST_CASE("workers: a failure is repeated, and the attempt before is refused") {
  dispatcher_fixture here;
  here.running->start();
  here.schedule(1, {}, "post");
  const auto first = here.poll("post");
  REQUIRE(here.running->heartbeat(first.token, to_bytes("page 3")));
  REQUIRE(here.fail(first.token, {.type = "busy", .message = "come back"}));
  CHECK(here.pause() == midday + 1s);
  CHECK(here.status()->last_failure == "busy: come back");
  const auto waits = here.complete(first.token, {});
  REQUIRE_FALSE(waits);
  CHECK(waits.error().code == errc::completed);
  CHECK(waits.error().detail ==
        "attempt 1 of activity 1 of order/one is over: attempt 2 is about to begin");
  here.pass(1s);
  const auto second = here.poll("post");
  CHECK(second.attempt == 2);
  CHECK(second.key == first.key);
  CHECK(second.token != first.token);
  CHECK(to_text(second.heartbeat_details) == "page 3");
  CHECK(here.complete(first.token, {}).error().detail ==
        "attempt 1 of activity 1 of order/one is over: attempt 2 is under way");
  CHECK(here.running->heartbeat(first.token, {}).error().code == errc::completed);
  CHECK(here.fail(first.token, {}).error().code == errc::completed);
  CHECK(here.running->find(first.token).error().code == errc::completed);
  REQUIRE(
      here.fail(second.token, {.type = "gone", .message = "no such street", .retryable = false}));
  CHECK(here.failure() ==
        error{errc::failed, "post.@1 failed after 2 attempts: no such street", "gone"});
}

TEST_CASE("workers: errors name activities of classes that are known") {
  const scripted post{"post", no_activity};
  dispatcher_fixture here;
  here.running->know(post.described());
  here.running->start();
  here.schedule(1, {}, "post");
  REQUIRE(here.fail(here.poll("post").token, {.message = "no", .retryable = false}));
  CHECK(here.failure().detail == "post.act failed after 1 attempt: no");
}

TEST_CASE("workers: one that falls silent, or takes too long, loses its attempt") {
  dispatcher_fixture here;
  here.running->start();
  here.schedule(1, {.start_to_close = 25s, .heartbeat = 10s}, "post");
  const auto first = here.poll("post");
  here.pass(9s);
  CHECK_FALSE(here.running->heartbeat(first.token, {}).value());
  SUBCASE("silent") {
    here.pass(10s);
    here.pause();
    CHECK(here.status()->last_failure == "attempt 1 gave no sign of life for 10000 ms (heartbeat)");
  }
  SUBCASE("too long") {
    here.pass(9s);
    CHECK_FALSE(here.running->heartbeat(first.token, {}).value());
    here.pass(7s);
    here.pause();
    CHECK(here.status()->last_failure == "attempt 1 took longer than 25000 ms (start_to_close)");
  }
}

TEST_CASE("workers: one that nobody polls for ends when it had to start") {
  dispatcher_fixture here;
  here.running->start();
  here.schedule(1, {.schedule_to_start = 5s}, "post");
  here.pass(5s);
  CHECK(here.failure().type == "schedule_to_start");
  poll_box late;
  here.running->poll("post", 0s, late.box());
  CHECK_FALSE(late.get());
}

TEST_CASE("workers: heartbeats tell of cancelling") {
  dispatcher_fixture here;
  here.running->start();
  here.schedule(1, {}, "post");
  const auto got = here.poll("post");
  CHECK_FALSE(here.running->heartbeat(got.token, {}).value());
  SUBCASE("when its end is waited for") {
    here.running->request_cancel(here.who, midday, 1);
    CHECK(here.running->heartbeat(got.token, {}).value());
    REQUIRE(here.fail(got.token, {.message = "stopped"}));
    CHECK(here.failure() == error{errc::failed, "post.@1 was cancelled", "cancelled"});
  }
  SUBCASE("when nobody waits any more") {
    here.running->cancel(here.who, midday, 1);
    CHECK(here.running->heartbeat(got.token, to_bytes("details")).value());
    CHECK(here.running->status_of(here.who).empty());
    CHECK(eventually([&] { return !here.note(); }));
    const auto late = here.complete(got.token, {});
    REQUIRE_FALSE(late);
    CHECK(late.error().code == errc::completed);
    CHECK(late.error().detail ==
          "activity 1 of order/one is over: nobody waits for it any more, the entity has ended or "
          "was reset, or what awaited it was cancelled");
    CHECK(here.running->heartbeat(got.token, {}).error().code == errc::unavailable);
    here.running->stop(1s);
    CHECK(here.ended() == 0);
    CHECK_FALSE(here.note());
  }
  SUBCASE("when nobody waits any more, and it stops") {
    here.running->cancel(here.who, midday, 1);
    CHECK(here.fail(got.token, {.message = "stopped"}));
    CHECK(here.running->heartbeat(got.token, {}).error().code == errc::unavailable);
  }
  SUBCASE("and one that is never heard of again is forgotten") {
    here.running->cancel(here.who, midday, 1);
    here.pass(1h);
    CHECK(eventually([&] {
      const auto known = here.running->heartbeat(got.token, {});
      return !known && known.error().code == errc::unavailable;
    }));
    CHECK(here.ended() == 0);
  }
}

TEST_CASE("workers: garbled and forged tokens are refused") {
  dispatcher_fixture here;
  here.running->start();
  here.schedule(1, {}, "post");
  const auto token = here.poll("post").token;
  auto forged = token;
  forged[3] = forged[3] == 'A' ? 'B' : 'A';
  for (auto& each : std::array<std::string, 4>{"", "no token", token + "A", forged}) {
    CHECK(here.complete(each, {}).error().code == errc::malformed);
    CHECK(here.fail(each, {}).error().code == errc::malformed);
    CHECK(here.running->heartbeat(each, {}).error().code == errc::malformed);
    CHECK(here.running->find(each).error().code == errc::malformed);
    CHECK_FALSE(here.running->entity_of(each));
  }
}

TEST_CASE("workers: a restart of the node does not take an attempt away") {
  dispatcher_fixture here;
  here.running->start();
  const auto what = here.plan(1, {.start_to_close = 60s}, "post");
  here.running->schedule(here.who, midday, what);
  const auto got = here.poll("post");
  REQUIRE(here.running->heartbeat(got.token, to_bytes("page 3")));
  here.restart();
  here.running->start();
  here.pass(30s);
  const auto early = here.complete(got.token, {});
  REQUIRE_FALSE(early);
  CHECK(early.error().code == errc::unavailable);
  CHECK(here.running->entity_of(got.token) == here.who);
  here.running->schedule(here.who, midday, what, true);
  CHECK(here.status()->running);
  poll_box other;
  here.running->poll("post", 0s, other.box());
  CHECK_FALSE(other.get());
  SUBCASE("which it may complete") {
    REQUIRE(here.complete(got.token, to_bytes("sent")));
    CHECK(to_text(here.end().results) == "sent");
  }
  SUBCASE("and which has the time it had") {
    here.pass(30s);
    here.pause();
    here.pass(1s);
    const auto next = here.poll("post");
    CHECK(next.attempt == 2);
    CHECK(to_text(next.heartbeat_details) == "page 3");
  }
}

TEST_CASE("workers: a token proves an attempt whose note was lost") {
  dispatcher_fixture here;
  here.running->start();
  const auto what = here.plan(1, {}, "post");
  here.running->schedule(here.who, midday, what);
  const auto got = here.poll("post");
  here.running->stop(1s);
  here.store.forget(here.who, 1);
  here.restart();
  here.running->start();
  here.running->schedule(here.who, midday, what, true);
  CHECK_FALSE(here.status()->running);
  CHECK_FALSE(here.running->heartbeat(got.token, {}).value());
  CHECK(here.status()->running);
  CHECK(here.complete(got.token, to_bytes("sent")));
  CHECK(to_text(here.end().results) == "sent");
}

TEST_CASE("workers: an activity that is completed later frees its thread") {
  std::mutex mutex;
  std::string token;
  door done;
  const auto script = [&](activity_context& attempt, bytes_view) {
    const std::lock_guard guard{mutex};
    if (token.empty()) token = attempt.complete_later();
    return to_bytes("passed over");
  };
  dispatcher_fixture here{1};
  const auto what = here.plan(1, {.start_to_close = 1h});
  here.start(script, {.at_once = 1});
  here.running->schedule(here.who, midday, what);
  here.schedule(2);
  CHECK(to_text(here.end().results) == "passed over");
  REQUIRE(here.status());
  CHECK(here.status()->running);
  CHECK(here.ended() == 1);
  SUBCASE("completed") {
    REQUIRE(here.complete(token, to_bytes("approved")));
    CHECK(to_text(here.end(1).results) == "approved");
  }
  SUBCASE("failed") {
    REQUIRE(here.fail(token, {.message = "denied", .retryable = false}));
    CHECK(here.failure(1).detail == "work.act failed after 1 attempt: denied");
  }
  SUBCASE("timed out") {
    here.pass(1h);
    here.pause();
    CHECK(here.complete(token, {}).error().code == errc::completed);
  }
  SUBCASE("completed after a restart") {
    here.restart();
    here.start(script);
    here.running->schedule(here.who, midday, what, true);
    REQUIRE(here.complete(token, to_bytes("approved")));
    CHECK(to_text(here.end(1).results) == "approved");
  }
  SUBCASE("cancelled, and completed in spite of it") {
    here.running->request_cancel(here.who, midday, 1);
    CHECK(here.running->heartbeat(token, {}).value());
    REQUIRE(here.complete(token, to_bytes("approved")));
    CHECK(to_text(here.end(1).results) == "approved");
  }
}

TEST_CASE("workers: completed before the attempt has returned, it has ended") {
  door stuck;
  dispatcher_fixture here;
  here.start([&](activity_context& attempt, bytes_view) {
    CHECK(here.complete(attempt.complete_later(), to_bytes("fast")));
    stuck.pass();
    return to_bytes("slow");
  });
  here.schedule(1);
  CHECK(to_text(here.end().results) == "fast");
  stuck.open();
  here.running->stop(10s);
  CHECK(here.ended() == 1);
}

TEST_CASE("workers: an attempt that asks to be completed later and fails has failed") {
  std::mutex mutex;
  std::string token;
  dispatcher_fixture here;
  here.start([&](activity_context& attempt, bytes_view) -> bytes {
    const std::lock_guard guard{mutex};
    token = attempt.complete_later();
    throw std::runtime_error("nobody was told the token");
  });
  here.schedule(1);
  here.pause();
  CHECK(here.complete(token, {}).error().code == errc::completed);
}

TEST_CASE("workers: who polls is sent away when the node ends") {
  dispatcher_fixture here;
  here.running->start();
  poll_box before, after;
  here.running->poll("post", 1h, before.box());
  here.schedule(1, {}, "letters");
  const auto got = here.poll("letters");
  here.running->stop(1s);
  CHECK_FALSE(before.get());
  here.running->poll("post", 1h, after.box());
  CHECK_FALSE(after.get());
  CHECK(here.complete(got.token, {}).error().code == errc::draining);
}

}  // namespace perdure::runtime
