#pragma once

/// The one thread that appends to the journal. Group commit without a timer: each commit takes
/// whatever has been queued since the last one began, and what is about to be.
///
/// Guarantees:
/// - Work is done in the order it was submitted.
/// - A step's replies are given after its batch is durable, and not before; when it is refused they
///   get the error instead.
/// - When a step of an entity is refused, so is every later one that was built on it.

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include <perdure/call.h>

#include "persistence/journal.h"
#include "runtime/defaults.h"
#include "runtime/entity_slot.h"
#include "runtime/outlet.h"

namespace perdure::runtime {

/// A step on its way to the journal; without a batch, a barrier behind the steps before it.
struct commit {
  std::shared_ptr<entity_slot> entity;
  std::optional<persistence::batch> step;
  std::unique_ptr<persistence::snapshot> snapshot;  ///< Kept once the step is durable. Null: none.
  std::vector<process::reply> replies;
  std::vector<process::effect> effects;  ///< Happen when the step is durable, after its replies.
  /// Of a barrier: replies, effects and snapshot are only if this event is durable.
  event_number needs = 0;
  /// Called when it has come back, whatever became of it; may be empty. Must not block.
  std::function<void()> reached = {};
};

struct writer_figures {
  std::uint64_t commits = 0;
  std::uint64_t steps = 0;
  std::uint64_t snapshots = 0;
  double seconds = 0;  ///< Spent in commits.
};

class journal_writer {
public:
  struct hooks {
    /// A step became durable (slot, summary after it).
    std::function<void(entity_slot&, const persistence::entity_summary&)> committed;
    /// A step was refused, and why: the entity must be loaded again.
    std::function<void(const entity_slot&, const error&)> refused;
  };

  /// `expected` counts the messages that entities are about to turn into steps.
  journal_writer(persistence::journal& store, const wall_clock& wall, const engine_limits& limits,
                 const std::atomic<std::size_t>& expected, const outlet& out, hooks notify);
  /// Works off what is queued, then ends the thread.
  ~journal_writer();

  void start();

  /// Queues work. Any thread.
  void submit(commit work);

  /// Blocks until everything submitted before is done.
  void drain();

  writer_figures figures() const;

private:
  void run();
  void wait_for_work(std::unique_lock<std::mutex>& lock);
  void gather(std::unique_lock<std::mutex>& lock);
  void commit_all(std::vector<commit>& work);
  std::size_t commit_some(std::vector<commit>& work, std::size_t from);
  void note_room();
  void come_back(commit& done, std::optional<persistence::append_outcome> outcome);

  persistence::journal& store_;
  const wall_clock& wall_;
  const engine_limits& limits_;
  const std::atomic<std::size_t>& expected_;
  const outlet& out_;
  hooks notify_;

  mutable std::mutex mutex_;
  std::condition_variable woken_;
  std::condition_variable idle_;
  std::vector<commit> queue_;
  std::atomic<std::size_t> queued_{0};  ///< queue_.size(), to be looked at without the lock.
  bool busy_ = false;
  bool stopping_ = false;
  writer_figures figures_;

  // The writer thread's own; the vectors are kept to save allocations.
  bool more_garbage_ = true;
  bool full_ = false;  ///< The last commit found no room.
  std::size_t steps_since_collection_ = 0;
  std::vector<persistence::batch> batches_;
  std::vector<persistence::append_outcome> outcomes_;

  std::thread thread_;
};

/// What a refused append means to the caller.
error to_error(persistence::append_outcome outcome);

}  // namespace perdure::runtime
