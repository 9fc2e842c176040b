#include <doctest/doctest.h>

#include <concepts>

#include "entities/machine.h"
#include "names.perdure.h"

/// Contracts may use the names that people want, and those that generated code has uses of its own
/// for. Most of this is tested by compiling it.

namespace {

class sink final : public names::entity_entity {
public:
  void ask(const names::request& params) override { state.last = "ask " + params.text; }
  perdure::task<names::call> call(names::call params) override { co_return params; }
  void cancel() override { state.last = "cancel"; }
  perdure::task<names::client> client(names::client params) override { co_return params; }
  void close() override { state.last = "close"; }
  void complete() override { state.last = "complete"; }
  names::contract contract(const names::contract& params) const override { return params; }
  names::stub describe(const names::stub& params) const override { return params; }
  void handler(const names::handler& params) override { state.last = "handler " + params.text; }
  names::id id() const override { return {.text = self().id}; }
  names::kept kept(const names::kept& params) const override { return params; }
  names::kind kind(const names::kind& params) const override { return params; }
  perdure::task<names::method> method(names::method params) override {
    params.text += "!";
    co_return params;
  }
  perdure::task<move_results> move(move_params params) override { co_return {.stub = params.to}; }
  void named() override { state.last = "named"; }
  names::options options(const names::options& params) const override { return params; }
  perdure::task<names::params> params(names::params params) override {
    params.text += "?";
    co_return params;
  }
  perdure::task<names::pause> pause(names::pause params) override { co_return params; }
  perdure::task<names::result> place(names::permit params) override {
    auto other = entity<names::entity_contract>(params.text);
    other.ask({.text = other.perdure::detail::entity_stub::id().id});
    other.cancel();
    other.perdure::detail::entity_stub::cancel("why");
    other.tell({.text = "it"});
    other.terminate();
    auto paused = co_await other.pause({.text = "here"});
    co_return {.text = paused.text};
  }
  progress_results progress() const override { return {.percent = 50}; }
  void recorded() const override {}
  perdure::task<names::request> request(names::request params) override { co_return params; }
  perdure::task<names::run> run(names::run params) override { co_return params; }
  void signal(const names::signal& params) override {
    state.last = "signal " + params.text;
    remind("later", std::chrono::seconds{1}, &sink::signal, {.text = "again"});
  }
  void start() override { state.last = "start"; }
  status_results status() const override { return {.status = state.last}; }
  void tell(const names::saved& params) override { state.last = "tell " + params.text; }
  void terminate() override { state.last = "terminate"; }
  perdure::task<names::version> transfer(names::mutex params) override {
    co_return {.text = params.text};
  }
  names::what what(const names::what& params) const override { return params; }
  perdure::task<> main() override { co_return; }
  void method2(const names::method& params) override { state.last = "method2 " + params.text; }
};

using stub = names::entity_contract::stub;
static_assert(std::same_as<stub, names::entity_stub>);
static_assert(std::derived_from<stub, perdure::detail::entity_stub>);
static_assert(std::derived_from<names::activities_stub, perdure::detail::activities_stub>);
static_assert(std::same_as<decltype(names::entity_contract::move_params{}.of), names::client_type>);
static_assert(std::same_as<decltype(names::entity_contract::move_params{}.by), names::state_type>);
static_assert(std::same_as<decltype(names::entity_contract::move_params{}.to), names::stub>);

struct fixture {
  perdure::core::message message(const char* name, perdure::bytes params) {
    auto& described = names::entity_contract::description();
    return {.method = described.find(name)->ordinal, .params = std::move(params), .key = {}};
  }
  std::string last() { return perdure::decode<names::state>(machine.state()).last; }

  perdure::entity_id who{"entity", "one"};
  perdure::core::machine_limits limits;
  perdure::core::machine machine{perdure::type_of<sink>(), who, limits};
  perdure::timestamp now{std::chrono::seconds{1}};
};

TEST_CASE_FIXTURE(fixture, "names: methods named as the hooks' own parameters are reached") {
  auto answer = [&](const char* name) {
    auto params = perdure::encode(names::method{.text = name});
    auto taken = machine.handle_update(message(name, params), now);
    auto& step = std::get<perdure::core::accepted>(taken).step;
    auto& ended = std::get<perdure::core::update_ended>(step.commands.at(0));
    return perdure::decode<names::method>(ended.outcome.results).text;
  };
  CHECK(answer("method") == "method!");
  CHECK(answer("params") == "params?");
  machine.handle_signal(message("method2", perdure::encode(names::method{.text = "x"})), now);
  CHECK(last() == "method2 x");
}

TEST_CASE_FIXTURE(fixture, "names: a signal called signal is reached, now and later") {
  machine.handle_signal(message("signal", perdure::encode(names::signal{.text = "now"})), now);
  CHECK(last() == "signal now");
  REQUIRE(machine.fire(now + std::chrono::seconds{1}).value());
  CHECK(last() == "signal again");
}

TEST_CASE_FIXTURE(fixture, "names: methods hide what the runtime calls the same, both are there") {
  using perdure::core::message_kind;
  machine.handle_start(message("place", perdure::encode(names::permit{.text = "two"})), now);
  auto& outbox = machine.outbox();
  REQUIRE(outbox.size() == 6);
  auto at = outbox.begin();
  auto& ask = at++->second;
  CHECK(ask.kind == message_kind::signal);
  CHECK(perdure::decode<names::request>(ask.params).text == "two");
  CHECK(at++->second.kind == message_kind::signal);
  CHECK(at++->second.kind == message_kind::cancel);
  CHECK(perdure::decode<names::saved>(at++->second.params).text == "it");
  CHECK(at++->second.kind == message_kind::signal);
  CHECK(at->second.kind == message_kind::update);
  machine.take_reply(at->first,
                     {.results = perdure::encode(names::pause{.text = "there"}), .why = {}}, now);
  CHECK(perdure::decode<names::result>(machine.main()->outcome.value().results).text == "there");
}

TEST_CASE("names: activities may be called as what they run with") {
  struct provided final : names::activities_activities {
    names::stub pause(const names::pause& params) override { return {.text = params.text}; }
    void cancel() override {}
    names::current current(const names::current& params) override { return params; }
    names::context describe(const names::context& params) override { return params; }
    void entity() override {}
    names::params params(const names::params& params) override { return params; }
    which_results which(const names::which& params) override { return {.which = params}; }
  };
  provided activities;
  auto& which = *activities.described().find("which");
  auto results = activities.run(which, perdure::encode(names::which{.text = "this"}));
  CHECK(perdure::decode<names::activities_contract::which_results>(results).which.text == "this");
  auto& params = *activities.described().find("params");
  results = activities.run(params, perdure::encode(names::params{.text = "those"}));
  CHECK(perdure::decode<names::params>(results).text == "those");
}

}  // namespace
