#pragma once

/// Drives one machine of a crew, whose handlers the test sets.

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "bench.h"
#include "crew.h"

namespace perdure::core {

using crew::scripted;
using work = crew::crew_contract;

struct crew_bench {
  entity_id who{"crew", "one"};
  machine_limits limits;
  entity_type type = type_of<scripted>();
  std::unique_ptr<machine> entity = std::make_unique<machine>(type, who, limits);
  std::vector<record> journal;
  timestamp now = noon;

  crew_bench() {
    scripted::on_work = nullptr;
    scripted::on_ask = nullptr;
    scripted::on_tell = nullptr;
  }

  static std::uint16_t ordinal(std::string_view name) {
    return work::description().find(name)->ordinal;
  }

  static message start_of(std::string plan, start_options how = {}) {
    message what{ordinal("work"), encode(work::work_params{.plan = std::move(plan)}), {}};
    what.start = how;
    return what;
  }
  static message tell_of(std::string text) {
    return {ordinal("tell"), encode(work::tell_params{.text = std::move(text)}), {}};
  }
  static message ask_of(std::string text) {
    return {ordinal("ask"), encode(work::ask_params{.text = std::move(text)}), {}};
  }

  outcome start(message what) { return keep(entity->handle_start(std::move(what), now)); }
  outcome start(std::string plan = {}) { return start(start_of(std::move(plan))); }
  outcome tell(message what) { return keep(entity->handle_signal(std::move(what), now)); }
  outcome tell(std::string text) { return tell(tell_of(std::move(text))); }
  outcome ask(message what) { return keep(entity->handle_update(std::move(what), now)); }
  outcome ask(std::string text = {}) { return ask(ask_of(std::move(text))); }
  outcome lent(event_number activity, std::string tool = "hammer") {
    return keep(entity->end_activity(
        activity, {encode(crew::tools_contract::lend_results{.tool = std::move(tool)}), {}}, now));
  }

  outcome keep(outcome taken) {
    if (auto* step = std::get_if<accepted>(&taken)) journal.push_back(step->step);
    return taken;
  }

  std::size_t pass(duration time) {
    now += time;
    std::size_t fired = 0;
    while (auto step = entity->fire(now).value()) {
      journal.push_back(*step);
      ++fired;
    }
    return fired;
  }

  /// Goes back; the journal holds the new run then.
  void reset(event_number to, timestamp life = {}) {
    journal = {machine::reset(std::move(journal), to, "test", now, life)};
    entity = replayed();
  }

  std::vector<std::string> log(const machine& of) const {
    auto found = const_cast<machine&>(of).query(ordinal("log"), {}, now);
    return decode<work::log_results>(found.value()).lines;
  }
  std::vector<std::string> log() const { return log(*entity); }

  std::optional<error> replay_into(machine& fresh) const {
    for (auto& step : journal) {
      if (auto why = fresh.replay(step)) return why;
    }
    return std::nullopt;
  }
  std::unique_ptr<machine> replayed() const {
    auto again = std::make_unique<machine>(type, who, limits);
    auto why = replay_into(*again);
    REQUIRE_MESSAGE(!why, why->detail);
    return again;
  }

  /// The only command of that kind in the last record.
  template <class Command>
  Command last() const {
    const Command* found = nullptr;
    for (auto& each : journal.back().commands) {
      if (auto* command = std::get_if<Command>(&each)) found = command;
    }
    REQUIRE(found);
    return *found;
  }
};

}  // namespace perdure::core
