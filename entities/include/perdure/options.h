#pragma once

/// What may be said about an activity, a start or a child beside its parameters. Plain values: they
/// are journaled with the command, so a later change of a default changes nothing that has begun.

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <perdure/types.h>

namespace perdure {

/// How a failed attempt is repeated: after `first`, then `factor` times as long, at most `most`.
struct retry_policy {
  duration first = std::chrono::seconds{1};
  double factor = 2.0;
  duration most = std::chrono::seconds{100};
  std::uint32_t attempts = 0;  ///< In all; 0: as often as it takes.
  /// Types of failures (`activity_failure::type`) that are final.
  std::vector<std::string> final_types = {};

  friend bool operator==(const retry_policy&, const retry_policy&) = default;
};

/// What cancelling the scope of an awaited activity or child does.
enum class cancellation : std::uint8_t {
  try_cancel,  ///< Asks it to stop, and does not wait: the await throws `cancelled` at once.
  wait,        ///< Asks it to stop, and waits for how it ends.
  abandon,     ///< Lets it run: the await throws `cancelled` at once.
};

/// No limit, for the time-outs below.
inline constexpr duration no_limit{0};

struct activity_options {
  /// Which workers may take it. Empty: the name of the activities, which the node that provides
  /// them works off by itself.
  std::string queue = {};
  duration schedule_to_start = no_limit;               ///< Waiting for a worker, each attempt.
  duration start_to_close = std::chrono::seconds{60};  ///< One attempt.
  duration schedule_to_close = no_limit;               ///< All attempts and pauses together.
  duration heartbeat = no_limit;                       ///< Between two signs of life.
  retry_policy retry = {};
  cancellation on_cancel = cancellation::try_cancel;

  friend bool operator==(const activity_options&, const activity_options&) = default;
};

/// A start of an entity that is running already.
enum class id_conflict : std::uint8_t {
  reject,              ///< Refuses the start: `already_exists`.
  use_existing,        ///< Answers as the start that began it.
  terminate_existing,  ///< Ends the running one and begins anew.
};

/// A start of an entity whose main has ended.
enum class id_reuse : std::uint8_t {
  allow,
  after_failure,  ///< Only if it did not complete; otherwise `already_exists`.
  reject,         ///< `already_exists`.
};

/// What becomes of a child when its parent ends.
enum class parent_close : std::uint8_t { terminate, cancel, abandon };

struct start_options {
  id_conflict when_running = id_conflict::reject;
  id_reuse when_ended = id_reuse::allow;
  duration delay{0};                      ///< Its main begins this much later.
  duration run_timeout = no_limit;        ///< For one run: begins again at continue-as-new.
  duration execution_timeout = no_limit;  ///< For all runs of this start together.
  parent_close on_parent_close = parent_close::terminate;  ///< Of children.
  cancellation on_cancel = cancellation::try_cancel;       ///< Of children.

  friend bool operator==(const start_options&, const start_options&) = default;
};

/// The value of an attribute: what entities are found by.
using attribute_value = std::variant<bool, std::int64_t, double, std::string>;

}  // namespace perdure
