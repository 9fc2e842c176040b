#pragma once

/// Where activities wait for a worker: one queue for each name, its part in this process bounded by
/// the limits of the activities that are provided here under that name.
///
/// Threads: none of its own; the desk's lock is held, except where noted.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <perdure/activities.h>

#include "runtime/activities/dispatcher.h"
#include "runtime/activities/job.h"
#include "runtime/activities/pace.h"

namespace perdure::runtime {

/// A worker outside that waits for an activity.
struct poller {
  std::uint64_t number = 0;
  timestamp until;
  std::function<void(std::optional<polled_activity>)> done;
  std::function<bool()> is_there;  ///< Empty: it is.
};

struct work_queue {
  std::string name;
  std::shared_ptr<activities_base> provided;  ///< Null: nothing of this name runs here.
  activity_limits limits;
  pace begun{0};
  std::size_t running = 0;                     ///< Here; those that timed out included.
  std::list<std::shared_ptr<job>> for_us;      ///< What threads of ours may run, oldest first.
  std::list<std::shared_ptr<job>> for_others;  ///< What they may not.
  std::list<poller> pollers;                   ///< Longest waiting first.
  std::size_t jobs = 0;                        ///< Of this queue, waiting or not.
  bool is_listed = false;                      ///< Among those that a thread of ours may take from.

  std::list<std::shared_ptr<job>>& side_of(const job& what) {
    return what.is_local ? for_us : for_others;
  }
};

class work_queues {
public:
  work_queues() = default;
  work_queues(const work_queues&) = delete;
  work_queues& operator=(const work_queues&) = delete;

  /// Provides activities by their name. REQUIRES: none of that name are.
  void provide(std::shared_ptr<activities_base> what, activity_limits limits);
  bool provides_any() const { return !provided_.empty(); }

  /// Returns the queue of this name; made when there is none.
  work_queue& named(std::string_view name);
  /// Sets the job's queue.
  void assign(job& what);
  /// The job leaves for good. REQUIRES: it does not wait.
  void leave(job& what);
  /// Drops the queue if nothing needs it.
  void drop_if_idle(work_queue& queue);

  /// The job waits in its queue. REQUIRES: it is assigned and does not wait yet.
  void add(const std::shared_ptr<job>& what);
  /// REQUIRES: it waits.
  std::shared_ptr<job> remove(job& what);

  /// Whether one more of the queue's may begin here.
  bool allows(work_queue& queue, timestamp now) const;
  /// Lists the queue if a thread of ours may take from it. Returns whether one may.
  bool list(work_queue& queue, timestamp now);
  /// Takes the next job for a thread of ours, each queue in its turn; null when there is none. The
  /// queue counts it as running.
  std::shared_ptr<job> next(timestamp now);
  /// What `next` gave has returned.
  void returned(work_queue& queue) { --queue.running; }

  /// Returns when a queue that is held up by its pace alone may go on; lists those that may now.
  timestamp look_at_paces(timestamp now);

  /// About how many queues a thread of ours may take from: to be looked at without the lock.
  const std::atomic<std::size_t>& listed() const { return listed_count_; }

private:
  std::unordered_map<std::string_view, std::unique_ptr<work_queue>> queues_;  ///< Keys: in them.
  std::vector<work_queue*> provided_;
  std::deque<work_queue*> listed_;
  std::atomic<std::size_t> listed_count_{0};
};

}  // namespace perdure::runtime
