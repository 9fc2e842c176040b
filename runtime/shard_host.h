#pragma once

/// The entities of one shard: brings them into memory when somebody writes to them, hands
/// deliveries on in order, and puts idle ones away. Any thread may call.
///
/// An entity leaves in three steps, so that no delivery is lost and no two instances of it are ever
/// alive: it is asked to leave (deliveries are kept here from then on); it waits until what it
/// submitted is durable; it is forgotten, and what was kept brings it back.

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include <caf/fwd.hpp>

#include "runtime/delivery.h"
#include "runtime/entity_actor.h"
#include "runtime/entity_slot.h"
#include "runtime/live_entity.h"

namespace perdure::runtime {

/// How long those entities have been idle that a sweep did not ask to leave.
struct idle_ages {
  static constexpr std::size_t steps = 16;

  /// At k: for at least `longest` >> k, and less than twice that.
  std::array<std::size_t, steps> of{};
  std::size_t leaving = 0;  ///< Those that were asked, now or before, and have not left yet.
};

class shard_host {
public:
  /// What the hosts of an engine share.
  struct environment {
    caf::actor_system& system;
    entity_services& services;
    std::atomic<std::size_t>& on_their_way;  ///< Messages sent to entities and not handled yet.
    std::function<const process::hosted_type*(const std::string&)> find_type;
    std::atomic<std::uint64_t> active{0}, activations{0}, passivations{0}, overloaded{0};
    std::atomic<std::int64_t> coarse_time{0};  ///< Milliseconds, of whatever clock; for idleness.
  };

  shard_host(environment& shared, sharding::shard_number shard, sharding::epoch_number epoch)
      : shared_(shared), shard_(shard), epoch_(epoch) {}
  shard_host(const shard_host&) = delete;
  shard_host& operator=(const shard_host&) = delete;

  /// Sends a delivery to its entity. REQUIRES: the entity is of this shard, its type is hosted.
  void deliver(mail_ptr what);

  /// Asks entities to leave that have not been used for `longest` >> `step` milliseconds at `time`,
  /// at most `most`, and counts the others. REQUIRES: step < idle_ages::steps.
  void put_idle_away(std::int64_t time, std::int64_t longest, std::size_t step, std::size_t most,
                     idle_ages& stayed);

  /// Asks every entity to leave, refusing those who wait for updates with `why`.
  void put_all_away(const error& why);

  /// Tells an entity that a step of it was not written.
  void commit_refused(const entity_slot& slot, const error& why);

  /// Has CAF give the actor a turn.
  void schedule(entity_actor* whom);

  /// A delivery has been handled.
  void handled(entity_slot& slot);

  // -- what entities answer -----------------------------------------------------------------------

  /// The entity must stay; it takes deliveries again.
  void stays(const entity_slot& slot);
  /// The entity is gone.
  void left(const entity_slot& slot);
  /// The entity holds nothing that is worth keeping in memory. Returns whether it may leave:
  /// nothing is on its way to it, and from now on deliveries are kept for it.
  bool dismiss(const entity_slot& slot);

private:
  struct resident {
    std::shared_ptr<entity_slot> slot;
    entity_actor_ptr actor;
    std::int64_t last_used = 0;
    bool leaving = false;
    bool sent_off = false;  ///< Has to leave in any case, and knows.
    std::vector<mail_ptr> kept;
  };

  /// Takes `what` over, or returns false when the mailbox is full. REQUIRES: the lock is held.
  bool accept(mail_ptr& what);
  void send(resident& to, mail_ptr what);
  resident& activate(const mail& first);
  using residents = std::unordered_multimap<std::uint64_t, resident>;
  residents::iterator find(std::uint64_t hash, const entity_id& id);
  /// Returns null when the entity of this slot has gone.
  resident* find(const entity_slot& slot);
  void ask_to_leave(resident& whom);

  environment& shared_;
  const sharding::shard_number shard_;
  const sharding::epoch_number epoch_;
  std::mutex mutex_;
  residents residents_;  ///< By the hash of the id.
};

}  // namespace perdure::runtime
