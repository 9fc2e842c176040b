#pragma once

/// Every limit and default of the runtime, in one place. Each bound has an error that names it.

#include <chrono>
#include <cstddef>
#include <cstdint>

#include <perdure/types.h>

namespace perdure::runtime {

using namespace std::chrono_literals;

/// Where the runtime learns what time it is. Safe to use from any thread.
class wall_clock {
public:
  virtual ~wall_clock() = default;
  virtual timestamp now() const = 0;
};

struct engine_limits {
  // -- what a request may be --
  std::size_t payload_bytes = 2 * 1024 * 1024;
  std::size_t id_bytes = 255;
  std::size_t key_bytes = 255;  ///< Idempotency keys.
  std::size_t state_bytes = 8 * 1024 * 1024;
  std::size_t state_bytes_warning = 1024 * 1024;

  // -- what may wait --
  std::size_t mailbox = 10'000;             ///< Messages waiting in one entity.
  std::size_t in_flight = 200'000;          ///< Requests not answered, in the whole node.
  std::size_t timers_per_entity = 2'000;    ///< Timers, reminders and delayed signals.
  std::size_t suspended_handlers = 2'000;   ///< Of one entity.
  std::size_t calls_per_entity = 2'000;     ///< Pending activities and messages not settled.
  std::size_t senders_per_entity = 10'000;  ///< Entities whose messages are not settled.

  // -- history --
  std::uint64_t continue_after_events = 4'096;
  std::uint64_t continue_after_bytes = 4 * 1024 * 1024;
  std::uint64_t history_events = 51'200;  ///< Hard: then new messages are refused.
  std::uint64_t history_bytes = 50 * 1024 * 1024;
  std::uint64_t snapshot_every_events = 256;

  // -- idempotency window --
  duration idempotency_time = 24h;
  std::size_t idempotency_keys = 10'000;

  // -- memory --
  duration passivate_after = 120s;                   ///< Idle time.
  std::size_t active_bytes = 1024ull * 1024 * 1024;  ///< Estimate over all active entities.

  // -- work --
  std::size_t threads = 0;             ///< Of the scheduler. 0: one per core, at least 2.
  std::size_t activity_threads = 64;   ///< Most attempts at the same time in this process.
  duration activity_patience = 10s;    ///< For attempts under way when the node stops.
  std::size_t commit_batches = 4'096;  ///< Most steps in one commit.
  std::size_t commit_bytes = 16 * 1024 * 1024;
};

}  // namespace perdure::runtime
