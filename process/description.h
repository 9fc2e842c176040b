#pragma once

/// What there is to know of an entity now.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <perdure/errors.h>
#include <perdure/types.h>

#include "entities/record.h"
#include "persistence/journal.h"

namespace perdure::process {

/// A handler that waits at an await.
struct suspended_handler {
  std::string method;           ///< Name in the contract.
  event_number started_by = 0;  ///< The event that started it.
};

struct pending_timer {
  std::string name;  ///< Reminder's name, the signal's method for a delayed signal, or "sleep".
  std::string kind;  ///< "reminder", "delayed_signal" or "timer".
  timestamp due;
};

/// What is known of an activity that has not ended.
struct activity_status {
  event_number number = 0;
  std::string activities;
  std::uint16_t activity = 0;
  std::string queue;
  std::uint32_t attempt = 0;  ///< Begun so far.
  bool running = false;       ///< An attempt is under way.
  std::string last_failure;
  std::optional<timestamp> next_try;  ///< When it waits for one.
};

/// A message that has not been taken yet.
struct undelivered {
  event_number number = 0;
  entity_id target;
  core::message_kind kind = core::message_kind::signal;
  std::uint32_t attempts = 0;
  std::string last_failure;
};

struct description {
  entity_id entity;
  std::string status;           ///< As of `persistence::entity_status`, or "parked".
  std::optional<error> parked;  ///< Why, when parked.
  persistence::entity_summary summary;
  bytes state;  ///< By the contract's state struct; empty when parked.
  std::vector<pending_timer> timers;
  std::vector<suspended_handler> suspended;
  std::vector<activity_status> activities;
  std::vector<undelivered> messages;  ///< To other entities, not taken yet.
  std::vector<entity_id> children;
  core::attributes attributes;
  std::optional<core::started_main> main;  ///< If it was started.
  std::size_t idempotency_keys = 0;
  sharding::shard_number shard = 0;
  sharding::epoch_number epoch = 0;
};

}  // namespace perdure::process
