#pragma once

/// The index: what can be known of entities without reading their records, in an environment of its
/// own. Derived from the journal and disposable: whatever is wrong with it, it is deleted and built
/// again. It is bound to its journal by the journal's id, and says up to which record it follows
/// it.
///
/// Tables: "entities" (key -> index_row), "attributes" (key -> attributes, where there are any),
/// "pending" (key, where the row says so), "due" (time, key), "snapshots" (key -> snapshot),
/// "progress" (key, activity -> progress), "garbage". An entry of "due" is a lower bound: the
/// entity's next due time is the entry's or later. An entity with a next due time has exactly one
/// entry, known to its row. All that is kept of an entity goes with its row.

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "persistence/lmdb/environment.h"
#include "persistence/lmdb/layout.h"

namespace perdure::persistence::lmdb {

class index_file {
public:
  /// Opens the index, or makes a new one. Errors: malformed when it has another version's format;
  /// internal with what is wrong with it, e.g. that it belongs to another journal. The caller
  /// deletes it then and opens again.
  static result<std::unique_ptr<index_file>> open(const std::filesystem::path& directory,
                                                  std::size_t map_bytes, const journal_id& journal,
                                                  bool read_only = false);

  environment& env() { return *env_; }
  const environment& env() const { return *env_; }
  applied_mark applied() const { return applied_; }  ///< As found when opened.

  std::optional<index_row> row(const read_transaction& in, std::string_view key) const;
  std::optional<bytes_view> snapshot_value(const read_transaction& in, std::string_view key) const;

  /// Calls `each` with rows from `key` on, in order, until it returns false.
  void rows_from(const read_transaction& in, std::string_view key,
                 const std::function<bool(std::string_view, const index_row&)>& each) const;

  /// Finds attributes of entities in the order of their keys; good within its transaction.
  class attributes_reader {
  public:
    attributes_reader(const index_file& of, const read_transaction& in)
        : at_(in.raw(), of.attributes_table_) {}

    /// Returns the entity's attributes. REQUIRES: `key` is not before the one asked for last.
    core::attributes find(std::string_view key);

  private:
    cursor at_;
    enum class where : std::uint8_t { before, entry, end } where_ = where::before;
  };

  /// Calls `each` with keys of pending entities from `key` on, in order, until it returns false.
  void pending_from(const read_transaction& in, std::string_view key,
                    const std::function<bool(std::string_view)>& each) const;

  /// Returns the entity's progress of activities, in order of their numbers; what is damaged is
  /// left out.
  std::vector<activity_progress> progress_of(const read_transaction& in,
                                             std::string_view key) const;

  /// Calls `each` with entries of due times from (`time`, `key`) on until it returns false.
  void due_from(const read_transaction& in, timestamp time, std::string_view key,
                const std::function<bool(timestamp, std::string_view)>& each) const;

  /// Where a search for garbage of a kind goes on; the default: from the oldest.
  struct garbage_position {
    timestamp ended = timestamp::min();
    lsn last = 0;
  };

  /// Returns the first garbage of a kind at or after `from` that is not in `passed`, if it ended
  /// until `until`.
  std::optional<garbage> next_garbage(const read_transaction& in, garbage::kind what,
                                      const garbage_position& from, timestamp until,
                                      const std::set<lsn>& passed) const;

  std::uint64_t entities() const { return entities_.load(std::memory_order_relaxed); }
  std::uint64_t progress_entries() const {
    return progress_entries_.load(std::memory_order_acquire);
  }
  std::uint64_t used_bytes() const { return used_bytes_.load(std::memory_order_relaxed); }

  /// Changes to the index, durable together. Each returns 0 or LMDB's code.
  class change {
  public:
    explicit change(index_file& of) : of_(of), txn_(of.env()) {}

    /// Puts the entity's state, moves its due time where its order asks for it, and drops a
    /// snapshot of an earlier run. Null attributes stay as they are.
    int put_entity(std::string_view key, const entity_state& state,
                   const core::attributes* attributes);
    int remove_entity(std::string_view key);

    /// Puts a snapshot of `event`. REQUIRES: the entity has a row.
    int put_snapshot(std::string_view key, event_number event, bytes_view value);

    /// Sets right an entry of due times whose entity's next due time is not the entry's.
    int mend_due(timestamp entry, std::string_view key);

    int put_progress(std::string_view key, const activity_progress& progress);
    int remove_progress(std::string_view key, event_number activity);
    int clear_progress(std::string_view key);  ///< Of all activities of the entity.

    int put_garbage(const garbage& ended);
    int remove_garbage(const garbage& ended);
    int set_applied(applied_mark mark);

    std::optional<index_row> row(std::string_view key) const;
    int commit();

  private:
    int move_due(std::string_view key, index_row& row, std::optional<timestamp> to);
    int put_row(std::string_view key, const index_row& row);

    index_file& of_;
    write_transaction txn_;
  };

private:
  index_file() = default;
  result<nothing> check_format();
  result<nothing> open_tables();
  result<nothing> bind(const journal_id& journal, bool read_only);
  void measure(MDB_txn* txn);

  std::unique_ptr<environment> env_;
  MDB_dbi entities_table_ = 0;
  MDB_dbi attributes_table_ = 0;
  MDB_dbi pending_table_ = 0;
  MDB_dbi progress_table_ = 0;
  MDB_dbi due_table_ = 0;
  MDB_dbi snapshots_table_ = 0;
  MDB_dbi garbage_table_ = 0;
  MDB_dbi meta_table_ = 0;
  applied_mark applied_;
  std::atomic<std::uint64_t> entities_{0};
  std::atomic<std::uint64_t> progress_entries_{0};
  std::atomic<std::uint64_t> used_bytes_{0};
};

}  // namespace perdure::persistence::lmdb
