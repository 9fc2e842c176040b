#pragma once

/// One event of a history as JSON: the members that its kind has, payloads decoded by the contracts
/// of the entity, of the activities it called and of the entities it wrote to, as far as this node
/// knows them; others as base64, under the member's name with "Base64" behind it.

#include <functional>
#include <optional>
#include <string_view>

#include "entities/record.h"
#include "gateway/json_text.h"
#include "gateway/known_activities.h"
#include "runtime/engine.h"

namespace perdure::gateway {

/// How the results of a call are read: of an update, a main, an activity, a message to another
/// entity.
struct results_format {
  const core::json_codec* codec = nullptr;  ///< Null: nobody here knows the contract.
  std::uint64_t schema = 0;
};

/// What it takes to read the payloads of one entity's history.
struct history_contracts {
  const runtime::engine& engine;
  const runtime::hosted_type& type;
  const known_activities& activities;
  /// Returns the format of the call that began with an event, or nothing where that is not known.
  std::function<std::optional<results_format>(event_number)> format_of;
};

/// Returns e.g. "signal_received"; a literal.
std::string_view kind_of(const core::input& what);
std::string_view kind_of(const core::command& what);

/// Appends the members of its kind.
void append_members(json_writer& json, const history_contracts& by, const core::input& what);
void append_members(json_writer& json, const history_contracts& by, const core::command& what);

/// Returns how the results of what an event begins will be read; nothing when it begins no call.
std::optional<results_format> format_of(const history_contracts& by, const core::input& what);
std::optional<results_format> format_of(const history_contracts& by, const core::command& what);

}  // namespace perdure::gateway
