#pragma once

/// An engine runs entities over a journal: it is everything of a node but its outside (HTTP,
/// flags, signals).
///
/// Guarantees:
/// - A signal or update is answered only after its step is durable; a query is answered only from
///   durable state.
/// - Messages of one caller to one entity are handled in the order they were sent.
/// - Nothing here blocks its caller but the functions that say so.
///
/// Threads: every member may be called from any thread between `start` and `drain`; callbacks come
/// on threads of the engine and must not block.

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <perdure/activities.h>
#include <perdure/call.h>
#include <perdure/entity.h>
#include <perdure/interceptor.h>
#include <perdure/payload_codec.h>

#include "persistence/journal.h"
#include "process/delivery.h"
#include "process/hosted_type.h"
#include "runtime/activities/dispatcher.h"
#include "runtime/defaults.h"

namespace perdure::runtime {

using process::activity_status;
using process::hosted_type;
using process::pending_timer;
using process::suspended_handler;
using process::undelivered;
using process::update_state;
using entity_description = process::description;

/// Figures for metrics. Counters since start, gauges now.
struct engine_stats {
  std::uint64_t signals = 0;  ///< Accepted and durable.
  std::uint64_t updates = 0;
  std::uint64_t queries = 0;
  std::uint64_t starts = 0;
  std::uint64_t refused = 0;   ///< By entities (`rejected`).
  std::uint64_t replayed = 0;  ///< Repeats answered from the idempotency window.
  std::uint64_t overloaded = 0;
  std::uint64_t timers_fired = 0;
  std::uint64_t continued = 0;  ///< Continue-as-new.
  std::uint64_t activations = 0;
  std::uint64_t passivations = 0;
  std::uint64_t parked = 0;        ///< Entities parked now.
  std::uint64_t active = 0;        ///< Entities in memory now.
  std::uint64_t active_bytes = 0;  ///< Estimate of their memory.
  std::uint64_t in_flight = 0;     ///< Requests not answered yet.
  std::uint64_t snapshots = 0;
  std::uint64_t commits = 0;
  std::uint64_t committed_steps = 0;
  double commit_seconds = 0;             ///< Time spent in commits, summed.
  std::uint64_t messages_under_way = 0;  ///< From entity to entity, not settled.
  dispatcher_figures activities;
  persistence::journal_stats journal;
};

/// Keeps a subscription alive; dropping it ends it.
using subscription = std::shared_ptr<void>;

class engine final : public caller {
public:
  /// REQUIRES: `store` and `wall` outlive the engine.
  engine(persistence::journal& store, const wall_clock& wall, engine_limits limits = {});
  ~engine() override;

  /// Adds a type. REQUIRES: before `start`. Throws std::invalid_argument on a second one of a name.
  void host(entity_type type);

  /// Runs these activities in this process. REQUIRES: before `start`. Throws std::invalid_argument
  /// on a second one of a name.
  void provide(std::shared_ptr<activities_base> what, activity_limits limits = {});

  /// Has `what` see every request, after those added before it. REQUIRES: before `start`.
  void intercept(std::shared_ptr<interceptor> what);

  /// Has payloads stored as `codec` makes them. REQUIRES: before `start`, and the same, or one that
  /// can read what this one wrote, at every start of the same data.
  void encode_with(std::shared_ptr<const payload_codec> codec);

  /// Acquires the shards and begins to serve. Blocks until ready. Throws `failure`: before anything
  /// is changed, where the contract of a hosted type would misread the states that the journal has
  /// of it (nondeterministic, naming the field); storage_full.
  void start();

  /// Takes no more requests (`draining`), waits for what is under way to become durable and for
  /// every entity to be put away, then stops. Blocks. The destructor does the same.
  void drain();

  /// Has timers and idle entities looked after now instead of at the next moment the clock was
  /// expected to bring: for a clock that has been moved.
  void look_at_clock();

  /// Types in order of their names.
  std::vector<const hosted_type*> types() const;
  /// Returns the type with this name, or null.
  const hosted_type* find_type(std::string_view name) const;

  void call(request what, completion done) override;

  /// Answers when the update with this idempotency key has ended: its results, or why it failed.
  /// Errors: entity_not_found when the key is unknown (or has left the window); timeout, some time
  /// after `patience` has passed, when nobody else is to be told of the end.
  void await_update(const entity_id& entity, std::string key, duration patience,
                    std::function<void(result<update_state>)> done);

  void describe(const entity_id& entity, std::function<void(result<entity_description>)> done);

  /// Answers with the results of the entity's main when it has ended, or why it failed. Errors:
  /// entity_not_found when none was started; failed; timeout as `await_update`.
  void await_result(const entity_id& entity, duration patience, completion done);

  /// Asks the entity's main to stop. Errors: rejected when there is none; completed.
  void cancel(const entity_id& entity, std::string reason, completion done);

  /// Ends the entity at once. Error completed when it has ended before.
  void terminate(const entity_id& entity, std::string reason, completion done);

  /// Runs nothing of the entity until it is resumed; signals are accepted and wait.
  void pause(const entity_id& entity, std::string reason, completion done);
  /// Also loads a parked entity again.
  void resume(const entity_id& entity, completion done);

  /// Goes back to the step that holds event `to` of the current run: what came after it is undone,
  /// but for signals, which are taken again. Errors: malformed when it is not of this run.
  void reset(const entity_id& entity, event_number to, std::string reason, completion done);

  /// Activities and workers that poll for them.
  activity_dispatcher& activities();

  /// Pages of entities. Reads the journal's index: blocks for the time of that read.
  std::vector<persistence::listed_entity> list(const persistence::list_filter& filter) const;

  /// Number of entities that pass the filter. Blocks for the time of that read.
  std::uint64_t count(const persistence::list_filter& filter) const;

  /// Steps of an entity, as `journal::history`. Blocks for the time of that read.
  result<std::vector<core::record>> history(const entity_id& entity, event_number from,
                                            std::size_t limit, std::optional<run_number> run) const;

  /// Calls `changed(last event)` after each durable step of the entity, until dropped.
  subscription watch(const entity_id& entity, std::function<void(event_number)> changed);

  engine_stats stats() const;

  /// Why entities are parked, newest last, at most 100.
  std::vector<std::pair<entity_id, error>> parked() const;

  persistence::journal& store();

private:
  struct parts;
  std::unique_ptr<parts> parts_;
};

}  // namespace perdure::runtime
