#include "persistence/sealing.h"

#include <exception>
#include <string>
#include <variant>

namespace perdure::persistence {

namespace {

/// Calls `change` for every payload within a value.
template <class Change>
class walker {
public:
  explicit walker(Change change) : change_(change) {}

  void operator()(bytes& payload) { change_(payload); }
  void operator()(core::reminder& of) { change_(of.params); }
  void operator()(core::delayed_signal& of) { change_(of.params); }
  void operator()(core::update_outcome& of) { change_(of.results); }
  void operator()(core::call_outcome& of) { change_(of.results); }
  void operator()(core::keyed_message& of) { optional(of.outcome); }
  void operator()(core::outgoing& of) { change_(of.params); }
  void operator()(core::taken_messages& of) {
    for (auto& each : of.requests) optional(each.outcome);
  }
  void operator()(core::started_main& of) {
    change_(of.params);
    optional(of.outcome);
  }
  void operator()(core::carried_state& of) {
    change_(of.state);
    all(of.reminders);
    all(of.delayed);
    all(of.idempotency);
    all(of.outbox);
    all(of.inbox);
    optional(of.main);
  }
  void operator()(core::record& of) {
    std::visit([this](auto& what) { this->input(what); }, of.what);
    for (auto& each : of.commands) {
      std::visit([this](auto& what) { this->command(what); }, each);
    }
  }

private:
  template <class T>
  void all(std::vector<T>& values) {
    for (auto& each : values) (*this)(each);
  }
  template <class T>
  void optional(std::optional<T>& value) {
    if (value) (*this)(*value);
  }

  template <class Input>
  void input(Input& what) {
    if constexpr (requires { what.params; }) change_(what.params);
    if constexpr (requires { what.outcome; }) (*this)(what.outcome);
    if constexpr (requires { what.carried; }) (*this)(what.carried);
    if constexpr (requires { what.history; }) all(what.history);
    if constexpr (requires { what.signals; }) all(what.signals);
  }
  template <class Command>
  void command(Command& what) {
    if constexpr (requires { what.params; }) change_(what.params);
    if constexpr (requires { what.outcome; }) (*this)(what.outcome);
    if constexpr (requires { what.set.params; }) (*this)(what.set);
    if constexpr (requires { what.message.params; }) (*this)(what.message);
    if constexpr (std::is_same_v<Command, core::side_effect_recorded>) change_(what.value);
  }

  Change change_;
};

template <class Value>
void seal_all(Value& value, const payload_codec& with) {
  // An empty payload says nothing, and stays what it is.
  walker([&](bytes& payload) {
    if (!payload.empty()) payload = with.encode(payload);
  })(value);
}

template <class Value>
std::optional<error> unseal_all(Value& value, const payload_codec& with) {
  try {
    walker([&](bytes& payload) {
      if (!payload.empty()) payload = with.decode(payload);
    })(value);
    return std::nullopt;
  } catch (const std::exception& why) {
    return error{errc::internal, why.what()};
  }
}

}  // namespace

void seal(core::record& step, const payload_codec& with) { seal_all(step, with); }
void seal(core::carried_state& carried, const payload_codec& with) { seal_all(carried, with); }

std::optional<error> unseal(core::record& step, const payload_codec& with) {
  return unseal_all(step, with);
}
std::optional<error> unseal(core::carried_state& carried, const payload_codec& with) {
  return unseal_all(carried, with);
}

}  // namespace perdure::persistence
