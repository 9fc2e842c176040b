#pragma once

/// One entity on the deterministic core, to hold its rules against: no node, no disk, and a time
/// that passes when the test says so.

#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>

#include <perdure/entity.h>
#include <perdure/value.h>

#include "entities/machine.h"

namespace perdure::testing {

template <class Entity>
class subject {
public:
  /// Sends a signal. Returns why it was refused, or "" when it was accepted.
  template <class Params>
  std::string signal(std::string_view name, const Params& params) {
    auto outcome = machine_.handle_signal({ordinal(name), encode(params), {}}, now_);
    if (auto refusal = std::get_if<core::refused>(&outcome)) return refusal->why.detail;
    return "";
  }

  /// Sends an update. Returns its results, or the refusal. REQUIRES: it ends without awaiting.
  template <class Results, class Params>
  result<Results> update(std::string_view name, const Params& params) {
    auto outcome = machine_.handle_update({ordinal(name), encode(params), {}}, now_);
    if (auto refusal = std::get_if<core::refused>(&outcome)) return refusal->why;
    for (auto& command : std::get<core::accepted>(outcome).step.commands) {
      if (auto ended = std::get_if<core::update_ended>(&command)) {
        return decode<Results>(ended->outcome.results);
      }
    }
    throw std::logic_error("the update has not ended");
  }

  /// Asks a query without parameters.
  template <class Results>
  Results query(std::string_view name) {
    return decode<Results>(machine_.query(ordinal(name), empty_payload(), now_).value());
  }

  /// Lets time pass, and whatever is due in it happen.
  void pass(duration time) {
    now_ += time;
    while (machine_.fire(now_).value()) {
    }
  }

private:
  std::uint16_t ordinal(std::string_view name) const {
    auto found = machine_.contract().find(name);
    if (!found) throw std::invalid_argument("no such method: " + std::string(name));
    return found->ordinal;
  }

  entity_type type_ = type_of<Entity>();
  entity_id id_{std::string(type_.contract->type), "subject"};
  core::machine_limits limits_;
  core::machine machine_{type_, id_, limits_};
  timestamp now_{std::chrono::hours{24 * 365 * 50}};
};

}  // namespace perdure::testing
