#pragma once

/// Drives one machine as a runtime would, and keeps what it would journal.

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "entities/machine.h"
#include "entities/payload.h"
#include "ledger.h"

namespace perdure::core {

using namespace std::chrono_literals;

inline constexpr timestamp noon{std::chrono::hours{12}};

inline const contract& ledger_contract() { return ledger::ledger_contract::description(); }

inline std::uint16_t ordinal(std::string_view name) {
  return ledger_contract().find(name)->ordinal;
}

/// Of a ledger.
struct bench {
  entity_id who{"ledger", "one"};
  machine_limits limits;
  entity_type type = type_of<ledger::book>();
  std::unique_ptr<machine> entity = std::make_unique<machine>(type, who, limits);
  std::vector<record> journal;
  timestamp now = noon;

  template <class Params>
  outcome signal(std::string_view name, const Params& params, std::string key = {},
                 duration delay = 0ms) {
    return keep(entity->handle_signal(
        {ordinal(name), codec<Params>::encode(params), std::move(key), delay}, now));
  }
  outcome signal(std::string_view name) {
    return keep(entity->handle_signal({ordinal(name), {}, {}, 0ms}, now));
  }
  template <class Params>
  outcome update(std::string_view name, const Params& params, std::string key = {}) {
    return keep(entity->handle_update(
        {ordinal(name), codec<Params>::encode(params), std::move(key), 0ms}, now));
  }
  outcome update(std::string_view name) {
    return keep(entity->handle_update({ordinal(name), {}, {}, 0ms}, now));
  }

  outcome keep(outcome taken) {
    if (auto* step = std::get_if<accepted>(&taken)) journal.push_back(step->step);
    return taken;
  }

  /// Moves the clock and fires what is due.
  std::size_t pass(duration time) {
    now += time;
    std::size_t fired = 0;
    while (auto step = entity->fire(now).value()) {
      journal.push_back(*step);
      ++fired;
    }
    return fired;
  }

  ledger::ledger_contract::total_results total() {
    auto found = entity->query(ordinal("total"), {}, now);
    REQUIRE(found.has_value());
    return codec<ledger::ledger_contract::total_results>::decode(*found);
  }

  /// A machine that has replayed the journal.
  std::unique_ptr<machine> replayed(std::optional<error>* why = nullptr) {
    auto again = std::make_unique<machine>(type, who, limits);
    for (auto& step : journal) {
      auto difference = again->replay(step);
      if (why && difference && !*why) *why = difference;
      if (!why) REQUIRE_MESSAGE(!difference, difference->detail);
      if (difference) break;
    }
    return again;
  }
};

inline record step_of(const outcome& taken) {
  REQUIRE(std::holds_alternative<accepted>(taken));
  return std::get<accepted>(taken).step;
}

inline refused refusal_of(const outcome& taken) {
  REQUIRE(std::holds_alternative<refused>(taken));
  return std::get<refused>(taken);
}

/// The outcome of the update accepted as `event`, as far as the journal has it.
inline std::optional<update_outcome> ended(const bench& b, event_number event) {
  for (auto& step : b.journal) {
    for (auto& each : step.commands) {
      if (auto* end = std::get_if<update_ended>(&each); end && end->update == event)
        return end->outcome;
    }
  }
  return std::nullopt;
}

}  // namespace perdure::core
