#include <doctest/doctest.h>

#include <chrono>
#include <concepts>
#include <type_traits>
#include <utility>
#include <variant>

#include "entities/machine.h"
#include "kitchen.h"

/// Stubs: what calls in handlers look like to the C++ compiler, and which requests they become.

namespace {

using namespace std::chrono_literals;
using perdure::core::message_kind;
using contract = kitchen::kitchen_contract;
using kitchen_stub = contract::stub;
using clock_stub = kitchen::clock_contract::stub;
using oven_stub = kitchen::oven_contract::stub;

// -- signatures -----------------------------------------------------------------------------------

static_assert(std::same_as<kitchen_stub, kitchen::kitchen_stub>);
static_assert(std::derived_from<kitchen_stub, perdure::detail::entity_stub>);
static_assert(std::derived_from<oven_stub, perdure::detail::activities_stub>);
static_assert(std::is_final_v<kitchen_stub>);
static_assert(std::is_constructible_v<kitchen_stub, perdure::core::machine&, perdure::entity_id,
                                      bool, perdure::start_options>);
static_assert(
    std::is_constructible_v<oven_stub, perdure::core::machine&,
                            const perdure::activities_description&, perdure::activity_options>);

/// Whether a method of a stub is `Returned (Params...) const`.
template <class Returned, class... Params, class Stub>
constexpr bool is(Returned (Stub::*)(Params...) const) {
  return true;
}

static_assert(is<void, const kitchen::state&>(&kitchen_stub::put));
static_assert(is<void>(&kitchen_stub::clear));
static_assert(is<void, const contract::rename_params&>(&kitchen_stub::rename));
static_assert(is<perdure::call<kitchen::state>>(&kitchen_stub::take));
static_assert(
    is<perdure::call<contract::find_results>, const contract::find_params&>(&kitchen_stub::find));
static_assert(is<perdure::call<>>(&kitchen_stub::ping));
static_assert(
    is<perdure::call<contract::bake_results>, const contract::bake_params&>(&kitchen_stub::bake));
static_assert(is<perdure::call<>>(&kitchen_stub::wait));
static_assert(is<perdure::call<kitchen::order>, const kitchen::order&>(&kitchen_stub::order));
static_assert(is<perdure::call<contract::serve_results>, const contract::serve_params&>(
    &kitchen_stub::serve));
static_assert(is<perdure::call<contract::serve_results>>(&kitchen_stub::result));
static_assert(is<void, const contract::cancel_params&>(&kitchen_stub::cancel));
static_assert(is<perdure::call<>>(&clock_stub::ring));
static_assert(is<perdure::call<>>(&clock_stub::result));
static_assert(is<perdure::call<kitchen::oven_contract::heat_results>,
                 const kitchen::oven_contract::heat_params&>(&oven_stub::heat));
static_assert(is<perdure::call<>>(&oven_stub::cool));

template <class Stub>
concept has_result = requires(const Stub& stub) { stub.result(); };
static_assert(has_result<kitchen_stub>);
static_assert(!has_result<oven_stub>);

// -- what becomes of calls ------------------------------------------------------------------------

/// Makes the call that the test asks for, with the number as the order's id.
class cook final : public kitchen::kitchen_entity {
public:
  perdure::task<::kitchen::order> order(::kitchen::order params) override {
    auto other = entity<kitchen::kitchen_contract>("two");
    auto& what = params.id;
    if (what == "put") other.put({.the_http_server = "x"});
    if (what == "clear") other.clear();
    if (what == "cancel") other.cancel({.why = "late"});
    if (what == "stop") other.perdure::detail::entity_stub::cancel("late");
    if (what == "end") other.terminate("late");
    if (what == "take") params.line.sku = (co_await other.take()).the_http_server;
    if (what == "ping") co_await other.ping();
    if (what == "bake") co_await other.bake({.dough = {.cents = 4}});
    if (what == "wait") co_await other.wait();
    if (what == "serve") co_await other.serve({.guests = 5});
    if (what == "begin") co_await other.serve({.guests = 6}).started();
    if (what == "result") params.line.sku = std::to_string((co_await other.result()).bill.cents);
    if (what == "child") {
      co_await child<kitchen::clock_contract>("three",
                                              {.on_parent_close = perdure::parent_close::abandon})
          .ring();
    }
    if (what == "heat") {
      auto oven = activities<kitchen::oven_contract>({.queue = "big"});
      params.line.sku = std::to_string((co_await oven.heat({.degrees = 200})).minutes);
    }
    if (what == "cool") co_await activities<kitchen::oven_contract>().cool();
    if (what == "both") {
      auto oven = activities<kitchen::oven_contract>();
      auto [hot, state] = co_await perdure::all(oven.heat({.degrees = 1}), other.take());
      params.line.sku = std::to_string(hot.minutes) + state.the_http_server;
    }
    co_return params;
  }

  void put(const kitchen::state& params) override { state = params; }
  kitchen::state take() const override { return state; }
  void clear() override {}
  void rename(const rename_params&) override {}
  find_results find(const find_params&) const override { return {}; }
  void ping() const override {}
  perdure::task<bake_results> bake(bake_params) override { co_return {}; }
  perdure::task<> wait() override { co_return; }
  void delete_(const acme::common::money&) override {}
  void note(const kitchen_note&) override {}
  void reset() override {}
  perdure::task<serve_results> serve(serve_params) override { co_return {}; }
  void cancel(const cancel_params&) override {}
};

struct fixture {
  /// Has the entity make a call, and returns the message that it became.
  perdure::core::outgoing sent(const char* what) {
    order(what);
    REQUIRE(machine.outbox().size() == 1);
    return machine.outbox().begin()->second;
  }
  perdure::core::pending_activity scheduled(const char* what) {
    order(what);
    REQUIRE(machine.activities().size() == 1);
    return machine.activities().begin()->second;
  }
  void order(const char* what) {
    auto taken = machine.handle_update({.method = contract::description().find("order")->ordinal,
                                        .params = perdure::encode(kitchen::order{.id = what}),
                                        .key = {}},
                                       now);
    REQUIRE(std::holds_alternative<perdure::core::accepted>(taken));
  }
  /// Returns the order that the handler ended with, in a step that was taken.
  static kitchen::order ended(const perdure::core::outcome& taken) {
    auto& step = std::get<perdure::core::accepted>(taken).step;
    for (auto& command : step.commands) {
      if (auto* end = std::get_if<perdure::core::update_ended>(&command)) {
        return perdure::decode<kitchen::order>(end->outcome.results);
      }
    }
    FAIL("the handler has not ended");
    return {};
  }

  perdure::entity_id who{"kitchen-sink", "one"};
  perdure::entity_id two{"kitchen-sink", "two"};
  perdure::core::machine_limits limits;
  perdure::core::machine machine{perdure::type_of<cook>(), who, limits};
  perdure::timestamp now{1000ms};
};

void check(const perdure::core::outgoing& message, message_kind kind, const char* method) {
  CHECK(message.target == perdure::entity_id{"kitchen-sink", "two"});
  CHECK(message.kind == kind);
  CHECK(message.method == contract::description().find(method)->ordinal);
  CHECK(!message.as_child);
}

TEST_CASE_FIXTURE(fixture, "stubs: a signal is sent at once, with its parameters") {
  auto put = sent("put");
  check(put, message_kind::signal, "put");
  CHECK(perdure::decode<kitchen::state>(put.params).the_http_server == "x");
  CHECK(machine.suspended().empty());
}

TEST_CASE_FIXTURE(fixture, "stubs: a signal without parameters has the empty payload") {
  auto clear = sent("clear");
  check(clear, message_kind::signal, "clear");
  CHECK(clear.params == perdure::empty_payload());
}

TEST_CASE_FIXTURE(fixture, "stubs: a contract's own cancel is a signal like any other") {
  auto cancel = sent("cancel");
  check(cancel, message_kind::signal, "cancel");
  CHECK(perdure::decode<contract::cancel_params>(cancel.params).why == "late");
}

TEST_CASE_FIXTURE(fixture, "stubs: the runtime's cancel is there behind the contract's") {
  auto cancel = sent("stop");
  CHECK(cancel.kind == message_kind::cancel);
  CHECK(cancel.reason == "late");
}

TEST_CASE_FIXTURE(fixture, "stubs: an entity is terminated") {
  auto end = sent("end");
  CHECK(end.kind == message_kind::terminate);
  CHECK(end.reason == "late");
}

TEST_CASE_FIXTURE(fixture, "stubs: a query is awaited and its results are decoded") {
  auto take = sent("take");
  check(take, message_kind::query, "take");
  CHECK(take.params == perdure::empty_payload());
  auto reply = perdure::encode(kitchen::state{.the_http_server = "there"});
  auto taken = machine.take_reply(take.number, {.results = reply, .why = {}}, now);
  CHECK(ended(taken).line.sku == "there");
}

TEST_CASE_FIXTURE(fixture, "stubs: what answers nothing is awaited all the same") {
  auto ping = sent("ping");
  check(ping, message_kind::query, "ping");
  CHECK(machine.suspended().size() == 1);
  auto taken =
      machine.take_reply(ping.number, {.results = perdure::empty_payload(), .why = {}}, now);
  CHECK(ended(taken).id == "ping");
}

TEST_CASE_FIXTURE(fixture, "stubs: an update is awaited") {
  auto bake = sent("bake");
  check(bake, message_kind::update, "bake");
  CHECK(perdure::decode<contract::bake_params>(bake.params).dough.cents == 4);
}

TEST_CASE_FIXTURE(fixture, "stubs: an update without parameters and results is awaited") {
  auto wait = sent("wait");
  check(wait, message_kind::update, "wait");
  CHECK(wait.params == perdure::empty_payload());
}

TEST_CASE_FIXTURE(fixture, "stubs: a main is started and awaited") {
  auto serve = sent("serve");
  check(serve, message_kind::run, "serve");
  CHECK(perdure::decode<contract::serve_params>(serve.params).guests == 5);
}

TEST_CASE_FIXTURE(fixture, "stubs: a main is started and left alone") {
  auto begin = sent("begin");
  check(begin, message_kind::start, "serve");
  CHECK(perdure::decode<contract::serve_params>(begin.params).guests == 6);
}

TEST_CASE_FIXTURE(fixture, "stubs: the results of a main that runs are awaited") {
  auto result = sent("result");
  check(result, message_kind::result, "serve");
  CHECK(result.params == perdure::empty_payload());
  auto reply = perdure::encode(contract::serve_results{.bill = {.cents = 9}});
  auto taken = machine.take_reply(result.number, {.results = reply, .why = {}}, now);
  CHECK(ended(taken).line.sku == "9");
}

TEST_CASE_FIXTURE(fixture, "stubs: a child is started with its options") {
  auto ring = sent("child");
  CHECK(ring.target == perdure::entity_id{"clock", "three"});
  CHECK(ring.kind == message_kind::run);
  CHECK(ring.as_child);
  CHECK(ring.start.on_parent_close == perdure::parent_close::abandon);
}

TEST_CASE_FIXTURE(fixture, "stubs: an activity is scheduled and awaited") {
  auto heat = scheduled("heat");
  CHECK(heat.activities == "oven");
  CHECK(heat.activity == 0);
  CHECK(heat.options.queue == "big");
  CHECK(perdure::decode<kitchen::oven_contract::heat_params>(heat.params).degrees == 200);
  auto results = perdure::encode(kitchen::oven_contract::heat_results{.minutes = 20});
  auto taken = machine.end_activity(heat.number, {.results = results, .why = {}}, now);
  CHECK(ended(taken).line.sku == "20");
}

TEST_CASE_FIXTURE(fixture, "stubs: an activity may take and answer nothing") {
  auto cool = scheduled("cool");
  CHECK(cool.activity == 1);
  CHECK(cool.params == perdure::empty_payload());
}

TEST_CASE_FIXTURE(fixture, "stubs: calls of different kinds are awaited together") {
  order("both");
  REQUIRE(machine.activities().size() == 1);
  REQUIRE(machine.outbox().size() == 1);
  auto message = machine.outbox().begin()->first;
  auto minutes = perdure::encode(kitchen::oven_contract::heat_results{.minutes = 3});
  machine.end_activity(machine.activities().begin()->first, {.results = minutes, .why = {}}, now);
  auto reply = perdure::encode(kitchen::state{.the_http_server = " there"});
  CHECK(ended(machine.take_reply(message, {.results = reply, .why = {}}, now)).line.sku ==
        "3 there");
}

}  // namespace
