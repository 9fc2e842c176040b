// What operators do, and what comes late: with crashes after every step as without.

#include <doctest/doctest.h>

#include <perdure/testing.h>

#include "tests/testing/travel.h"

namespace travel {

namespace {

using perdure::crash_everywhere;
using perdure::errc;
using perdure::test_environment;
using perdure::test_failure;

/// Calls out when its frames are dropped.
class clinging final : public ghost_entity {
public:
  void haunt() override { spawn(wait()); }

private:
  struct caller {
    clinging& of;
    ~caller() { of.remind("sleep", 1s, &clinging::haunt); }
  };
  task<> wait() {
    const caller last{*this};
    co_await sleep(24h);
  }
};

}  // namespace

TEST_CASE("operators: an entity goes back to an earlier step, and takes its signals again") {
  crash_everywhere([](test_environment& env) {
    env.host<desk>();
    desk_client client{env, "d"};
    client.note({.text = "one"}).get().value();
    const auto visited = client.visit({.pause = 1'000}).get();
    CHECK(visited);
    client.note({.text = "two"}).get().value();
    auto waits = env.send(client.wait_for_notes({.count = 9}));
    env.run_until_idle();
    const auto back = env.reset("desk/d", 1, "again");
    REQUIRE(back);
    CHECK(waits.get().error().type == "reset");
    CHECK(env.state<desk_state>("desk/d").log == std::vector<std::string>{"one", "two"});
    CHECK(env.state<desk_state>("desk/d").most == 0);
    CHECK(env.run("desk/d") == 2);
    CHECK(env.reset("desk/d", 1).error().code == errc::malformed);
    CHECK(env.reset("desk/e", 1).error().code == errc::entity_not_found);
    client.note({.text = "three"}).get().value();
  });
}

TEST_CASE("operators: a reset sends again what it goes back to, and activities begin again") {
  crash_everywhere([](test_environment& env) {
    env.host<desk>().host<account>().host<transfer>();
    auto quote = env.script<hotels_contract>("quote").returns(price_of(7)).takes(10s);
    auto asked = env.send(desk_client(env, "d").quote({.hotel = "ritz"}));
    account_client(env, "a").deposit({.cents = 100}).get().value();
    auto moved = env.send(transfer_client(env, "t").move({.from = "a", .to = "b", .cents = 40}));
    env.run_for(5s);
    CHECK(env.reset("desk/d", 1));
    CHECK(env.reset("transfer/t", 1));
    CHECK(asked.get().value().cents == 7);
    CHECK(moved.get().value().left == 60);
    env.run_to_the_end();
    CHECK(quote.called() == 2);
    // The accounts do not know what the transfer has sent in its earlier life.
    CHECK(env.state<account_state>("account/a").cents == 20);
  });
}

TEST_CASE("operators: what comes while an entity is paused waits, and is taken in its order") {
  crash_everywhere([](test_environment& env) {
    env.host<desk>();
    desk_client client{env, "d"};
    client.note({.text = "one"}).get().value();
    auto notes = env.send(client.wait_for_notes({.count = 4}));
    client.note({.text = "four"}, {.delay = 1h}).get().value();
    CHECK(env.pause("desk/d"));
    client.note({.text = "two"}).get().value();
    client.note({.text = "three"}).get().value();
    env.run_for(24h);
    CHECK(env.state<desk_state>("desk/d").log.size() == 1);
    CHECK(env.resume("desk/d"));
    CHECK(env.state<desk_state>("desk/d").log.size() >= 3);
    CHECK(notes.get().value().log == std::vector<std::string>{"one", "two", "three", "four"});
  });
}

TEST_CASE("operators: a paused receiver is asked again at the same times, whatever crashes") {
  crash_everywhere([](test_environment& env) {
    env.host<account>().host<transfer>();
    account_client(env, "a").deposit({.cents = 100}).get().value();
    env.pause("account/a").value();
    const auto start = env.now();
    transfer_client client{env, "t"};
    auto moved = env.send(client.move({.from = "a", .to = "b", .cents = 40}));
    for (int i = 0; i < 9; ++i) {
      client.sprinkle({.to = {"c"}, .cents = 1}).get().value();
      env.run_for(11s);
    }
    CHECK(env.pending("transfer/t").back().find("sent 7 times") != std::string::npos);
    env.resume("account/a").value();
    CHECK(moved.get().value().left == 60);
    CHECK(env.now() - start == 123s);
  });
}

TEST_CASE("operators: activities of a paused entity go on, and it learns of them when resumed") {
  crash_everywhere([](test_environment& env) {
    env.host<desk>();
    env.script<hotels_contract>("quote").fails("busy").returns(price_of(7)).any_number();
    auto quote = env.send(desk_client(env, "d").quote({.hotel = "ritz"}));
    env.run_until_idle();
    CHECK(env.pause("desk/d"));
    env.run_for(1h);
    CHECK(env.pending("desk/d") ==
          std::vector<std::string>{"is paused", "handler quote (event 1) is suspended"});
    CHECK(!quote.done());
    CHECK(env.resume("desk/d"));
    env.run_until_idle();
    CHECK(quote.done());
    CHECK(quote.get().value().cents == 7);
  });
}

TEST_CASE("operators: whoever waits for a run that is replaced hears of it") {
  crash_everywhere([](test_environment& env) {
    env.host<group>().host<tour>();
    auto led = env.send(group_client(env, "g").lead({.tours = {"x", "y"}, .days = 5}));
    env.run_for(25h);
    const perdure::start_options replace{.when_running = perdure::id_conflict::terminate_existing};
    auto other = env.send(tour_client(env, "x").travel({.days = 2}, {.start = replace}));
    CHECK(led.get().error().detail.find("terminated: started again") != std::string::npos);
    CHECK(other.get().value().days == 2);
    env.run_to_the_end();
    CHECK(env.status("tour/y") == "cancelled");
  });
}

TEST_CASE("operators: what came due while the clock jumped happens late, in its order") {
  crash_everywhere([](test_environment& env) {
    env.host<desk>().host<transfer>().host<account>();
    for (auto id : {"d", "e"}) {
      desk_client client{env, id};
      client.note({.text = "20"}, {.delay = 20s}).get().value();
      client.remind_me({.pause = 10'000}).get().value();
      client.note({.text = "30"}, {.delay = 30s}).get().value();
      env.run_for(5s);
    }
    env.advance(1h);
    env.run_until_idle();
    for (auto id : {"desk/d", "desk/e"}) {
      CHECK(env.state<desk_state>(id).log == std::vector<std::string>{"ring", "20", "30"});
    }
  });
}

TEST_CASE("operators: an entity that has ended and was settled is started anew") {
  crash_everywhere([](test_environment& env) {
    env.host<group>().host<tour>();
    for (int i = 0; i < 3; ++i) {
      auto led = group_client(env, "g").lead({.tours = {"x", "y"}, .days = 1u + 2u * i}).get();
      REQUIRE(led);
      CHECK(group_client(env, "h").join({.tour = "x", .days = 1}).get());
    }
    CHECK(env.run("tour/x") > 1);
  });
}

TEST_CASE("operators: a destructor that calls out when its handler is dropped fails the test") {
  test_environment env;
  env.host<clinging>();
  ghost_client(env, "g").haunt().get().value();
  CHECK_THROWS_WITH_AS(env.finish(), doctest::Contains("ghost/g"), test_failure);
  test_environment crashed;
  crashed.host<clinging>();
  ghost_client(crashed, "g").haunt().get().value();
  crashed.crash("ghost/g");
  CHECK_THROWS_WITH_AS(crashed.finish(), doctest::Contains("ghost/g"), test_failure);
}

}  // namespace travel
