// Methods that a contract had once.

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include "crew_bench.h"

using namespace perdure;
using namespace perdure::core;
using namespace std::chrono_literals;

namespace {

/// The crew's type without one of its methods.
struct reduced {
  std::vector<method> left;
  contract described = work::description();
  entity_type type = type_of<scripted>();

  explicit reduced(std::string_view gone) {
    for (auto& each : work::description().methods) {
      if (each.name != gone) left.push_back(each);
    }
    described.methods = left;
    type.contract = &described;
  }
};

/// Why the journal cannot be replayed without a method.
std::string difference_without(std::string_view gone, const crew_bench& b) {
  const reduced less(gone);
  machine fresh(less.type, b.who, b.limits);
  const auto why = b.replay_into(fresh);
  REQUIRE(why.has_value());
  CHECK(why->code == errc::nondeterministic);
  return why->detail;
}

bool names(const std::string& detail, std::string_view event, std::uint16_t method) {
  return detail.find(event) == 0 &&
         detail.find("the contract has no method @" + std::to_string(method) + " any more") !=
             std::string::npos;
}

}  // namespace

TEST_CASE("methods: a signal, an update and a main that are gone are named in replay") {
  scripted::on_work = nullptr;
  {
    crew_bench b;
    step_of(b.tell("hello"));
    CHECK(names(difference_without("tell", b), "event 1", 1));
  }
  {
    crew_bench b;
    scripted::on_ask = [](scripted&, std::string) -> task<std::string> { co_return ""; };
    step_of(b.ask());
    CHECK(names(difference_without("ask", b), "event 1", 2));
  }
  crew_bench b;
  scripted::on_work = [](scripted& me, std::string) -> task<std::string> {
    co_await me.sleep(1h);
    co_return "";
  };
  step_of(b.start());
  CHECK(names(difference_without("work", b), "event 1", 0));
}

TEST_CASE(
    "methods: a reminder, a delayed signal and a delayed start whose method is gone are named") {
  crew_bench b;
  scripted::on_ask = [](scripted& me, std::string) -> task<std::string> {
    me.ring("tea", 5ms);
    co_return "";
  };
  step_of(b.ask());
  CHECK(b.pass(5ms) == 1);
  CHECK(names(difference_without("tell", b), "event 4", 1));

  crew_bench c;
  auto delayed = crew_bench::tell_of("later");
  delayed.delay = 5ms;
  step_of(c.tell(std::move(delayed)));
  CHECK(c.pass(5ms) == 1);
  CHECK(names(difference_without("tell", c), "event 2", 1));

  crew_bench d;
  scripted::on_work = [](scripted&, std::string) -> task<std::string> { co_return ""; };
  step_of(d.start(crew_bench::start_of("", {.delay = 5ms})));
  CHECK(d.pass(5ms) == 1);
  CHECK(difference_without("work", d).find("no method @0 any more") != std::string::npos);
}

TEST_CASE("methods: what is due and cannot be called is an error, and changes nothing") {
  crew_bench b;
  scripted::on_ask = [](scripted& me, std::string) -> task<std::string> {
    me.ring("tea", 5ms);
    co_return "";
  };
  step_of(b.ask());
  const reduced less("tell");
  machine later(less.type, b.who, b.limits);
  REQUIRE(!b.replay_into(later));
  const auto before = later.carry();
  auto fired = later.fire(b.now + 5ms);
  REQUIRE(!fired);
  CHECK(fired.error().code == errc::nondeterministic);
  CHECK(fired.error().detail ==
        "event 4, reminder \"ring\" fired: the contract has no method @1 any more");
  CHECK(later.carry() == before);
  CHECK(later.where().last_event == 3);
  CHECK(!later.fire(b.now + 4ms).value());
}

TEST_CASE("methods: a method of another kind than it was is named") {
  crew_bench b;
  step_of(b.tell("hello"));
  auto methods =
      std::vector(work::description().methods.begin(), work::description().methods.end());
  for (auto& each : methods) {
    if (each.name == "tell") each.kind = method_kind::update;
  }
  auto changed = work::description();
  changed.methods = methods;
  auto type = b.type;
  type.contract = &changed;
  machine fresh(type, b.who, b.limits);
  const auto why = b.replay_into(fresh);
  REQUIRE(why.has_value());
  CHECK(why->detail.find("method @1, tell, is no signal any more") != std::string::npos);
}

TEST_CASE("methods: messages for methods that are not there are refused") {
  crew_bench b;
  step_of(b.tell("hello"));
  const auto unknown = [](const outcome& taken) {
    return refusal_of(taken).why.code == errc::unknown_method;
  };
  CHECK(unknown(b.tell(message{77, {}, {}})));
  CHECK(unknown(b.ask(message{77, {}, {}})));
  CHECK(unknown(b.start(message{77, {}, {}})));
  CHECK(b.entity->query(77, {}, b.now).error().code == errc::unknown_method);
  CHECK(b.entity->where().last_event == 1);

  const reduced less("work");
  machine none(less.type, b.who, b.limits);
  CHECK(unknown(none.handle_start(crew_bench::start_of(""), b.now)));
}
