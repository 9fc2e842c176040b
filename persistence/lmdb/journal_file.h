#pragma once

/// The journal's environment: the log of records in order of their numbers, and what is fixed or
/// changes seldom (format, number of shards, the journal's id, the shards' epochs).
///
/// Everything here is durable when a commit returns. The log is never rebuilt from anything else.

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "persistence/journal.h"
#include "persistence/lmdb/environment.h"
#include "persistence/lmdb/layout.h"

namespace perdure::persistence::lmdb {

/// What a journal is made with.
struct journal_creation {
  std::uint32_t shard_count = 1;
  journal_id id{};
};

class journal_file {
public:
  /// Makes the journal inside `data_directory`, whole or not at all. Errors: storage_full,
  /// internal.
  static result<nothing> create(const std::filesystem::path& data_directory,
                                const journal_creation& with);

  /// Errors: internal, with a clear detail when the format is another or a part is missing.
  static result<std::unique_ptr<journal_file>> open(const std::filesystem::path& data_directory,
                                                    std::size_t map_bytes, bool read_only = false);

  const journal_id& id() const { return id_; }
  std::uint32_t shard_count() const { return shard_count_; }
  const std::vector<sharding::epoch_number>& stored_epochs() const { return epochs_; }
  lsn stored_next() const { return next_; }  ///< Of the next record, as found when opened.

  environment& env() { return *env_; }
  const environment& env() const { return *env_; }
  MDB_dbi log() const { return log_; }

  enum class presence : std::uint8_t { absent, damaged, intact };
  struct lookup {
    presence how = presence::absent;
    log_entry entry;  ///< When intact; borrowed from the transaction.
  };

  /// Returns the record `number`, its checksum verified.
  lookup read(const read_transaction& in, lsn number) const;

  /// Returns what is kept of a type's state; nothing when that is damaged, or there is none.
  std::optional<bytes> schema(const read_transaction& in, std::string_view type) const;
  /// Returns the types whose schema is damaged.
  std::vector<std::string> damaged_schemas(const read_transaction& in) const;

  std::uint64_t records() const { return records_.load(std::memory_order_relaxed); }
  std::uint64_t used_bytes() const { return used_bytes_.load(std::memory_order_relaxed); }
  /// Pages of the file that hold nothing now, about: what can be written without a longer file.
  std::uint64_t spare_bytes() const;

  /// Changes to the journal: durable together, or not at all.
  class change {
  public:
    explicit change(journal_file& of);

    /// Each returns 0 or LMDB's code.
    int append(const log_entry& entry);  ///< Numbers ascend.
    int remove(lsn number);
    int set_next(lsn next);  ///< So that numbers of removed records are not used again.
    int set_schema(std::string_view type, bytes_view what);
    int set_epochs(const std::vector<sharding::epoch_number>& epochs);
    int commit();

  private:
    journal_file& of_;
    write_transaction txn_;
    std::optional<cursor> log_;  ///< Closed before the transaction ends.
  };

private:
  journal_file() = default;
  result<nothing> read_meta();
  void measure(MDB_txn* txn);

  std::unique_ptr<environment> env_;
  MDB_dbi log_ = 0;
  MDB_dbi meta_ = 0;
  journal_id id_{};
  std::uint32_t shard_count_ = 0;
  std::vector<sharding::epoch_number> epochs_;
  lsn next_ = 1;
  std::atomic<std::uint64_t> records_{0};
  std::atomic<std::uint64_t> used_bytes_{0};
};

}  // namespace perdure::persistence::lmdb
