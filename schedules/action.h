#pragma once

/// What a schedule does when it is due: its action, read and checked. Pure.

#include <optional>
#include <string>
#include <string_view>

#include <perdure/errors.h>
#include <perdure/options.h>
#include <perdure/schedule.h>
#include <perdure/types.h>

namespace perdure::schedules {

enum class action_kind : std::uint8_t { start, signal, update };

struct action {
  action_kind kind = action_kind::start;
  std::string type;
  std::string id;  ///< Of a start: the prefix.
  std::string method;
  std::string params;  ///< JSON, an object.
  start_options options;
  bool pass_last_result = false;

  /// Returns who is started or called when it is due at `nominal`.
  entity_id target(timestamp nominal) const;

  /// Returns the parameters; `last_result` (JSON, or empty: none) is in them if it is to be passed.
  std::string params_with(std::string_view last_result) const;
};

/// Errors: malformed, naming the field.
result<action> read_action(const schedule_action& from);

/// What a policy says, checked against the action. Errors: malformed, naming the field.
struct policy {
  schedule_overlap overlap = schedule_overlap::skip;  ///< Never `default_`.
  duration catch_up{0};
};
result<policy> read_policy(const schedule_policy& from, action_kind kind);

/// Returns why such an action cannot overlap in this way; nothing: it can.
std::optional<error> check_overlap(schedule_overlap overlap, action_kind kind);

}  // namespace perdure::schedules
