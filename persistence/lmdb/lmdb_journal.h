#pragma once

/// The embedded engine: a journal in a directory of this machine, on LMDB.
///
/// The log is one synced environment in order of record numbers; the index beside it is derived and
/// written in the background. Both are laid out in docs/format.md. One process has a directory at a
/// time. Any error of a commit or sync other than a lack of room ends the process: after a failed
/// sync nothing can be believed, and opening again finds out what is true.

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "persistence/journal.h"

namespace perdure::persistence {

/// Where a test makes the disk fail. All empty: the real disk.
struct lmdb_faults {
  /// Asked before a commit: the errno or LMDB code it shall fail with, or 0.
  std::function<int()> journal_commit;
  std::function<int()> index_commit;
  /// Bytes free on the disk, instead of what the system says.
  std::function<std::uint64_t()> free_bytes;
  /// Called with the message instead of ending the process. Every later append is `unknown`.
  std::function<void(const std::string&)> fatal;
};

struct lmdb_options {
  std::filesystem::path directory;

  /// Fixed when the directory is made; opening it with another number is an error. 0 takes what the
  /// directory has, and `default_shard_count` for a new one.
  std::uint32_t shard_count = 0;

  /// How long records of runs that were continued, and entities that ended, are kept. What an
  /// entity did before it ended and was started again is kept as an entity that ended, and goes
  /// before that when a later run of it goes.
  duration history_retention{0};
  duration terminated_retention{std::chrono::hours{72}};

  std::uint64_t storage_limit_bytes = 0;           ///< Of journal and index; 0: the whole disk.
  std::uint64_t disk_reserve_bytes = 64ULL << 20;  ///< Left free on the disk.

  /// Address space of the journal and of the index; they grow when it is not enough.
  std::size_t journal_map_bytes = default_map_bytes;
  std::size_t index_map_bytes = default_map_bytes / 4;

  /// The index is written when so much of the journal is not in it yet, or when so much time
  /// passed.
  std::uint64_t flush_records = 200'000;
  std::uint64_t flush_bytes = 64ULL << 20;
  duration flush_interval{1000};

  std::size_t rows_kept = 100'000;                  ///< Unchanged index rows held in memory.
  std::size_t snapshot_queue_bytes = 256ULL << 20;  ///< Snapshots beyond it are dropped.
  std::size_t progress_queue_bytes = 128ULL << 20;  ///< Progress of activities likewise.

  /// False: nothing happens by itself; `flush` writes the index, and closing does not.
  bool background = true;

  /// Sixteen random bytes for a new journal; empty: the system's.
  std::function<std::array<std::byte, 16>()> random_id;

  lmdb_faults faults;

  static constexpr std::uint32_t default_shard_count = 1024;
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
  static constexpr std::size_t default_map_bytes = std::size_t{16} << 30;
#else
  static constexpr std::size_t default_map_bytes = std::size_t{1} << 40;
#endif
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  static constexpr std::size_t default_map_bytes = std::size_t{16} << 30;
#else
  static constexpr std::size_t default_map_bytes = std::size_t{1} << 40;
#endif
};

/// Opens the journal in `options.directory`, or makes it. What the index lacks is read from the log
/// first; a missing, damaged or foreign index is built again from it. Errors: unavailable when
/// another node is running on the directory; malformed when shard_count is not the directory's;
/// storage_full; internal when the directory cannot be written or read, or has another format.
///
/// Beside what journal.h says: an index that turns out to be broken is marked, on whatever thread
/// that is found, and the process ends; the next start builds the index again.
result<std::unique_ptr<journal>> open_lmdb_journal(lmdb_options options);

/// What `verify` found.
struct verify_report {
  struct finding {
    std::uint64_t record = 0;         ///< Its number in the journal; 0: not a record.
    std::optional<entity_id> entity;  ///< As far as it can be told.
    event_number event = 0;           ///< First event of the record; 0: unknown.
    std::string what;
  };

  static constexpr std::size_t findings_max = 1000;

  std::uint32_t shard_count = 0;
  std::uint64_t records = 0;
  std::uint64_t entities = 0;
  std::uint64_t bytes = 0;     ///< Of the records.
  bool index_checked = false;  ///< False: a node is running, or there is no index.
  std::uint64_t index_rows = 0;
  std::uint64_t findings_count = 0;  ///< All; `findings` holds the first findings_max.
  std::vector<finding> findings;

  bool sound() const { return findings_count == 0; }
};

/// Reads all of a journal: checksums, each entity's chain and sequence of events, and, when no node
/// is running on the directory, that the index agrees. Changes nothing. Not in a process that has
/// the directory open. Errors: as open_lmdb_journal.
result<verify_report> verify_lmdb_journal(const std::filesystem::path& directory);

}  // namespace perdure::persistence
