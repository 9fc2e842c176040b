#pragma once

/// How CAF's workers come by their jobs: one queue for all, as CAF's `work_sharing`, with one
/// difference. A worker that finds the queue empty looks at it a little longer before it sleeps,
/// and whoever adds a job wakes a worker only when none is looking.
///
/// Messages to entities come in bursts with gaps of microseconds: the answers of one commit cause
/// the next messages. Putting a worker to sleep in each gap and waking it again costs more than
/// handling the message (measured: a factor of two for 64 callers that wait for each answer).
///
/// The shape of this class is what CAF 0.17 asks of a scheduler policy
/// (caf/policy/work_sharing.hpp).

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include <caf/policy/unprofiled.hpp>
#include <caf/resumable.hpp>
#include <caf/scheduler/coordinator.hpp>

namespace perdure::runtime {

class scheduling_policy : public caf::policy::unprofiled {
public:
  /// How long a worker looks before it sleeps.
  static constexpr std::chrono::microseconds patience{100};

  struct coordinator_data {
    explicit coordinator_data(caf::scheduler::abstract_coordinator*) {}

    std::mutex lock;
    std::condition_variable added;
    std::deque<caf::resumable*> queue;
    std::atomic<std::size_t> size{0};  ///< Of the queue, to be looked at without the lock.
    std::size_t looking = 0;
    std::size_t sleeping = 0;
  };

  struct worker_data {
    explicit worker_data(caf::scheduler::abstract_coordinator*) {}
  };

  template <class Coordinator>
  void central_enqueue(Coordinator* self, caf::resumable* job) {
    add(d(self), job);
  }
  template <class Worker>
  void external_enqueue(Worker* self, caf::resumable* job) {
    add(d(self->parent()), job);
  }
  template <class Worker>
  void internal_enqueue(Worker* self, caf::resumable* job) {
    add(d(self->parent()), job);
  }
  template <class Worker>
  void resume_job_later(Worker* self, caf::resumable* job) {
    add(d(self->parent()), job);
  }

  template <class Worker>
  caf::resumable* dequeue(Worker* self) {
    return next(d(self->parent()));
  }

  template <class Worker, class Function>
  void foreach_resumable(Worker*, Function) {}

  template <class Coordinator, class Function>
  void foreach_central_resumable(Coordinator* self, Function f) {
    auto& shared = d(self);
    std::lock_guard guard{shared.lock};
    for (auto* job : shared.queue) f(job);
    shared.queue.clear();
    shared.size = 0;
  }

private:
  static void add(coordinator_data& shared, caf::resumable* job);
  static caf::resumable* next(coordinator_data& shared);
  /// Looks for a job without the lock, which is held before and after.
  static void look(coordinator_data& shared, std::unique_lock<std::mutex>& guard);
};

/// CAF's coordinator with that policy.
class scheduler final : public caf::scheduler::coordinator<scheduling_policy> {
public:
  using super = caf::scheduler::coordinator<scheduling_policy>;
  using super::super;

  static caf::actor_system::module* make(caf::actor_system& system, caf::detail::type_list<>) {
    return new scheduler(system);
  }
};

}  // namespace perdure::runtime
