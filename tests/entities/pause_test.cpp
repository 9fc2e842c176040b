#include <doctest/doctest.h>

#include <string>
#include <variant>

#include "crew_bench.h"

using namespace perdure;
using namespace perdure::core;
using namespace std::chrono_literals;

namespace {

void lend_and_note() {
  scripted::on_ask = [](scripted& me, std::string what) -> task<std::string> {
    auto got = co_await me.lend(what);
    me.note(got.tool);
    co_return std::move(got.tool);
  };
}

}  // namespace

TEST_CASE("pause: outcomes that come meanwhile are recorded, and run when it is resumed") {
  crew_bench b;
  lend_and_note();
  const auto first = step_of(b.ask("a")).event + 1;
  const auto second = step_of(b.ask("b")).event + 1;
  step_of(b.keep(b.entity->pause("wait", b.now)));
  step_of(b.lent(second, "saw"));
  step_of(b.lent(first, "drill"));
  CHECK(b.entity->activities().empty());
  CHECK(refusal_of(b.lent(first)).why.code == errc::completed);
  CHECK(b.log().empty());
  CHECK(!b.entity->quiescent());
  CHECK(!b.entity->can_continue());
  // What is held is a function of the records.
  b.entity = b.replayed();
  CHECK(b.log().empty());
  CHECK(!b.entity->quiescent());

  const auto step = step_of(b.keep(b.entity->resume(b.now)));
  CHECK(b.log() == std::vector<std::string>{"saw", "drill"});
  CHECK(step.commands.size() == 2);
  CHECK(b.entity->quiescent());
  CHECK(b.log(*b.replayed()) == b.log());
}

TEST_CASE("pause: between two held outcomes everything runs that can") {
  crew_bench b;
  scripted::on_ask = [](scripted& me, std::string what) -> task<std::string> {
    if (what == "watch") {
      co_await me.wait_until([&] { return me.state_lines() == 1; });
      me.note("one");
      co_return "";
    }
    me.note((co_await me.lend(what)).tool);
    co_return "";
  };
  step_of(b.ask("watch"));
  const auto first = step_of(b.ask("a")).event + 1;
  const auto second = step_of(b.ask("b")).event + 1;
  step_of(b.keep(b.entity->pause("wait", b.now)));
  step_of(b.lent(first, "saw"));
  step_of(b.lent(second, "drill"));
  step_of(b.keep(b.entity->resume(b.now)));
  CHECK(b.log() == std::vector<std::string>{"saw", "one", "drill"});
  b.replayed();
}

TEST_CASE("pause: an answer to a message is held too, and one nobody waits for is not") {
  crew_bench b;
  scripted::on_ask = [](scripted& me, std::string) -> task<std::string> {
    auto answer = co_await me.colleague("two").ask({.text = "how are you?"});
    co_return std::move(answer.result);
  };
  const auto sent = step_of(b.ask()).event + 1;
  scripted::on_tell = [](scripted& me, const std::string&) {
    me.colleague("three").tell({.text = "hello"});
  };
  const auto told = step_of(b.tell("go")).event + 1;
  step_of(b.keep(b.entity->pause("wait", b.now)));
  step_of(b.keep(b.entity->take_reply(told, {{}, error{errc::entity_not_found, "nobody"}}, b.now)));
  step_of(
      b.keep(b.entity->take_reply(sent, {encode(work::ask_results{.result = "fine"}), {}}, b.now)));
  CHECK(b.entity->outbox().empty());
  step_of(b.keep(b.entity->resume(b.now)));
  CHECK(decode<work::ask_results>(b.last<update_ended>().outcome.results).result == "fine");
  b.replayed();
}

TEST_CASE("pause: a termination drops what is held") {
  crew_bench b;
  lend_and_note();
  const auto activity = step_of(b.ask("a")).event + 1;
  step_of(b.keep(b.entity->pause("wait", b.now)));
  step_of(b.lent(activity));
  step_of(b.keep(b.entity->terminate("enough", {}, b.now)));
  CHECK(b.log().empty());
  CHECK(b.entity->quiescent());
  b.replayed();
}

TEST_CASE("pause: a main that ends with one held outcome hears of no other") {
  crew_bench b;
  lend_and_note();
  scripted::on_work = [](scripted& me, std::string what) -> task<std::string> {
    auto got = co_await me.lend(what);
    co_return std::move(got.tool);
  };
  const auto main = step_of(b.start("a")).event + 1;
  const auto other = step_of(b.ask("b")).event + 1;
  step_of(b.keep(b.entity->pause("wait", b.now)));
  step_of(b.lent(main));
  step_of(b.lent(other));
  step_of(b.keep(b.entity->resume(b.now)));
  CHECK(b.entity->status() == life_status::completed);
  CHECK(b.log().empty());
  b.replayed();
}

TEST_CASE("pause: signals that came meanwhile are due when it is resumed, though clocks go back") {
  crew_bench b;
  step_of(b.tell("before"));
  step_of(b.keep(b.entity->pause("wait", b.now)));
  step_of(b.tell("meanwhile"));
  CHECK(!b.entity->has_delayed_due(b.now));
  b.now -= 1h;
  step_of(b.keep(b.entity->resume(b.now)));
  CHECK(b.entity->has_delayed_due(b.now));
  CHECK(b.pass(0ms) == 1);
  CHECK(!b.entity->has_delayed_due(b.now));
  CHECK(b.log() == std::vector<std::string>{"before", "meanwhile"});
  auto later = crew_bench::tell_of("later");
  later.delay = 1s;
  step_of(b.tell(std::move(later)));
  CHECK(!b.entity->has_delayed_due(b.now));
  b.replayed();
}
