#pragma once

/// The durable truth: batches of steps, appended under a shard's epoch, and what can be known of
/// entities from them without running them.
///
/// Guarantees of every engine:
/// - When `append` says ok for a batch, it survives a crash of the process and of the machine.
/// - Batches of one entity are appended in the order of their events, without gaps: a batch whose
///   first event does not follow the entity's last one is `out_of_sequence` and leaves no trace. So
///   is one to an entity that has ended, unless it begins a run (`first_event == after.run_began`),
///   or leaves run and status as they are: what an entity sends at its end is settled after it.
///   The first lets it live again. An entity whose records are being removed takes only that one.
/// - `load`, `find`, `list`, `count`, `pending`, `history` and `due` see every batch whose append
///   has returned; `noted` sees every `note` and `forget` that has.
///
/// Threads: `append` and `collect` from one thread, the writer; everything else from any thread.
/// Errors of the disk that leave the truth unknown (a failed sync) end the process with a message.
/// So does damage of what is derived from the truth, on whatever thread it is found: it is marked,
/// and the next start derives it again. Only `acquire` and `keep_schema` throw.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <perdure/errors.h>
#include <perdure/types.h>

#include "entities/record.h"
#include "sharding/shard.h"

namespace perdure::persistence {

enum class entity_status : std::uint8_t {
  running = 1,
  terminated = 2,
  completed = 3,
  failed = 4,
  cancelled = 5,
  paused = 6,
};

/// Whether nothing follows but a new start: only a batch that begins a run is appended then.
constexpr bool has_ended(entity_status status) {
  return status != entity_status::running && status != entity_status::paused;
}

/// Returns "running", "terminated", "completed", "failed", "cancelled" or "paused".
constexpr std::string_view to_string(entity_status status) {
  constexpr std::string_view names[] = {"",       "running",   "terminated", "completed",
                                        "failed", "cancelled", "paused"};
  return names[static_cast<std::size_t>(status)];
}

/// What the journal's index knows of an entity: a function of its last batch alone.
struct entity_summary {
  entity_status status = entity_status::running;
  run_number run = 1;
  event_number run_began = 1;  ///< First event of the current run.
  event_number last_event = 0;
  std::uint64_t run_bytes = 0;  ///< About the encoded size of the current run's records.
  timestamp created;
  timestamp last_active;
  std::optional<timestamp> next_due;  ///< Earliest of its timers, reminders and delayed signals.
  /// It has activities or messages under way: a node that takes over its shard brings it into
  /// memory.
  bool pending = false;
  /// Messages that it took are not settled: their senders may send them again, or ask for answers.
  bool unsettled = false;

  friend bool operator==(const entity_summary&, const entity_summary&) = default;
};

/// Whether nothing is under way and no sender has to be answered for. Only then what has ended is
/// removed.
constexpr bool is_settled(const entity_summary& of) { return !of.pending && !of.unsettled; }

/// One step on its way to the journal. `encoded` is made by `codec.h` from the same record and
/// summary; it holds all of what stands beside it here, so that the index can be rebuilt from it.
struct batch {
  sharding::shard_number shard = 0;
  sharding::epoch_number epoch = 0;
  entity_id entity;
  event_number first_event = 0;
  entity_summary after;
  /// All attributes after the step, where it changed them or began a run; nothing: as they were
  /// (none at the beginning of an entity's life). To be said at the beginning of each run of an
  /// entity that has any: the records that said them before may be removed.
  std::optional<core::attributes> attributes = {};
  bytes encoded;
};

enum class append_outcome : std::uint8_t {
  ok,
  fenced,           ///< The epoch is not the shard's any more: another node owns it.
  out_of_sequence,  ///< Does not follow the entity's last event (an earlier batch was refused).
  storage_full,     ///< No room; nothing was written. Reads go on.
  unknown,          ///< The outcome cannot be known: reload from the journal under a new epoch.
};

/// State at an event: derived, disposable. Bound to the journal by the checksum of the record it
/// was taken after, and checked against it before use.
struct snapshot {
  entity_id entity;
  run_number run = 1;
  event_number event = 0;        ///< Last event it includes.
  std::uint64_t run_events = 0;  ///< Events of the run up to it.
  std::uint64_t state_digest = 0;
  core::carried_state carried;
};

/// What it takes to bring an entity back: `records` follow the snapshot, or, without one, begin
/// with the run's first record.
struct loaded_entity {
  entity_summary summary;
  std::optional<snapshot> base;
  std::vector<core::record> records;
};

/// A line of `list`.
struct listed_entity {
  entity_id entity;
  entity_summary summary;
  core::attributes attributes = {};
};

/// How far an activity has come: what is known of its attempts. Kept beside the journal, so that
/// retries for years do not make history; it may be lost, which costs attempts only.
struct activity_progress {
  event_number activity = 0;
  std::uint32_t attempt = 0;  ///< The last one that was begun; 1: the first.
  timestamp next_try = {};
  std::string last_failure = {};
  bytes heartbeat = {};  ///< Details of the last heartbeat.

  friend bool operator==(const activity_progress&, const activity_progress&) = default;
};

struct list_filter {
  std::string type = {};                     ///< Empty: every type.
  std::optional<entity_status> status = {};  ///< Nothing: every status.
  std::optional<entity_id> after = {};       ///< Only entities that sort after it.
  /// Only entities for whose attributes it holds; empty: all. It neither throws nor asks the
  /// journal: it is called while the journal is being read.
  std::function<bool(const core::attributes&)> where = {};
  std::size_t limit = 100;  ///< Of entities that pass.
};

/// Figures for metrics and for people.
struct journal_stats {
  std::uint64_t entities = 0;       ///< About; exact after a flush.
  std::uint64_t records = 0;        ///< In the journal now.
  std::uint64_t journal_bytes = 0;  ///< Of the file, in use.
  std::uint64_t index_bytes = 0;
  std::uint64_t commits = 0;            ///< Since the start.
  std::uint64_t unindexed_records = 0;  ///< Appended and not yet in the derived environment.
  bool storage_full = false;            ///< The last append was refused for want of room.
};

/// Whether a batch may come after an entity's last one, as far as its end matters.
inline bool may_follow(const entity_summary& before, const batch& next) {
  if (!has_ended(before.status) || next.first_event == next.after.run_began) return true;
  return next.after.status == before.status && next.after.run == before.run;
}

/// Tells a portion of the entities that are due; returns whether there are more. Each is told once,
/// roughly the earliest first; one whose due time changes meanwhile, perhaps with the earlier.
using due_reader =
    std::function<bool(const std::function<void(const entity_id&, timestamp)>& each)>;

class journal {
public:
  virtual ~journal() = default;

  /// Number of shards, fixed when the data was created.
  virtual std::uint32_t shard_count() const = 0;

  /// Random bytes made with the data and told to nobody outside the node: signs tokens.
  virtual bytes secret() const = 0;

  /// Takes ownership of a shard: from its return on, batches under earlier epochs are fenced.
  /// Throws `failure` (storage_full) when that cannot be stored; the earlier epoch stays.
  virtual sharding::epoch_number acquire(sharding::shard_number shard) = 0;

  /// Takes ownership of every shard, in one durable commit where the engine can. Returns the epochs
  /// in order of the shards. Throws as `acquire`.
  virtual std::vector<sharding::epoch_number> acquire_all() {
    std::vector<sharding::epoch_number> epochs;
    for (std::uint32_t shard = 0; shard < shard_count(); ++shard) epochs.push_back(acquire(shard));
    return epochs;
  }

  /// Appends `batches` in order, in one durable commit; `outcomes[i]` is that of `batches[i]`.
  /// Those refused as fenced or out_of_sequence do not hinder the others; storage_full and unknown
  /// hold for all that were not refused. An entity whose type is over 240 bytes or whose id is over
  /// 255 is refused as out_of_sequence. REQUIRES: outcomes.size() == batches.size().
  virtual void append(std::span<const batch> batches, std::span<append_outcome> outcomes) = 0;

  /// Returns what is known of an entity, or nothing when it does not exist.
  virtual std::optional<entity_summary> find(const entity_id& entity) const = 0;

  /// Returns what brings the entity to its last event, or, with `at`, to the step that holds event
  /// `at` of the current run (no snapshot later than that event is used). Errors: entity_not_found,
  /// also while the records of an entity that has ended are being removed (`find` may know it until
  /// they are); malformed when `at` lies before the current run or after the last event; internal
  /// when a record is damaged (the detail names event and checksum).
  virtual result<loaded_entity> load(const entity_id& entity, event_number at = 0) const = 0;

  /// Returns the records, oldest first, whose last event is >= `from`, at most `limit`, from all
  /// runs that are kept or from `run` alone. Errors as `load`.
  virtual result<std::vector<core::record>> history(const entity_id& entity, event_number from,
                                                    std::size_t limit,
                                                    std::optional<run_number> run) const = 0;

  /// Returns a page of entities in order of (type, id). What it reads grows with what it has to
  /// pass over.
  virtual std::vector<listed_entity> list(const list_filter& filter) const = 0;

  /// Returns how many entities pass the filter, whose `after` and `limit` do not matter.
  virtual std::uint64_t count(const list_filter& filter) const = 0;

  /// Calls `each` for entities whose summary is `pending`, in no particular order.
  virtual void pending(const std::function<void(const entity_id&)>& each) const = 0;

  /// Notes how far an activity has come, in the background; what was noted of it before is
  /// replaced. Ignored for an entity that does not exist or has ended; what was noted of an entity
  /// goes when it ends. REQUIRES: the append of the activity's event has returned ok.
  virtual void note(const entity_id& entity, const activity_progress& progress) = 0;
  /// Forgets an activity that has ended, in the background.
  virtual void forget(const entity_id& entity, event_number activity) = 0;
  /// Returns what was noted of the entity's activities, in order of their numbers.
  virtual std::vector<activity_progress> noted(const entity_id& entity) const = 0;

  /// Returns what reads the entities whose `next_due` is before `until`. REQUIRES: the journal
  /// outlives it.
  virtual due_reader due(timestamp until) const = 0;

  /// Keeps a snapshot, in the background; a later one of the same entity replaces it. REQUIRES: the
  /// append of its event has returned ok. It may be lost, which costs time only.
  virtual void keep(snapshot taken) = 0;

  /// Removes records of runs that were continued, and entities that have ended, longer ago than
  /// their retention (of an entity that was started again since, the records up to that end alone),
  /// with all records of the same entity before them; a bounded amount of work a call. Returns
  /// whether there may be more to do at once. An entity that has ended stays while its summary is
  /// not settled; once a batch after its end has said that it is, its retention counts from there.
  virtual bool collect(timestamp now) = 0;

  /// Returns up to `most` entities that have ended longer ago than their retention, and that
  /// `collect` leaves because their summaries are not settled: someone should bring them into
  /// memory and settle them. They come by the time of their end. Each call goes on where the one
  /// before it stopped; when it returns fewer than `most`, that was the last of them, and the next
  /// call begins with the first again. One that ended a moment ago may be missing, as `collect` may
  /// not find it yet. REQUIRES: most > 0.
  virtual std::vector<entity_id> held_back(timestamp now, std::size_t most) const { return {}; }

  /// Returns what `keep_schema` has kept for a type, or nothing when it has kept nothing (as in
  /// data that an earlier version has made), or when that is damaged.
  virtual std::optional<bytes> schema(std::string_view type) const { return std::nullopt; }

  /// Keeps a note of how a type's states are laid out, in place of the one before; durable when it
  /// returns. Throws `failure` (storage_full) when it cannot be stored; the one before stays.
  /// REQUIRES: the type fits a key.
  virtual void keep_schema(std::string_view type, bytes what) {}

  /// Waits until all that was appended and kept has reached the derived environment.
  virtual void flush() = 0;

  /// Copies the journal, as of now and while it is in use, into `target`, a directory that does not
  /// exist yet; it can be opened as a data directory. Errors: malformed when `target` exists;
  /// storage_full; internal with what the system said; unavailable where the engine keeps no files.
  virtual result<nothing> backup(const std::filesystem::path& target) const {
    return error{errc::unavailable, "this journal has no files to copy to " + target.string()};
  }

  virtual journal_stats stats() const = 0;
};

}  // namespace perdure::persistence
