// When those who end activities by their tokens are answered, and whose activities are meant.

#include <doctest/doctest.h>

#include <string>

#include "tests/runtime/activities/fixture.h"

namespace perdure::runtime {

namespace {

struct worker_fixture : dispatcher_fixture {
  explicit worker_fixture(activity_options options = {}) {
    running->start();
    schedule(1, std::move(options), "post");
    token = poll("post").token;
  }

  std::string token;
};

const attempt_failure for_good{.type = "gone", .message = "no such street", .retryable = false};

}  // namespace

TEST_CASE("answers: who completes an activity is answered when its end is recorded") {
  worker_fixture here;
  const auto told = here.complete_later(here.token, to_bytes("sent"));
  CHECK(to_text(here.end().results) == "sent");
  CHECK(here.ends[0].life == midday);
  here.pass(1h);
  CHECK_FALSE(told.is_answered());
  here.running->recorded(here.who, midday, 1);
  CHECK(told.get());
}

TEST_CASE("answers: who fails it for good, likewise") {
  worker_fixture here;
  const auto told = here.fail_later(here.token, for_good);
  CHECK(here.failure().type == "gone");
  CHECK_FALSE(told.is_answered());
  here.running->recorded(here.who, midday, 1);
  CHECK(told.get());
}

TEST_CASE("answers: a failure that another attempt follows is answered behind the note of it") {
  SUBCASE("which is written in the background") {
    worker_fixture here;
    const auto told = here.fail_later(here.token, {.type = "busy", .message = "later"});
    CHECK(told.get());
    REQUIRE(here.note());
    CHECK(here.note()->last_failure == "busy: later");
    CHECK(here.store.flushes == 0);
  }
  SUBCASE("and waited for where time-outs would find late that the attempt is over") {
    duration limit = no_limit;
    SUBCASE("or never") {}
    SUBCASE("in an hour") { limit = 1h; }
    worker_fixture here{{.start_to_close = limit}};
    CHECK(here.fail_later(here.token, {.type = "busy", .message = "later"}).get());
    REQUIRE(here.note());
    CHECK(here.note()->last_failure == "busy: later");
    CHECK(here.store.flushes == 1);
  }
}

TEST_CASE("answers: who says it again before it is recorded waits with the first") {
  worker_fixture here;
  const auto first = here.complete_later(here.token, to_bytes("sent"));
  here.end();
  REQUIRE(here.running->find(here.token));
  CHECK(here.running->find(here.token)->activity_number == 1);
  const auto again = here.complete_later(here.token, to_bytes("sent"));
  const auto other = here.fail_later(here.token, for_good);
  CHECK(other.get().error().code == errc::completed);
  CHECK(here.running->heartbeat(here.token, {}).error().code == errc::completed);
  CHECK_FALSE(first.is_answered());
  CHECK_FALSE(again.is_answered());
  here.running->recorded(here.who, midday, 1);
  CHECK(first.get());
  CHECK(again.get());
  CHECK(here.ended() == 1);
  CHECK(here.complete_later(here.token).get().error().code == errc::unavailable);
}

TEST_CASE("answers: an end that the entity refuses is answered with why") {
  worker_fixture here;
  const auto told = here.complete_later(here.token, to_bytes("sent"));
  here.end();
  const error why{errc::completed, "order/one waits for no activity of event 1 (any more)"};
  here.running->refused(here.who, midday, 1, why);
  REQUIRE_FALSE(told.get());
  CHECK(told.get().error() == why);
  CHECK(here.complete_later(here.token).get().error().code == errc::unavailable);
}

TEST_CASE("answers: an end that could not be written is told again, and waited for") {
  worker_fixture here;
  const auto told = here.complete_later(here.token, to_bytes("sent"));
  here.end();
  here.running->tell_again(here.who, midday, 1, 1s);
  here.pass(1s);
  CHECK(to_text(here.end(1).results) == "sent");
  CHECK_FALSE(told.is_answered());
  here.running->recorded(here.who, midday, 1);
  CHECK(told.get());
}

TEST_CASE("answers: what nobody waits for any more before it is recorded is answered so") {
  worker_fixture here;
  const auto told = here.complete_later(here.token, to_bytes("sent"));
  here.end();
  SUBCASE("cancelled") { here.running->cancel(here.who, midday, 1); }
  SUBCASE("of an entity that was started anew") {
    here.running->schedule(here.who, midday + 1s, here.plan(1, {}, "post"));
  }
  REQUIRE_FALSE(told.get());
  CHECK(told.get().error().code == errc::completed);
}

TEST_CASE("answers: a node that ends answers who waits") {
  worker_fixture here;
  const auto told = here.complete_later(here.token, to_bytes("sent"));
  here.end();
  SUBCASE("with success, if the end is recorded meanwhile") {
    std::thread records{[&] {
      while (here.running->find(here.token)) std::this_thread::yield();
      here.running->recorded(here.who, midday, 1);
    }};
    here.running->stop(20s);
    records.join();
    CHECK(told.get());
  }
  SUBCASE("that it is to be said again, if it is not") {
    here.running->stop(10ms);
    REQUIRE(told.is_answered());
    CHECK(told.get().error().code == errc::draining);
    here.running->recorded(here.who, midday, 1);
  }
  SUBCASE("and at once, if it was to be told again") {
    here.running->tell_again(here.who, midday, 1, 1h);
    here.running->stop(1h);
    REQUIRE(told.is_answered());
    CHECK(told.get().error().code == errc::draining);
  }
  SUBCASE("and at once, if the entity puts it off meanwhile") {
    std::thread refuses{[&] {
      while (here.running->find(here.token)) std::this_thread::yield();
      here.running->tell_again(here.who, midday, 1, 1s);
    }};
    here.running->stop(1h);
    refuses.join();
    CHECK(told.get().error().code == errc::draining);
  }
  CHECK(here.complete_later(here.token).get().error().code == errc::draining);
}

TEST_CASE("answers: what is said of another life does nothing") {
  worker_fixture here;
  const auto other = midday + 1ms;
  here.running->cancel(here.who, other, 1);
  CHECK_FALSE(here.running->heartbeat(here.token, {}).value());
  here.running->request_cancel(here.who, other, 1);
  CHECK_FALSE(here.running->heartbeat(here.token, {}).value());
  here.running->recorded(here.who, other, 1);
  here.running->refused(here.who, other, 1, error{errc::completed, "no"});
  CHECK(here.status());
  const auto told = here.complete_later(here.token, to_bytes("sent"));
  here.end();
  here.running->recorded(here.who, other, 1);
  here.running->refused(here.who, other, 1, error{errc::completed, "no"});
  here.running->tell_again(here.who, other, 1, 1s);
  here.pass(1s);
  CHECK_FALSE(told.is_answered());
  here.running->recorded(here.who, midday, 1);
  CHECK(told.get());
  here.running->stop(1s);
  CHECK(here.ended() == 1);
}

}  // namespace perdure::runtime
