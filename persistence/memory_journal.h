#pragma once

/// A journal in memory, for the tests of what stands above it: the same answers as the LMDB engine,
/// nothing durable, and outcomes that a test can ask for.

#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <vector>

#include "persistence/journal.h"

namespace perdure::persistence {

struct memory_options {
  std::uint32_t shard_count = 16;
  duration history_retention{0};
  duration terminated_retention{std::chrono::hours{72}};
};

/// Batches are kept encoded, as on disk, so that a test above goes through the codec.
class memory_journal final : public journal {
public:
  explicit memory_journal(memory_options options = {});

  /// The next `count` calls of `append` answer `outcome` for all that they would take. `written`
  /// says whether an unknown one reached the journal; nothing else does. From any thread.
  void fail_next(append_outcome outcome, std::size_t count = 1, bool written = false);

  /// The same of calls that have batches of `entity`, and are not failed for all. fenced and
  /// out_of_sequence are for its batches alone, storage_full and unknown for the whole call.
  void fail_next_of(const entity_id& entity, append_outcome outcome, std::size_t count = 1,
                    bool written = false);

  /// Until told otherwise, `note` and `forget` do nothing (`notes`), nor does `keep` (`snapshots`).
  void lose(bool notes, bool snapshots);

  /// Forgets all notes and snapshots, as if the index were lost.
  void lose_derived();

  /// Flips a bit of the entity's record that holds `event`, as a failing disk would. Returns
  /// whether there was one.
  bool damage(const entity_id& entity, event_number event);

  std::uint32_t shard_count() const override;
  bytes secret() const override { return bytes(32, std::byte{7}); }
  sharding::epoch_number acquire(sharding::shard_number shard) override;
  void append(std::span<const batch> batches, std::span<append_outcome> outcomes) override;
  std::optional<entity_summary> find(const entity_id& entity) const override;
  result<loaded_entity> load(const entity_id& entity, event_number at = 0) const override;
  result<std::vector<core::record>> history(const entity_id& entity, event_number from,
                                            std::size_t limit,
                                            std::optional<run_number> run) const override;
  std::vector<listed_entity> list(const list_filter& filter) const override;
  std::uint64_t count(const list_filter& filter) const override;
  void pending(const std::function<void(const entity_id&)>& each) const override;
  void note(const entity_id& entity, const activity_progress& progress) override;
  void forget(const entity_id& entity, event_number activity) override;
  std::vector<activity_progress> noted(const entity_id& entity) const override;
  due_reader due(timestamp until) const override;
  void keep(snapshot taken) override;
  bool collect(timestamp now) override;
  std::vector<entity_id> held_back(timestamp now, std::size_t most) const override;
  std::optional<bytes> schema(std::string_view type) const override;
  void keep_schema(std::string_view type, bytes what) override;
  void flush() override {}
  journal_stats stats() const override;

private:
  struct stored_record {
    run_number run = 1;
    event_number first_event = 0;
    entity_summary after;
    bytes encoded;
    std::uint64_t digest = 0;  ///< Of `encoded` as it was appended.
  };

  struct stored_entity {
    std::deque<stored_record> records;
    std::optional<bytes> base;  ///< An encoded snapshot.
    std::uint64_t lives = 0;    ///< Tells one life of the id from the next.
    core::attributes attributes;
    std::map<event_number, activity_progress> progress;

    const entity_summary& summary() const { return records.back().after; }
  };

  /// A run that ended, or an entity that did.
  struct garbage {
    entity_id entity;
    std::uint64_t life = 0;
    bool is_run = false;
    event_number last_event = 0;  ///< With which it ended.
    timestamp ended;
    std::uint64_t serial = 0;  ///< Grows from one to the next.
  };

  struct planned_failure {
    append_outcome outcome;
    bool written;
  };

  struct planned_failures {
    std::optional<planned_failure> of_all;
    std::map<entity_id, append_outcome> of_entities;
  };

  planned_failures take_failures(std::span<const batch> batches);
  append_outcome admit(const batch& next, const entity_summary* before) const;
  const entity_summary* summary_of(const entity_id& entity) const;
  void store(const batch& next);
  void add_garbage(const entity_id& entity, const stored_entity& of, bool is_run, timestamp ended);
  bool is_over(const garbage& ended, timestamp now) const;
  bool is_held(const garbage& ended) const;
  void remove(const garbage& ended);
  static bool matches(const list_filter& filter, const entity_id& entity,
                      const stored_entity& stored);
  std::optional<snapshot> base_of(const entity_id& entity, const stored_entity& stored,
                                  event_number until) const;
  result<core::record> decode(const entity_id& entity, const stored_record& from) const;

  const memory_options options_;
  mutable std::mutex mutex_;
  std::vector<sharding::epoch_number> epochs_;
  std::map<entity_id, stored_entity> entities_;
  std::deque<garbage> garbage_;  ///< In order of their serials.
  std::deque<planned_failure> failures_;
  std::map<entity_id, std::deque<planned_failure>> failures_of_;  ///< None of them empty.
  bool loses_notes_ = false;
  bool loses_snapshots_ = false;
  std::uint64_t lives_ = 0;
  std::uint64_t garbage_serial_ = 0;
  mutable std::uint64_t held_after_ = 0;  ///< `held_back` goes on after this serial.
  std::map<std::string, bytes, std::less<>> schemas_;
  journal_stats stats_;
};

}  // namespace perdure::persistence
