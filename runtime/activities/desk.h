#pragma once

/// What `activity_dispatcher` is made of: all that is known of activities, behind one lock that is
/// held for short sections and never while an activity or a hook runs.
///
/// Three kinds of threads act here: those of the pool run attempts (local_attempts.cpp), the clerk
/// looks at the time and does what callers should not wait for: hooks and notes (clerk.cpp), and
/// callers come from anywhere (desk.cpp, outside_attempts.cpp).

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "runtime/activities/dispatcher.h"
#include "runtime/activities/job.h"
#include "runtime/activities/local_attempt.h"
#include "runtime/activities/pool.h"
#include "runtime/activities/queues.h"
#include "runtime/activities/tokens.h"

namespace perdure::runtime {

inline const error desk_closed{errc::draining, "the node is shutting down; ask another, or again"};

/// Members that are named as those of `activity_dispatcher` do what is said there.
class activity_desk {
public:
  using ended = activity_dispatcher::ended;
  using answered = activity_dispatcher::answered;

  activity_desk(persistence::journal& store, const wall_clock& wall, bytes secret,
                std::size_t threads, ended tell);
  ~activity_desk();

  void provide(std::shared_ptr<activities_base> what, activity_limits limits);
  void know(const activities_description& what);
  void start();
  void stop(duration patience);

  void schedule(const entity_id& entity, timestamp life, core::pending_activity what);
  void schedule_reloaded(const entity_id& entity, timestamp life,
                         std::span<const core::pending_activity> what);
  void cancel(const entity_id& entity, timestamp life, event_number activity);
  void request_cancel(const entity_id& entity, timestamp life, event_number activity);
  void recorded(const entity_id& entity, timestamp life, event_number activity);
  void refused(const entity_id& entity, timestamp life, event_number activity, error why);
  void tell_again(const entity_id& entity, timestamp life, event_number activity, duration after);
  std::vector<activity_status> status_of(const entity_id& entity) const;

  void poll(std::string queue, duration patience,
            std::function<void(std::optional<polled_activity>)> done,
            std::function<bool()> is_there);
  void complete(std::string_view token, bytes results, answered done);
  void fail(std::string_view token, attempt_failure why, answered done);
  result<bool> heartbeat(std::string_view token, bytes details);
  result<polled_activity> find(std::string_view token) const;
  std::optional<entity_id> entity_of(std::string_view token) const;

  void look_at_clock();
  dispatcher_figures figures() const;

  // -- for attempts in this process ---------------------------------------------------------------

  void sign_of_life(local_attempt& attempt, bytes_view details);
  std::string complete_later(local_attempt& attempt);

private:
  using job_ptr = std::shared_ptr<job>;

  /// Holds the lock; whom it has given work is woken when it is let go.
  class section {
  public:
    explicit section(activity_desk& desk) : desk_(desk), lock_(desk.mutex_) {}
    ~section() {
      if (lock_.owns_lock()) leave();
    }
    void leave();
    void enter() { lock_.lock(); }
    std::unique_lock<std::mutex>& lock() { return lock_; }

  private:
    activity_desk& desk_;
    std::unique_lock<std::mutex> lock_;
  };

  /// For the journal: what is known, or that nothing is any more.
  struct errand {
    entity_id entity;
    persistence::activity_progress progress;
    bool forget = false;
    bool waits = false;  ///< Until it is written.
  };

  /// What came of an attempt in this process.
  struct attempt_end {
    bytes results;
    std::optional<attempt_failure> why;
  };

  // All that follows wants the lock, except where noted.

  // -- jobs (desk.cpp) --
  job* known(const entity_id& entity, event_number activity) const;
  /// Null for a job of another life, too.
  job* known(const entity_id& entity, timestamp life, event_number activity) const;
  void accept(const job_ptr& fresh, const persistence::activity_progress* noted, timestamp now);
  void enqueue(job& what, timestamp now);
  void drop(job& what);  ///< The job lives on only if the caller holds it.
  /// The caller sees to it that the end is told.
  void end(job& what, core::call_outcome outcome);
  void end(job& what, error why) { end(what, core::call_outcome{{}, std::move(why)}); }
  void abandon(job& what, timestamp now);
  /// Returns whether the job has ended, for the caller to see that it is told.
  bool attempt_failed(job& what, attempt_failure why, timestamp now);
  void give_up_attempt(job& what);
  /// Takes those who wait for the job's end to be durable.
  std::vector<answered> take_reporters(job& what);
  /// Has the clerk answer them.
  void answer_reporters(job& what, const error& why);
  void take_sign(job& what, bytes_view details, timestamp now);
  void note(job& what, timestamp now);
  void forget_notes(job& what);
  /// "payments.charge"
  std::string name_of(const core::pending_activity& what) const;

  // -- queues (desk.cpp) --
  /// Sees to it that what may begin does. `wakes`: a thread of ours, unless one is up already.
  void serve(work_queue& queue, timestamp now, bool wakes = true);

  // -- attempts in this process (local_attempts.cpp) --
  void work(std::size_t slot);
  void begin(local_attempt& attempt, timestamp now);
  bool finish(local_attempt& attempt, attempt_end came, timestamp now);
  static attempt_end run(local_attempt& attempt, activities_base& by);  ///< Without the lock.
  void tell(const job& what);                                           ///< Without the lock.

  // -- attempts outside (outside_attempts.cpp) --
  void hand_out(const job_ptr& what, poller to, timestamp now);
  /// Attempt number `attempt` is under way outside. REQUIRES: the job is in no queue.
  void go_on_outside(job& what, std::uint32_t attempt, timestamp now);
  polled_activity describe_attempt(const job& what) const;
  named_attempt named(const job& what) const;
  std::optional<error> objection(const job* what, const named_attempt& to) const;
  /// Whether this attempt has ended the job, and that is not durable yet.
  bool has_reported(const job* what, const named_attempt& by) const;
  /// What was said with this token before is said again: `done` waits with who said it. Returns
  /// whether it was.
  bool wait_with_first(const std::optional<named_attempt>& by, bool failed, answered& done);
  void report_end(job& what, answered done);
  static error nobody_waits(const job& what);
  result<job_ptr> current(const std::optional<named_attempt>& to, timestamp now);

  // -- the clerk (clerk.cpp) --
  void keep_time();
  timestamp look_at_all(timestamp now);
  void look_at(job& what, timestamp now);
  void arm(job& what);
  void disarm(job& what);
  void plan(timestamp due);
  void hurry_clerk();
  bool run_errands(section& at);

  persistence::journal& store_;
  const wall_clock& wall_;
  const token_mint mint_;
  const std::size_t threads_;
  const ended tell_;

  mutable std::mutex mutex_;
  std::unordered_map<std::string_view, const activities_description*> described_;
  struct hash_of_entity {
    std::size_t operator()(const entity_id& entity) const {
      const std::hash<std::string> of;
      return of(entity.type) * 31 + of(entity.id);
    }
  };
  std::unordered_map<entity_id, std::map<event_number, job_ptr>, hash_of_entity> jobs_;
  work_queues queues_;
  worker_pool pool_{queues_.listed()};
  std::vector<local_attempt*> slots_;  ///< What each thread of the pool runs.
  std::condition_variable idle_;       ///< Told when one of these three gets 0 after `stop`.
  std::size_t busy_ = 0;               ///< Threads that run an attempt.
  std::size_t telling_ = 0;            ///< Threads in the hook.
  std::size_t reporters_ = 0;          ///< Of all jobs.
  bool started_ = false;
  bool stopping_ = false;  ///< No attempt begins any more.
  bool closed_ = false;    ///< No hook is called any more, but by the clerk's last errands.
  bool wake_worker_ = false;
  bool wake_clerk_ = false;
  dispatcher_figures figures_;

  // What the clerk looks at, and does.
  std::set<std::pair<timestamp, job*>> due_;
  std::map<std::pair<timestamp, std::uint64_t>, std::pair<work_queue*, std::list<poller>::iterator>>
      poll_ends_;
  std::uint64_t pollers_ = 0;
  std::vector<errand> errands_;
  std::vector<job_ptr> tells_;
  std::vector<std::function<void()>> calls_;
  std::condition_variable clerk_called_;
  timestamp planned_ = timestamp::min();  ///< When it gets up; the past while it is up.
  bool clerk_sleeps_ = false;
  bool look_again_ = false;
  std::thread clerk_;
};

}  // namespace perdure::runtime
