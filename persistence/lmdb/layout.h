#pragma once

/// How the LMDB engine lays its keys and values out in bytes. docs/format.md is the grammar; this
/// is the one place that both readers and writers go through.

#include <array>
#include <bit>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "persistence/journal.h"

namespace perdure::persistence::lmdb {

static_assert(std::endian::native == std::endian::little, "values are laid out little-endian");

/// Number of a record in the journal: 1, 2, 3, ... over all entities, never used again. 0: none.
using lsn = std::uint64_t;

/// Format of the data directory. A directory of another format is not opened.
inline constexpr std::uint32_t format_version = 1;

/// Format of the index. An index of another one is built again.
inline constexpr std::uint32_t index_format_version = 3;

/// Tells one journal from every other.
using journal_id = std::array<std::byte, 16>;

// -- keys ----------------------------------------------------------------------------------------

/// A number whose bytes sort as it does.
class big_endian {
public:
  explicit big_endian(std::uint64_t value);

  /// REQUIRES: from.size() >= 8.
  static std::uint64_t read(bytes_view from);

  bytes_view view() const { return bytes_; }

private:
  std::array<std::byte, 8> bytes_;
};

/// An entity's name as a key, `type 0 id`, and its hash. Sorts as (type, id).
class entity_key {
public:
  /// REQUIRES: is_key(entity).
  explicit entity_key(const entity_id& entity);

  bytes_view view() const { return {data_.data(), size_}; }
  std::string_view text() const { return as_text(view()); }
  std::uint64_t hash() const { return hash_; }

private:
  std::array<std::byte, 496> data_;
  std::size_t size_ = 0;
  std::uint64_t hash_ = 0;
};

/// Returns the hash that an entity_key of these bytes has.
std::uint64_t hash_of(std::string_view key);

/// Returns the entity that a key names.
entity_id entity_of(std::string_view key);

/// A point in time as a number whose bytes sort as it does.
std::uint64_t sortable(timestamp time);
timestamp from_sortable(std::uint64_t value);

// -- the log -------------------------------------------------------------------------------------

/// A record as it stands in the log. `encoded` is borrowed.
struct log_entry {
  lsn number = 0;
  std::uint32_t crc = 0;  ///< As stored.
  bool begins_run = false;
  lsn back = 0;  ///< The entity's record before this one, in this run or the one before.
  bytes_view encoded;
};

/// Bytes that stand before the encoded record.
inline constexpr std::size_t log_head_bytes = 16;

/// Writes `entry` (its crc excepted, which is computed) to `to`, log_head_bytes + encoded.size()
/// bytes. Returns the checksum.
std::uint32_t write_log_entry(const log_entry& entry, std::byte* to);

/// Returns what stands in `value`, or nothing when that is not a record of this version or its
/// checksum differs.
std::optional<log_entry> read_log_entry(lsn number, bytes_view value);

/// Returns what stands in `value` whatever its checksum, to tell whose a damaged record may have
/// been, or nothing when it is too short.
std::optional<log_entry> read_damaged_log_entry(lsn number, bytes_view value);

// -- the index -----------------------------------------------------------------------------------

/// What the index holds of an entity.
struct entity_state {
  entity_summary summary;
  lsn last = 0;  ///< Of its last record.
};

/// A row of the index. What stands beside the state is known to the index's writer alone.
struct index_row {
  entity_state state;
  std::optional<timestamp> due_indexed;  ///< Where it stands in the order of due times.
  event_number snapshot_event = 0;       ///< Of the snapshot that is kept; 0: none.
};

inline constexpr std::size_t index_row_bytes = 80;

std::array<std::byte, index_row_bytes> write_row(const index_row& row);
std::optional<index_row> read_row(bytes_view value);

/// A run or an entity that ended, and may be removed when it ended long enough ago. Of an entity
/// that was started again since, that is what it had done until then. One that is held back ended
/// without being settled: it is not removed before a later record says that it is.
struct garbage {
  enum class kind : std::uint8_t { run = 1, entity = 2, held = 3 };
  kind what = kind::run;
  timestamp ended;
  lsn last = 0;     ///< Of its last record.
  std::string key;  ///< Of the entity.

  friend bool operator==(const garbage&, const garbage&) = default;
};

/// Returns what an entity is that has ended so.
garbage::kind kind_of_end(const entity_summary& ended);

/// Key of a piece of garbage: sorts by kind, then by when it ended.
std::array<std::byte, 17> garbage_key(garbage::kind what, timestamp ended, lsn last);
std::optional<garbage> read_garbage(bytes_view key, bytes_view value);

/// A snapshot as it stands in the index. `encoded` is borrowed.
struct stored_snapshot {
  lsn taken_after = 0;           ///< The record it was taken after,
  std::uint32_t record_crc = 0;  ///< and that record's checksum.
  bytes_view encoded;
};

bytes write_snapshot(const stored_snapshot& from);
/// Returns nothing when the checksum differs.
std::optional<stored_snapshot> read_snapshot(bytes_view value);

/// Key of an activity's progress: sorts by entity, then by activity.
bytes progress_key(std::string_view key, event_number activity);

/// Whether this is the key of an activity's progress of the entity `key`, and not one of an entity
/// whose id begins with `key`'s.
bool is_progress_of(std::string_view key, bytes_view progress_key);

/// A value behind its checksum.
bytes write_checked(bytes_view encoded);
/// Returns the value, borrowed, or nothing when the checksum differs.
std::optional<bytes_view> read_checked(bytes_view value);

/// How far the index has followed the journal.
struct applied_mark {
  lsn last = 0;
  std::uint32_t crc = 0;  ///< Of the record with that number, 0 when unknown.
};

}  // namespace perdure::persistence::lmdb
