// What handlers reach, and from where they cannot.

#include <doctest/doctest.h>

#include <stdexcept>
#include <string>
#include <variant>

#include "crew_bench.h"

using namespace perdure;
using namespace perdure::core;
using namespace std::chrono_literals;

namespace {

/// Calls out of the handler when its frame goes.
template <class Call>
struct guard {
  Call call;
  explicit guard(Call what) : call(std::move(what)) {}
  guard(const guard&) = delete;
  ~guard() { call(); }
};

template <class Call>
void nap_guarded_by(Call call) {
  scripted::on_ask = [call](scripted& me, std::string) -> task<std::string> {
    guard at_end([&] { call(me); });
    co_await me.sleep(5ms);
    co_return "awake";
  };
}

class hasty final : public crew::crew_entity {
public:
  hasty() { random(); }
  task<work_results> work(work_params) override { co_return {}; }
  void tell(const tell_params&) override {}
  task<ask_results> ask(ask_params) override { co_return {}; }
  log_results log() const override { return {}; }
};

class faithful final : public crew::crew_entity {
public:
  ~faithful() override { entity<crew::crew_contract>("two").tell({.text = "bye"}); }
  task<work_results> work(work_params) override { co_return {}; }
  void tell(const tell_params&) override {}
  task<ask_results> ask(ask_params) override { co_return {}; }
  log_results log() const override { return {}; }
};

}  // namespace

TEST_CASE("turn: a guard that tells another entity does so at the end of its handler") {
  crew_bench b;
  nap_guarded_by([](scripted& me) { me.colleague("two").tell({.text = "done"}); });
  step_of(b.ask());
  b.pass(5ms);
  CHECK(b.last<message_sent>().message.target.id == "two");
  CHECK(!b.entity->drop_handlers());
  b.replayed();
}

TEST_CASE("turn: a guard that calls when the entity leaves memory has no effect, and is named") {
  crew_bench b;
  nap_guarded_by([](scripted& me) { me.colleague("two").tell({.text = "done"}); });
  step_of(b.ask());
  const auto why = b.entity->drop_handlers();
  REQUIRE(why.has_value());
  CHECK(why->code == errc::internal);
  CHECK(why->detail.find("crew/one ask called tell()") == 0);
  CHECK(b.entity->outbox().empty());
  CHECK(!b.entity->drop_handlers());

  // Nobody asks: the machine goes all the same.
  b.entity = b.replayed();
  b.entity.reset();
}

TEST_CASE("turn: nothing that a guard may call ends the process") {
  crew_bench b;
  nap_guarded_by([](scripted& me) {
    me.now();
    me.self();
    me.random();
    me.is_cancelled();
    me.set_attribute("a", true);
    me.ring("late", 5ms);
    me.version("change", 1, 2);
    me.side_effect([] { return std::string("read"); });
    me.side_effect([] { return work::log_results{}; });
    me.spawn([](scripted& of) -> task<> { co_await of.sleep(1ms); }(me));
    me.helper("two").cancel();
  });
  step_of(b.ask());
  const auto state = b.entity->state();
  const auto why = b.entity->drop_handlers();
  REQUIRE(why.has_value());
  CHECK(why->detail.find("ask called random()") != std::string::npos);
  CHECK(b.entity->state() == state);
  CHECK(b.entity->reminders().empty());
}

TEST_CASE("turn: a guard whose handler is dropped at the end of the entity is part of that step") {
  crew_bench b;
  nap_guarded_by([](scripted& me) {
    me.colleague("two").tell({.text = "done"});
    me.spawn([](scripted& of) -> task<> { co_await of.sleep(1ms); }(me));
  });
  step_of(b.ask());
  step_of(b.keep(b.entity->terminate("enough", {}, b.now)));
  CHECK(b.last<message_sent>().message.target.id == "two");
  CHECK(b.last<handler_failed>().message.find("begins nothing") != std::string::npos);
  CHECK(b.entity->suspended().empty());
  CHECK(!b.entity->drop_handlers());
  CHECK(b.replayed()->outbox() == b.entity->outbox());
}

TEST_CASE("turn: a guard beyond the limit of calls is a failed handler, not the end") {
  crew_bench b;
  b.limits.calls = 0;
  nap_guarded_by([](scripted& me) { me.colleague("two").tell({.text = "done"}); });
  step_of(b.ask());
  step_of(b.keep(b.entity->terminate("enough", {}, b.now)));
  CHECK(b.last<handler_failed>().message.find("the limit") != std::string::npos);
  b.replayed();
}

TEST_CASE("turn: a guard of a main that continues as new is told of") {
  crew_bench b;
  b.limits.continue_after_events = 1;
  int told = 0;
  scripted::on_work = [&](scripted& me, std::string) -> task<std::string> {
    guard at_end([&] {
      ++told;
      me.colleague("two").tell({.text = "done"});
    });
    co_await me.continue_point();
    co_await me.sleep(1h);
    co_return "";
  };
  step_of(b.tell("hello"));
  step_of(b.start());
  REQUIRE(b.entity->can_continue());
  b.journal.push_back(b.entity->continue_as_new(b.now));
  CHECK(told == 1);
  CHECK(b.entity->outbox().empty());
  const auto why = b.entity->drop_handlers();
  REQUIRE(why.has_value());
  CHECK(why->detail.find("crew/one work called tell()") == 0);
}

TEST_CASE("turn: a constructor that calls is refused with words, a destructor without effect") {
  const entity_id who{"crew", "one"};
  const machine_limits limits;
  const auto early = type_of<hasty>();
  CHECK_THROWS_WITH_AS(machine(early, who, limits),
                       doctest::Contains("random() was called outside of a handler"),
                       std::logic_error);
  const auto late = type_of<faithful>();
  machine fine(late, who, limits);
  CHECK(std::holds_alternative<accepted>(fine.handle_signal(crew_bench::tell_of("x"), noon)));
}

TEST_CASE("turn: a query has no effects, whatever it casts away") {
  crew_bench b;
  step_of(b.tell("hello"));
  CHECK(b.log() == std::vector<std::string>{"hello"});
  CHECK(b.entity->where().last_event == 1);
}

// -- side effects ---------------------------------------------------------------------------------

namespace {

/// What a handler sees of a side effect that throws, live and in replay.
template <class Thrown>
std::string seen_by_handler(const Thrown& what) {
  crew_bench b;
  bool throws = true;
  scripted::on_tell = [&](scripted& me, const std::string&) {
    const auto before = me.random();
    try {
      me.side_effect([&]() -> std::string {
        if (throws) throw what;
        return "all is well";
      });
    } catch (const rejected& why) {
      me.note("rejected: " + std::string(why.what()));
    } catch (const failure& why) {
      me.note(std::string(to_string(why.why().code)) + " (" + why.why().type +
              "): " + why.why().detail);
    }
    me.note(std::to_string(before) + ' ' + std::to_string(me.random()));
  };
  step_of(b.tell("look"));
  CHECK(b.last<side_effect_recorded>().why.has_value());
  throws = false;
  CHECK(b.log(*b.replayed()) == b.log());
  return b.log().at(0);
}

}  // namespace

TEST_CASE("turn: what a side effect throws is recorded, and the same in replay") {
  CHECK(seen_by_handler(rejected("no such file")) == "rejected: no such file");
  CHECK(seen_by_handler(failure({errc::unavailable, "try again", "disk"})) ==
        "unavailable (disk): try again");
  CHECK(seen_by_handler(std::runtime_error("the file is not there")) ==
        "failed (): the file is not there");
  CHECK(seen_by_handler(42) == "failed (): threw what is no std::exception");
}

TEST_CASE("turn: a side effect that throws after an await may be caught, or fail its handler") {
  crew_bench b;
  bool there = false;
  scripted::on_ask = [&](scripted& me, std::string) -> task<std::string> {
    co_await me.sleep(5ms);
    co_return me.side_effect([&]() -> std::string {
      if (!there) throw std::runtime_error("the file is not there");
      return "content";
    });
  };
  step_of(b.ask());
  b.pass(5ms);
  CHECK(b.last<update_ended>().outcome.message == "the file is not there");
  there = true;
  b.replayed();
}

TEST_CASE("turn: a history from before failures were recorded is replayed by trying again") {
  crew_bench b;
  bool throws = true;
  scripted::on_tell = [&](scripted& me, const std::string&) {
    try {
      me.side_effect([&]() -> std::string {
        if (throws) throw std::runtime_error("gone");
        return "there";
      });
    } catch (const failure&) {
    }
  };
  step_of(b.tell("look"));
  b.journal[0].commands.clear();
  b.replayed();
  throws = false;
  machine fresh(b.type, b.who, b.limits);
  const auto why = b.replay_into(fresh);
  REQUIRE(why.has_value());
  CHECK(why->code == errc::nondeterministic);
}

// -- frames ---------------------------------------------------------------------------------------

TEST_CASE("turn: for_each keeps the frames of those that run, not of all that ended") {
  static int alive = 0;
  static int most = 0;
  struct token {
    token() { most = std::max(most, ++alive); }
    token(const token&) { most = std::max(most, ++alive); }
    ~token() { --alive; }
  };
  crew_bench b;
  scripted::on_ask = [](scripted& me, std::string) -> task<std::string> {
    co_await for_each(std::vector<int>(1000), 10, [&](int) -> task<> {
      return [](scripted& of, token) -> task<> { co_await of.sleep(1ms); }(me, token{});
    });
    co_return "";
  };
  alive = most = 0;
  step_of(b.ask());
  for (int i = 0; i < 1000; ++i) b.pass(1ms);
  CHECK(b.last<update_ended>().outcome.how == update_outcome::kind::completed);
  CHECK(alive == 0);
  CHECK(most < 50);
}
