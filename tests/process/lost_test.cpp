// What is lost on the way, between an entity, its journal, and those who wait for it.

#include "bench.h"

using namespace perdure;
using namespace perdure::process;
using namespace std::chrono_literals;

namespace {

envelope_ptr signal_of(std::string text, event_number number) {
  core::outgoing what;
  what.number = number;
  what.target = {"crew", "one"};
  what.method = crew_contract::description().find("tell")->ordinal;
  what.params = encode(crew_contract::tell_params{.text = std::move(text)});
  return std::make_shared<const envelope>(
      envelope{{"crew", "two"}, life_name(1, 7), std::move(what)});
}

const arm* inquiry_in(const actions& all) {
  for (auto& each : all) {
    auto* armed = std::get_if<arm>(&each);
    if (armed && std::holds_alternative<inquiry>(armed->what)) return armed;
  }
  return nullptr;
}

}  // namespace

TEST_CASE("an entity that comes back asks those who have not said that it may forget") {
  process_bench b;
  b.deliver(message{signal_of("hello", 3)});
  b.write();
  b.out.clear();

  b.load();
  CHECK(inquiry_in(b.out) == nullptr);
  b.deliver(wake{nullptr, true});  // In passing.
  CHECK(inquiry_in(b.out) == nullptr);
  b.deliver(wake{nullptr, false});
  auto* asked = inquiry_in(b.out);
  REQUIRE(asked);
  CHECK(asked->to == entity_id{"crew", "two"});
  CHECK(std::get<inquiry>(asked->what).last == 3);

  b.out.clear();
  b.tell("more");
  CHECK(inquiry_in(b.out) == nullptr);
}

TEST_CASE("of an entity that was removed nothing is durable any more") {
  process_bench b;
  scripted::on_work = [](scripted&, std::string) -> task<std::string> { co_return ""; };
  std::optional<result<answer>> first;
  b.start(first);
  b.write();
  REQUIRE(first->value().event == 1);
  b.entity->durable(b.durable);
  CHECK(b.entity->may_be_removed());
  b.store.collect(b.now + 1h);
  REQUIRE(!b.store.find(b.who));

  b.drive([](auto& of, auto now, auto& to) { of.removed(now, to); });
  std::optional<result<answer>> second;
  b.start(second);
  REQUIRE(b.queued.size() == 1);
  CHECK(b.queued[0].step.first_event == 1);
  // What comes now has to wait for that.
  b.out.clear();
  b.deliver(await_result{forever, answerer{[](const auto&) {}}});
  CHECK(b.count_of<answer_caller>() == 0);
  CHECK(b.count_of<behind>() == 1);
  b.write();
  CHECK(second->has_value());
}

TEST_CASE("whoever has joined a main in a step that is not written is told to ask again") {
  process_bench b;
  scripted::on_work = [](scripted& me, std::string) -> task<std::string> {
    co_await me.sleep(1h);
    co_return "done";
  };
  std::optional<result<answer>> first;
  std::optional<result<answer>> joined;
  b.start(first);
  b.write();

  call_options joins;
  joins.key = "k";
  joins.start.when_running = id_conflict::use_existing;
  b.start(joined, joins);
  CHECK(b.queued.size() == 1);
  b.refuse();
  REQUIRE(joined);
  CHECK(joined->error().code == errc::storage_full);
  CHECK(!first);

  b.now += 1h;
  b.deliver(wake{nullptr, false});
  b.write();
  REQUIRE(first);
  CHECK(first->has_value());
}

TEST_CASE("nobody waits for what has not ended only in a reset that is not written") {
  process_bench b;
  scripted::on_ask = [](scripted& me, std::string) -> task<std::string> {
    co_await me.sleep(1h);
    co_return "done";
  };
  call_options keyed;
  keyed.key = "k";
  b.deliver(process::call{b.request_of("ask", encode(crew_contract::ask_params{.text = {}}), keyed),
                          answerer{[](const auto&) {}}});
  b.write();
  b.now += 1h;
  b.deliver(wake{nullptr, false});
  b.write();

  std::optional<result<answer>> back;
  b.deliver(reset{1, "test", answerer{[&](result<answer> how) { back = std::move(how); }}});
  REQUIRE(b.queued.size() == 1);
  std::optional<result<update_state>> heard;
  b.deliver(await_update{"k", forever, [&](auto how) { heard = std::move(how); }});
  CHECK(!heard);
  b.refuse();
  REQUIRE(back);
  CHECK(back->error().code == errc::storage_full);
  REQUIRE(heard);
  CHECK(heard->error().code == errc::storage_full);
  b.deliver(await_update{"k", forever, [&](auto how) { heard = std::move(how); }});
  b.say_answers();
  CHECK(heard->has_value());
}
