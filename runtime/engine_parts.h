#pragma once

/// What an engine is made of, and how the parts are wired. Internal to the engine's three files:
/// engine.cpp (what is asked from outside), routing.cpp (how deliveries find their entities),
/// housekeeping.cpp (what time brings).

#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

#include "entities/bounds.h"
#include "process/life.h"
#include "runtime/courier.h"
#include "runtime/delivery.h"
#include "runtime/engine.h"
#include "runtime/journal_writer.h"
#include "runtime/live_entity.h"
#include "runtime/outlet.h"
#include "runtime/shard_host.h"
#include "runtime/timers.h"
#include "runtime/watchers.h"

namespace perdure::runtime {

/// Counts the requests that are not answered.
class in_flight_count final : public process::landing {
public:
  std::uint64_t now() const { return count_.load(std::memory_order_relaxed); }
  /// Counts one more, unless there are `most`.
  bool take_off(std::uint64_t most) {
    if (count_.fetch_add(1, std::memory_order_relaxed) < most) return true;
    landed();
    return false;
  }
  void landed() noexcept override { count_.fetch_sub(1, std::memory_order_relaxed); }

private:
  std::atomic<std::uint64_t> count_{0};
};

// Members are destroyed from the last to the first: the threads end before what they use.
struct engine::parts {
  parts(persistence::journal& store, const wall_clock& wall, engine_limits chosen);

  // -- routing.cpp --
  std::uint32_t shard_count() const { return static_cast<std::uint32_t>(hosts.size()); }
  /// Hands a delivery to its entity. REQUIRES: its type is hosted.
  void send(entity_id target, process::delivery what);
  /// Hands on what entities have for each other, and what the engine has for them; refuses what
  /// cannot be handed on.
  void hand(entity_id target, process::delivery what);
  /// Asks on behalf of somebody outside.
  void ask(const entity_id& target, process::delivery what);
  void activity_ended(const entity_id& entity, timestamp life, event_number activity,
                      const core::call_outcome& how);
  std::optional<error> check(const entity_id& target) const;
  std::optional<error> check(const request& what) const;

  // -- housekeeping.cpp --
  void wake(const entity_id& entity, bool in_passing, process::report done);
  void wake_pending();
  void wake_held_back(timestamp now);
  void note_parked(const entity_id& entity, const std::optional<error>& why);
  void wake_housekeeper();
  void keep_house();
  void sweep(timestamp now);
  std::size_t put_idle_away(std::int64_t time, std::size_t step);

  const engine_limits limits;
  const core::bounds bounds{limits.id_bytes, limits.key_bytes, limits.payload_bytes};
  persistence::journal& store;
  const wall_clock& wall;
  std::map<std::string, std::unique_ptr<hosted_type>, std::less<>> types;
  std::vector<std::shared_ptr<interceptor>> interceptors;
  std::shared_ptr<const payload_codec> codec;
  std::atomic<bool> serving{false};
  in_flight_count in_flight;
  std::atomic<std::uint64_t> node_overloaded{0};
  std::atomic<std::uint64_t> lives_begun{0};
  watchers watching;

  mutable std::mutex parked_mutex;
  std::deque<std::pair<entity_id, error>> parked;

  std::atomic<std::size_t> on_their_way{0};
  activity_dispatcher activities;
  courier messages;
  const outlet out;
  journal_writer writer;
  entity_services services;
  timers due;
  std::unique_ptr<caf::actor_system_config> config;
  shard_host::environment environment;
  std::vector<std::unique_ptr<shard_host>> hosts;
  caf::actor_system system;  // Ends when its actors have, and these use what stands above.

  std::mutex house_mutex;
  std::condition_variable house_woken;
  bool house_called = false;
  bool house_closed = false;
  timestamp last_sweep{}, last_look_at_held{};
  std::thread housekeeper;
};

}  // namespace perdure::runtime
