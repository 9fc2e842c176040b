#include "persistence/lmdb/layout.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <cstring>
#include <limits>

#include "persistence/check.h"
#include "persistence/limits.h"
#include "persistence/lmdb/crc32c.h"

namespace perdure::persistence::lmdb {

namespace {

constexpr std::uint8_t record_version = 1;
constexpr std::uint8_t begins_run_flag = 1;
constexpr std::int64_t no_time = std::numeric_limits<std::int64_t>::max();

template <class T>
T get(const std::byte* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

template <class T>
void put(std::byte* to, T value) {
  std::memcpy(to, &value, sizeof value);
}

std::int64_t millis(std::optional<timestamp> time) {
  return time ? time->time_since_epoch().count() : no_time;
}

std::optional<timestamp> optional_time(std::int64_t millis) {
  if (millis == no_time) return std::nullopt;
  return timestamp{duration{millis}};
}

/// A row's bytes. Little-endian, no padding.
struct packed_row {
  std::uint64_t last;
  std::uint64_t last_event;
  std::uint64_t run_began;
  std::uint64_t run_bytes;
  std::int64_t created;
  std::int64_t last_active;
  std::int64_t next_due;
  std::int64_t due_indexed;
  std::uint64_t snapshot_event;
  std::uint32_t run;
  std::uint8_t status;
  std::uint8_t pending;
  std::uint8_t unsettled;
  std::uint8_t reserved;
};
static_assert(sizeof(packed_row) == index_row_bytes);

/// Bytes of a snapshot's value before the encoded snapshot: crc, record crc, lsn.
constexpr std::size_t snapshot_head_bytes = 16;

/// Bytes of a progress's key after the entity's: a zero and the activity.
constexpr std::size_t progress_tail_bytes = 9;

std::uint32_t log_crc(lsn number, bytes_view value) {
  return crc32c(value.subspan(sizeof(std::uint32_t)), crc32c(big_endian(number).view()));
}

}  // namespace

// -- keys ----------------------------------------------------------------------------------------

big_endian::big_endian(std::uint64_t value) { put(bytes_.data(), __builtin_bswap64(value)); }

std::uint64_t big_endian::read(bytes_view from) {
  return __builtin_bswap64(get<std::uint64_t>(from.data()));
}

static_assert(type_bytes_max + 1 + id_bytes_max <= 496, "an entity_key holds every name");
static_assert(9 + type_bytes_max + 1 + id_bytes_max <= 511, "LMDB's limit of a key");

entity_key::entity_key(const entity_id& entity) : size_(entity.type.size() + 1 + entity.id.size()) {
  check(is_key(entity), "a name fits a key");
  std::memcpy(data_.data(), entity.type.data(), entity.type.size());
  data_[entity.type.size()] = std::byte{0};
  std::memcpy(data_.data() + entity.type.size() + 1, entity.id.data(), entity.id.size());
  hash_ = hash_of(text());
}

std::uint64_t hash_of(std::string_view key) { return XXH3_64bits(key.data(), key.size()); }

entity_id entity_of(std::string_view key) {
  auto end = key.find('\0');
  if (end == std::string_view::npos) return {std::string(key), {}};
  return {std::string(key.substr(0, end)), std::string(key.substr(end + 1))};
}

std::uint64_t sortable(timestamp time) {
  return static_cast<std::uint64_t>(time.time_since_epoch().count()) ^ (std::uint64_t{1} << 63);
}

timestamp from_sortable(std::uint64_t value) {
  return timestamp{duration{static_cast<std::int64_t>(value ^ (std::uint64_t{1} << 63))}};
}

// -- the log -------------------------------------------------------------------------------------

std::uint32_t write_log_entry(const log_entry& entry, std::byte* to) {
  put<std::uint8_t>(to + 4, record_version);
  put<std::uint8_t>(to + 5, entry.begins_run ? begins_run_flag : 0);
  put<std::uint16_t>(to + 6, 0);
  put<std::uint64_t>(to + 8, entry.back);
  std::memcpy(to + log_head_bytes, entry.encoded.data(), entry.encoded.size());
  auto crc = log_crc(entry.number, {to, log_head_bytes + entry.encoded.size()});
  put(to, crc);
  return crc;
}

std::optional<log_entry> read_log_entry(lsn number, bytes_view value) {
  auto entry = read_damaged_log_entry(number, value);
  if (!entry || entry->crc != log_crc(number, value)) return std::nullopt;
  if (get<std::uint8_t>(value.data() + 4) != record_version) return std::nullopt;
  return entry;
}

std::optional<log_entry> read_damaged_log_entry(lsn number, bytes_view value) {
  if (value.size() < log_head_bytes) return std::nullopt;
  return log_entry{
      .number = number,
      .crc = get<std::uint32_t>(value.data()),
      .begins_run = (get<std::uint8_t>(value.data() + 5) & begins_run_flag) != 0,
      .back = get<std::uint64_t>(value.data() + 8),
      .encoded = value.subspan(log_head_bytes),
  };
}

// -- the index -----------------------------------------------------------------------------------

std::array<std::byte, index_row_bytes> write_row(const index_row& row) {
  auto& summary = row.state.summary;
  packed_row packed{
      .last = row.state.last,
      .last_event = summary.last_event,
      .run_began = summary.run_began,
      .run_bytes = summary.run_bytes,
      .created = millis(summary.created),
      .last_active = millis(summary.last_active),
      .next_due = millis(summary.next_due),
      .due_indexed = millis(row.due_indexed),
      .snapshot_event = row.snapshot_event,
      .run = summary.run,
      .status = static_cast<std::uint8_t>(summary.status),
      .pending = summary.pending ? std::uint8_t{1} : std::uint8_t{0},
      .unsettled = summary.unsettled ? std::uint8_t{1} : std::uint8_t{0},
      .reserved = 0,
  };
  return std::bit_cast<std::array<std::byte, index_row_bytes>>(packed);
}

std::optional<index_row> read_row(bytes_view value) {
  if (value.size() != index_row_bytes) return std::nullopt;
  auto packed = get<packed_row>(value.data());
  if (packed.status < static_cast<std::uint8_t>(entity_status::running) ||
      packed.status > static_cast<std::uint8_t>(entity_status::paused) || packed.pending > 1 ||
      packed.unsettled > 1) {
    return std::nullopt;
  }
  index_row row;
  row.state.last = packed.last;
  row.state.summary = {
      .status = static_cast<entity_status>(packed.status),
      .run = packed.run,
      .run_began = packed.run_began,
      .last_event = packed.last_event,
      .run_bytes = packed.run_bytes,
      .created = timestamp{duration{packed.created}},
      .last_active = timestamp{duration{packed.last_active}},
      .next_due = optional_time(packed.next_due),
      .pending = packed.pending != 0,
      .unsettled = packed.unsettled != 0,
  };
  row.due_indexed = optional_time(packed.due_indexed);
  row.snapshot_event = packed.snapshot_event;
  return row;
}

garbage::kind kind_of_end(const entity_summary& ended) {
  return is_settled(ended) ? garbage::kind::entity : garbage::kind::held;
}

std::array<std::byte, 17> garbage_key(garbage::kind what, timestamp ended, lsn last) {
  std::array<std::byte, 17> key;
  put(key.data(), static_cast<std::uint8_t>(what));
  std::memcpy(key.data() + 1, big_endian(sortable(ended)).view().data(), 8);
  std::memcpy(key.data() + 9, big_endian(last).view().data(), 8);
  return key;
}

std::optional<garbage> read_garbage(bytes_view key, bytes_view value) {
  if (key.size() != 17) return std::nullopt;
  auto what = get<std::uint8_t>(key.data());
  if (what < static_cast<std::uint8_t>(garbage::kind::run) ||
      what > static_cast<std::uint8_t>(garbage::kind::held)) {
    return std::nullopt;
  }
  return garbage{.what = static_cast<garbage::kind>(what),
                 .ended = from_sortable(big_endian::read(key.subspan(1))),
                 .last = big_endian::read(key.subspan(9)),
                 .key = std::string(as_text(value))};
}

bytes write_snapshot(const stored_snapshot& from) {
  bytes value(snapshot_head_bytes + from.encoded.size());
  put(value.data() + 4, from.record_crc);
  put(value.data() + 8, from.taken_after);
  std::memcpy(value.data() + snapshot_head_bytes, from.encoded.data(), from.encoded.size());
  put(value.data(), crc32c(bytes_view(value).subspan(4)));
  return value;
}

std::optional<stored_snapshot> read_snapshot(bytes_view value) {
  if (value.size() < snapshot_head_bytes) return std::nullopt;
  if (get<std::uint32_t>(value.data()) != crc32c(value.subspan(4))) return std::nullopt;
  return stored_snapshot{.taken_after = get<std::uint64_t>(value.data() + 8),
                         .record_crc = get<std::uint32_t>(value.data() + 4),
                         .encoded = value.subspan(snapshot_head_bytes)};
}

bytes progress_key(std::string_view key, event_number activity) {
  bytes whole(key.size() + progress_tail_bytes);
  std::memcpy(whole.data(), key.data(), key.size());
  whole[key.size()] = std::byte{0};
  std::memcpy(whole.data() + key.size() + 1, big_endian(activity).view().data(), 8);
  return whole;
}

bool is_progress_of(std::string_view key, bytes_view progress_key) {
  return progress_key.size() == key.size() + progress_tail_bytes &&
         as_text(progress_key).starts_with(key) && progress_key[key.size()] == std::byte{0};
}

bytes write_checked(bytes_view encoded) {
  bytes value(sizeof(std::uint32_t) + encoded.size());
  put(value.data(), crc32c(encoded));
  std::ranges::copy(encoded, value.begin() + sizeof(std::uint32_t));
  return value;
}

std::optional<bytes_view> read_checked(bytes_view value) {
  if (value.size() < sizeof(std::uint32_t)) return std::nullopt;
  auto encoded = value.subspan(sizeof(std::uint32_t));
  if (get<std::uint32_t>(value.data()) != crc32c(encoded)) return std::nullopt;
  return encoded;
}

}  // namespace perdure::persistence::lmdb
