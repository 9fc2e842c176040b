#include <doctest/doctest.h>

#include <chrono>
#include <stdexcept>

#include "entities/json.h"
#include "entities/machine.h"
#include "kitchen.h"

/// Generated classes between bytes and handlers: methods, reminders, clients and activities.

namespace {

using namespace kitchen_example;
using namespace std::chrono_literals;

class sink final : public kitchen::kitchen_entity {
public:
  void put(const kitchen::state& params) override { state = params; }
  kitchen::state take() const override { return state; }
  void clear() override { state = {}; }
  void rename(const rename_params& params) override {
    state.the_http_server = params.from + ">" + params.to;
  }
  find_results find(const find_params& params) const override {
    return {.order = {.id = params.name.value_or("nobody")}, .notes = {{.text = "found"}}};
  }
  void ping() const override {}
  perdure::task<bake_results> bake(bake_params params) override {
    co_await sleep(5ms);
    co_return {.bread = {.cents = params.dough.cents + 1}};
  }
  perdure::task<> wait() override {
    co_await sleep(1ms);
    state.the_http_server = "waited";
  }
  perdure::task<::kitchen::order> order(::kitchen::order params) override { co_return params; }
  void delete_(const acme::common::money& params) override {
    remind("clear", 10ms, &sink::clear);
    remind("rename", 20ms, &sink::rename, {.from = "a", .to = "b"});
    remind_at("note", perdure::timestamp{std::chrono::milliseconds{params.cents}}, &sink::note,
              {.text = "now"});
  }
  void note(const kitchen_note& params) override {
    if (params.text == "other") remind("other", 1ms, &sink::something_else);
    state.the_http_server = params.text;
  }
  void reset() override { remind("reset", 1ms, &kitchen_entity::reset); }

  perdure::task<serve_results> serve(serve_params params) override {
    co_await sleep(1ms);
    co_return {.bill = {.cents = 10 * params.guests}};
  }
  void cancel(const cancel_params& params) override { state.the_http_server = params.why; }

  void something_else() {}
};

const perdure::contract& described() { return kitchen::kitchen_contract::description(); }

perdure::core::message message(const char* name, perdure::bytes params) {
  return {.method = described().find(name)->ordinal, .params = std::move(params), .key = {}};
}

perdure::answer answered(perdure::bytes results) {
  perdure::answer answer;
  answer.results = std::move(results);
  return answer;
}

struct fixture {
  template <class T>
  perdure::core::outcome signal(const char* name, const T& params) {
    return machine.handle_signal(message(name, perdure::encode(params)), now);
  }
  perdure::core::outcome signal(const char* name) {
    return machine.handle_signal(message(name, perdure::empty_payload()), now);
  }
  const kitchen::state& look() { return seen = perdure::decode<kitchen::state>(machine.state()); }

  perdure::entity_id who{"kitchen-sink", "one"};
  perdure::core::machine_limits limits;
  perdure::core::machine machine{perdure::type_of<sink>(), who, limits};
  perdure::timestamp now{1000ms};
  kitchen::state seen;
};

TEST_CASE("dispatch: the description says what the contract says") {
  CHECK(described().type == "kitchen-sink");
  CHECK(described().state == perdure::codec<kitchen::state>::schema);
  CHECK(described().methods.size() == 14);
  for (std::size_t i = 0; i < 14; ++i) CHECK(described().methods[i].ordinal == i);
  auto* rename = described().find("rename");
  REQUIRE(rename);
  CHECK(rename->kind == perdure::method_kind::signal);
  CHECK(rename->params == perdure::codec<kitchen::kitchen_contract::rename_params>::schema);
  CHECK(rename->source == "kitchen.capnp:151");
  CHECK(described().source == "kitchen.capnp:145");
  CHECK(described().find("bake")->kind == perdure::method_kind::update);
  CHECK(described().find("take")->kind == perdure::method_kind::query);
  CHECK(described().find("serve")->kind == perdure::method_kind::main);
  CHECK(described().main() == described().find("serve"));
}

TEST_CASE_FIXTURE(fixture, "dispatch: signals reach their handlers with their parameters") {
  signal("put", kitchen_example::state());
  CHECK(look() == kitchen_example::state());
  signal("rename", kitchen::kitchen_contract::rename_params{.from = "x"});
  CHECK(look().the_http_server == "x>nobody");
  signal("clear");
  CHECK(machine.state() == perdure::empty_payload());
}

TEST_CASE_FIXTURE(fixture, "dispatch: queries answer with their results") {
  auto& find = *described().find("find");
  auto params = perdure::encode(kitchen::kitchen_contract::find_params{.name = "me"});
  auto results = machine.query(find.ordinal, params, now).value();
  auto found = perdure::decode<kitchen::kitchen_contract::find_results>(results);
  CHECK(found.order.id == "me");
  CHECK(found.notes == std::vector<kitchen::kitchen_note>{{.text = "found"}});
  auto& ping = *described().find("ping");
  CHECK(machine.query(ping.ordinal, perdure::empty_payload(), now).value() ==
        perdure::empty_payload());
}

TEST_CASE_FIXTURE(fixture, "dispatch: updates end with their results, at once or later") {
  auto run = [&](const char* name, const perdure::bytes& params) -> perdure::bytes {
    auto taken = machine.handle_update(message(name, params), now);
    auto step = std::get<perdure::core::accepted>(std::move(taken)).step;
    while (true) {
      for (auto& command : step.commands) {
        if (auto* ended = std::get_if<perdure::core::update_ended>(&command)) {
          return ended->outcome.results;
        }
      }
      auto next = machine.fire(machine.next_due().value()).value();
      REQUIRE(next);
      step = *next;
    }
  };
  auto bread = run("bake", perdure::encode(kitchen::kitchen_contract::bake_params{{.cents = 4}}));
  CHECK(perdure::decode<kitchen::kitchen_contract::bake_results>(bread).bread.cents == 5);
  CHECK(run("wait", perdure::empty_payload()) == perdure::empty_payload());
  CHECK(look().the_http_server == "waited");
  auto order = perdure::encode(orders()[3]);
  CHECK(run("order", order) == order);
}

TEST_CASE_FIXTURE(fixture, "dispatch: a main ends with its results, and the entity with it") {
  auto params = perdure::encode(kitchen::kitchen_contract::serve_params{.guests = 3});
  auto taken = machine.handle_start(message("serve", params), now);
  CHECK(std::holds_alternative<perdure::core::accepted>(taken));
  CHECK(machine.status() == perdure::core::life_status::running);
  REQUIRE(machine.fire(machine.next_due().value()).value());
  CHECK(machine.status() == perdure::core::life_status::completed);
  auto& outcome = machine.main()->outcome.value();
  CHECK(outcome.how == perdure::core::update_outcome::kind::completed);
  auto results = perdure::decode<kitchen::kitchen_contract::serve_results>(outcome.results);
  CHECK(results.bill.cents == 30);
}

TEST_CASE("dispatch: a main may take and answer nothing") {
  struct bell final : kitchen::clock_entity {
    perdure::task<> ring() override {
      state.weight = 1;
      co_return;
    }
  };
  perdure::entity_id who{"clock", "tower"};
  perdure::core::machine_limits limits;
  perdure::core::machine machine{perdure::type_of<bell>(), who, limits};
  machine.handle_start({.method = 0, .params = perdure::empty_payload(), .key = {}},
                       perdure::timestamp{1s});
  CHECK(machine.status() == perdure::core::life_status::completed);
  CHECK(perdure::decode<kitchen::egg>(machine.state()).weight == 1);
  CHECK(machine.main()->outcome.value().results == perdure::empty_payload());
}

TEST_CASE_FIXTURE(fixture, "dispatch: reminders name signals by their member functions") {
  signal("delete", acme::common::money{.cents = 5000});
  auto& reminders = machine.reminders();
  REQUIRE(reminders.size() == 3);
  CHECK(reminders.at("clear").signal == described().find("clear")->ordinal);
  CHECK(reminders.at("clear").due == now + 10ms);
  CHECK(reminders.at("clear").params == perdure::empty_payload());
  CHECK(reminders.at("rename").signal == described().find("rename")->ordinal);
  CHECK(perdure::decode<kitchen::kitchen_contract::rename_params>(reminders.at("rename").params) ==
        kitchen::kitchen_contract::rename_params{.from = "a", .to = "b"});
  CHECK(reminders.at("note").signal == described().find("note")->ordinal);
  CHECK(reminders.at("note").due == perdure::timestamp{5000ms});
  // Two signals of one signature are told apart, overridden or not.
  signal("reset");
  CHECK(reminders.at("reset").signal == described().find("reset")->ordinal);
}

TEST_CASE_FIXTURE(fixture, "dispatch: a reminder of what is no signal is a bug that is named") {
  auto taken = signal("note", kitchen::kitchen_note{.text = "other"});
  auto* refused = std::get_if<perdure::core::refused>(&taken);
  REQUIRE(refused);
  CHECK(refused->why.detail.find("reminder \"other\"") != std::string::npos);
}

TEST_CASE_FIXTURE(fixture, "dispatch: parameters that cannot be decoded change nothing") {
  auto taken = machine.handle_signal(message("put", perdure::bytes(24)), now);
  auto* refused = std::get_if<perdure::core::refused>(&taken);
  REQUIRE(refused);
  CHECK(refused->why.code == perdure::errc::malformed);
  CHECK(machine.where().last_event == 0);
}

// -- clients --------------------------------------------------------------------------------------

struct recorder final : perdure::caller {
  void call(perdure::request what, perdure::completion done) override {
    last = std::move(what);
    done(next);
  }
  perdure::request last;
  perdure::result<perdure::answer> next = answered({});
};

TEST_CASE("clients: calls carry target, method, parameters and options") {
  recorder calls;
  kitchen::kitchen_client client{calls, "one"};
  auto receipt = client.rename({.from = "a", .to = "b"}, {.key = "k", .delay = 3s}).get().value();
  CHECK(receipt.event == 0);
  CHECK(calls.last.target == perdure::entity_id{"kitchen-sink", "one"});
  CHECK(calls.last.contract == &described());
  CHECK(calls.last.method == described().find("rename"));
  CHECK(calls.last.options.key == "k");
  CHECK(calls.last.options.delay == 3s);
  CHECK(perdure::decode<kitchen::kitchen_contract::rename_params>(calls.last.params).to == "b");
  CHECK(client.wait().get());
  CHECK(calls.last.params == perdure::empty_payload());
}

TEST_CASE("clients: a main is called like an update") {
  recorder calls;
  const kitchen::kitchen_client client{calls, "one"};
  kitchen::kitchen_contract::serve_results results{.bill = {.cents = 7}};
  calls.next = answered(perdure::encode(results));
  CHECK(client.serve({.guests = 2}, {.key = "k"}).get().value() == results);
  CHECK(calls.last.method == described().main());
  CHECK(calls.last.options.key == "k");
  CHECK(perdure::decode<kitchen::kitchen_contract::serve_params>(calls.last.params).guests == 2);
}

TEST_CASE("clients: results are decoded, and what cannot be is an error") {
  recorder calls;
  const kitchen::kitchen_client client{calls, "one"};
  calls.next = answered(perdure::encode(kitchen_example::state()));
  CHECK(client.take().get().value() == kitchen_example::state());
  calls.next = answered(perdure::bytes(3));
  CHECK(client.take().get().error().code == perdure::errc::malformed);
  calls.next = perdure::error{perdure::errc::rejected, "no"};
  CHECK(client.bake({}).get().error().detail == "no");
  calls.next = answered({});
  CHECK(client.bake({}, {.until_accepted = true}).get().value() ==
        kitchen::kitchen_contract::bake_results{});
}

// -- activities -----------------------------------------------------------------------------------

struct gas_oven final : kitchen::oven_activities {
  heat_results heat(const heat_params& params) override {
    return {.minutes = params.degrees / 10u};
  }
  void cool() override { cooled = true; }
  bool cooled = false;
};

TEST_CASE("activities: run by their descriptions") {
  gas_oven oven;
  auto& activities = oven.described();
  CHECK(activities.name == "oven");
  CHECK(activities.source == "kitchen.capnp:170");
  auto* heat = activities.find("heat");
  REQUIRE(heat);
  CHECK(heat->source == "kitchen.capnp:171");
  auto params = perdure::encode(kitchen::oven_contract::heat_params{.degrees = 200});
  CHECK(perdure::decode<kitchen::oven_contract::heat_results>(oven.run(*heat, params)).minutes ==
        20);
  CHECK(oven.run(*activities.find("cool"), perdure::empty_payload()) == perdure::empty_payload());
  CHECK(oven.cooled);
  perdure::activity other{.ordinal = 9, .name = "other"};
  CHECK_THROWS_WITH_AS(
      oven.run(other, {}),
      "oven has no method other of this kind: the method comes from another contract",
      std::logic_error);
}

}  // namespace
