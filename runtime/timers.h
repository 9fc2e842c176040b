#pragma once

/// Wakes entities when their timers come due. Only what is due soon is held in memory; the rest
/// sleeps in the journal's index, so a million sleeping timers cost nothing but disk, also when
/// they all came due while the node was away.
///
/// Guarantees: an entity is woken at or after its time, never before; after an outage at once; and
/// again, later, when waking it failed.
///
/// `committed` is called by the writer, `tick` by the housekeeper, answers come from anywhere.

#include <atomic>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "persistence/journal.h"
#include "runtime/defaults.h"
#include "runtime/entity_slot.h"

namespace perdure::runtime {

class timers {
public:
  /// Wakes an entity; `done` is called once with what went wrong, if anything did. `in_a_crowd`:
  /// so many are due that those that were asleep had better not stay.
  using waker = std::function<void(const entity_id&, bool in_a_crowd,
                                   std::function<void(std::optional<error>)> done)>;

  /// `call` makes the housekeeper `tick` at once; called by whoever answers.
  timers(const persistence::journal& store, const wall_clock& wall, waker wake,
         std::function<void()> call);

  /// A step became durable. Returns whether the housekeeper should look at the time again.
  bool committed(entity_slot& slot, const persistence::entity_summary& after);

  /// Wakes whoever is due. Returns when to call again at the latest.
  timestamp tick();

  /// Wakes nobody any more.
  void stop() { stopped_ = true; }

private:
  using entry = std::pair<timestamp, entity_id>;

  void read_on(timestamp now);
  std::vector<entry> take_due(timestamp now);
  void wake(const entity_id& entity, bool in_a_crowd);
  bool is_still_due(const entry& due, timestamp now) const;
  void answered(const entity_id& entity, const std::optional<error>& why);

  const persistence::journal& store_;
  const wall_clock& wall_;
  waker wake_;
  std::function<void()> call_;

  std::mutex mutex_;
  std::set<entry> soon_;  ///< All that is due before horizon_, and perhaps entries out of date.
  std::size_t under_way_ = 0;  ///< Woken and not answered.
  std::atomic<timestamp> horizon_{timestamp{}};
  timestamp next_refill_{};
  persistence::due_reader reading_;  ///< Set: not all before horizon_ has been read yet.
  std::deque<entity_id> overdue_;    ///< Read a moment ago; were due already.
  std::atomic<bool> stopped_{false};
};

}  // namespace perdure::runtime
