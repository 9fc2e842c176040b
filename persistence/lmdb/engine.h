#pragma once

/// The LMDB engine, put together: log, index, and the overlay between them.
///
/// Order of what happens to a batch: it is durable in the log, then in the overlay, then `append`
/// returns, later it is in the index. `published_` is the last record that the overlay has; a flush
/// reads it before it takes what is changed, so the index never claims what it has not.
///
/// Order of locks: flush_mutex_, an environment's writing, an environment's map (a read
/// transaction), lists_mutex_, a stripe of the overlay. A read transaction of one environment is
/// not begun within one of the other. The writer reads the index within its change to the log; a
/// flush reads the log within its change to the index.

#include <array>
#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "persistence/codec.h"
#include "persistence/lmdb/directory.h"
#include "persistence/lmdb/index_file.h"
#include "persistence/lmdb/journal_file.h"
#include "persistence/lmdb/lmdb_journal.h"
#include "persistence/lmdb/overlay.h"
#include "persistence/lmdb/progress_queue.h"
#include "persistence/lmdb/snapshot_queue.h"

namespace perdure::persistence::lmdb {

/// What an engine is made of, opened and belonging together.
struct engine_parts {
  directory_lock lock;
  std::unique_ptr<journal_file> log;
  std::unique_ptr<index_file> index;
};

class engine final : public journal {
public:
  engine(lmdb_options options, engine_parts parts);
  ~engine() override;

  /// Reads into the overlay what the index lacks (engine_recovery.cpp). To be called once, before
  /// anything else. Errors: internal when a record is damaged, storage_full when the index cannot
  /// be written.
  result<nothing> catch_up();

  /// Begins to write the index by itself, when the options ask for it.
  void start();

  std::uint32_t shard_count() const override { return log_->shard_count(); }
  bytes secret() const override { return {log_->id().begin(), log_->id().end()}; }
  sharding::epoch_number acquire(sharding::shard_number shard) override;
  std::vector<sharding::epoch_number> acquire_all() override;
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
  void flush() override;
  result<nothing> backup(const std::filesystem::path& target) const override;
  journal_stats stats() const override;

private:
  /// A batch on its way through one append.
  struct staged_batch {
    std::size_t place = 0;  ///< In the span.
    overlay_row* row = nullptr;
    lsn number = 0;
    lsn back = 0;
  };

  /// What is being removed, and its records that are left, the oldest last.
  struct removal {
    std::vector<garbage> what;
    std::vector<lsn> records;
    bool complete = false;  ///< Nothing is added any more; the records may go.
  };

  // -- appending (engine_append.cpp) --
  void admit(std::span<const batch> batches, std::span<append_outcome> outcomes);
  append_outcome stage(const batch& next, std::size_t place);
  std::optional<entity_state> read_state(std::string_view key);
  int write_staged(journal_file::change& change, std::span<const batch> batches);
  void publish(std::span<const batch> batches);
  /// `ended_run`: the last record of the run that ended with this one's beginning; 0: none.
  void note_garbage(const entity_summary& after, lsn number, lsn ended_run, std::string_view key);
  /// The entity has gone on after its end. Its garbage makes way for that of a later end (what is
  /// settled after the end is over with the end); one that lives again leaves behind what it was.
  void replace_garbage(std::string_view key, const entity_state& ended, bool lives_again);
  void drop_progress(std::string_view key);
  bool has_room(std::uint64_t incoming_bytes);
  std::optional<std::uint64_t> free_on_disk() const;
  bool has_disk_for(std::uint64_t bytes) const;
  void refuse(std::span<append_outcome> outcomes, append_outcome why);
  sharding::epoch_number store_epochs(sharding::shard_number first, std::uint32_t count);
  int commit(journal_file::change& change);
  void die(const std::string& doing, int code) const;

  // -- recovery (engine_recovery.cpp) --
  result<nothing> apply(const read_transaction& in, const cursor& at, std::set<lsn>& in_doubt);
  void apply_intact(const read_transaction& in, const log_entry& entry, const record_header& head);
  std::optional<entity_state> end_of_life(const read_transaction& in, lsn number) const;

  // -- reading (engine_read.cpp) --
  /// Does what reads the index and returns its result. Should the index turn out to be broken, the
  /// process ends.
  template <class Read>
  auto from_index(Read read) const -> decltype(read()) {
    try {
      return read();
    } catch (const failure& failed) {
      index_unreadable(failed);
      return {};
    }
  }
  void index_unreadable(const failure& failed) const;

  std::optional<entity_state> state_of(const entity_id& entity) const;
  error not_found(const entity_id& entity) const;

  // -- listing (engine_list.cpp) --
  using visitor = std::function<bool(std::string_view, const entity_summary&, core::attributes&&)>;
  /// Calls `each` with what passes the filter, in order of the keys, until it returns false. What
  /// it is given has attributes when `with_attributes`.
  void scan(const list_filter& filter, bool with_attributes, const visitor& each) const;
  class due_reading;
  void note_due(const read_transaction& in, timestamp entry, std::string_view key, timestamp until,
                std::vector<std::pair<std::string, timestamp>>& found) const;

  // -- the index (engine_flush.cpp) --
  class flush_job;
  bool flush_once();
  void mark_index_damaged() const;
  bool flush_wanted() const;
  void run_background();

  // -- removing (engine_collect.cpp) --
  bool collect_some(timestamp now);
  /// Adds to what is to be removed. Returns whether it is complete.
  bool gather_garbage(timestamp now);
  std::optional<garbage> pick_garbage(timestamp now);
  std::vector<lsn> records_of(const garbage& ended) const;
  void finish_removal(const garbage& ended);
  void put_back();
  /// Whether the entity whose last record this is loses its records now.
  bool is_being_removed(lsn last) const;
  std::vector<garbage> held_garbage(const index_file::garbage_position& from, timestamp until,
                                    std::size_t most) const;

  const lmdb_options options_;
  const directory_lock lock_;
  const std::unique_ptr<journal_file> log_;
  const std::unique_ptr<index_file> index_;
  overlay overlay_;
  snapshot_queue snapshots_;
  progress_queue progress_;
  std::vector<std::atomic<sharding::epoch_number>> epochs_;

  // The writer's.
  std::vector<staged_batch> staged_;
  std::uint64_t stages_ = 0;
  std::optional<read_transaction> index_reader_;
  lsn next_ = 1;
  std::uint64_t bytes_until_disk_check_ = 0;
  removal removing_;
  std::uint64_t garbage_epoch_ = 0;  ///< Of the positions: those of an earlier flush are void.
  std::array<index_file::garbage_position, 2> garbage_from_;

  std::atomic<lsn> published_{0};
  std::atomic<lsn> applied_{0};
  std::atomic<std::uint64_t> unindexed_bytes_{0};
  std::atomic<std::uint64_t> commits_{0};
  std::atomic<bool> storage_full_{false};
  std::atomic<bool> index_full_{false};
  mutable std::atomic<bool> dead_{false};

  mutable std::mutex lists_mutex_;  ///< The lists below.
  std::vector<garbage> garbage_found_;
  mutable std::vector<garbage> garbage_gone_;
  std::set<lsn> garbage_passed_;  ///< Picked or gone, and still in the index; not what is held.
  mutable index_file::garbage_position held_from_;  ///< Where `held_back` goes on.
  std::uint64_t flushes_ = 0;
  mutable std::vector<std::pair<timestamp, std::string>> due_to_mend_;

  std::mutex flush_mutex_;  ///< One flush at a time.
  std::mutex background_mutex_;
  std::condition_variable background_wake_;
  bool stopping_ = false;
  std::thread background_;
};

}  // namespace perdure::persistence::lmdb
