#pragma once

/// The entities' states in memory, above the index: those changed since the index was last written,
/// and a bounded number of unchanged ones so that the writer seldom reads the index.
///
/// Striped by hash; each stripe has its lock, held for moments. Only the writer adds and removes
/// rows and changes states, so a `row*` stays good for the writer until it calls `trim`, and what
/// the writer wrote it may read without the lock. A reader that finds nothing here looks into the
/// index, with a transaction begun afterwards: rows leave only after the index has them.
///
/// A row that is changed and has a next due time stands in its stripe's order of due times at that
/// time or before it.

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "persistence/lmdb/layout.h"

namespace perdure::persistence::lmdb {

/// An entity's attributes. Null: those that the index has.
using attributes_ptr = std::shared_ptr<const core::attributes>;

/// No attributes at all, whatever the index has.
attributes_ptr no_attributes();

/// One entity's state, and what the writer is about to make of it.
struct overlay_row {
  std::uint64_t hash = 0;
  std::string key;
  bool exists = false;    ///< False: known not to exist.
  bool changed = false;   ///< Since the last flush took it.
  bool flushing = false;  ///< Taken by a flush that has not ended.
  bool used = true;       ///< Since `trim` last passed.
  entity_state state;
  attributes_ptr attributes;           ///< Set since the index got them last.
  std::optional<timestamp> due_entry;  ///< Where it stands in the order of due times.

  bool written = false;  ///< The flush's own: the index has it now.

  /// The writer's own: the end of the batches before it in the append numbered `stage`.
  std::uint64_t stage = 0;
  entity_state staged;
};

/// A hash table of rows: open addressing, linear probing.
class row_table {
public:
  overlay_row* find(std::uint64_t hash, std::string_view key) const;
  /// REQUIRES: no row has this key.
  overlay_row* add(std::uint64_t hash, std::string_view key);
  /// Removes rows that `may_go`, looking at `steps` places at most, onwards from the last call.
  void sweep(std::size_t steps, const std::function<bool(overlay_row&)>& may_go);
  std::size_t size() const { return size_; }

private:
  struct slot {
    std::uint64_t hash = 0;
    std::unique_ptr<overlay_row> row;
  };

  void grow();
  void remove_at(std::size_t place);

  std::vector<slot> slots_;
  std::size_t size_ = 0;
  std::size_t hand_ = 0;
};

class overlay {
public:
  explicit overlay(std::size_t rows_kept) : rows_kept_(rows_kept) {}

  struct lookup {
    bool known = false;  ///< The answer is here; otherwise the index has it.
    bool exists = false;
    bool changed = false;  ///< Not in the index yet, or not as it is.
    entity_state state;
    attributes_ptr attributes;
  };

  lookup find(std::uint64_t hash, std::string_view key) const;

  // -- the writer --

  /// Returns the entity's row; when there is none, makes one from what `read` returns.
  template <class Read>
  overlay_row* row(std::uint64_t hash, std::string_view key, Read read) {
    auto& in = stripe_of(hash);
    {
      std::lock_guard lock(in.mutex);
      if (auto* found = in.rows.find(hash, key)) return use(*found);
    }
    return add(in, hash, key, read());
  }

  /// Sets what is now true of the entity; nothing: it does not exist. Null attributes: they are as
  /// they were.
  void set(overlay_row& row, const std::optional<entity_state>& state, attributes_ptr attributes);

  /// Lets unchanged rows go beyond the number that is kept.
  void trim();

  // -- readers --

  /// Appends to `found` the changed entities whose key is in [from, to) (`to` empty: no end).
  void changed_between(std::string_view from, std::string_view to,
                       std::vector<std::pair<std::string, lookup>>& found) const;

  /// Appends to `found` the changed entities that are due before `until`.
  void due(timestamp until, std::vector<std::pair<std::string, timestamp>>& found) const;

  /// Appends to `found` the changed entities that are pending.
  void pending(std::vector<std::string>& found) const;

  // -- the flush --

  struct taken_row {
    overlay_row* row = nullptr;  ///< Stays until `written`.
    bool exists = false;
    entity_state state;
    attributes_ptr attributes;
  };

  /// Takes all that is changed. REQUIRES: what was taken before is given back.
  std::vector<taken_row> changed_rows();

  /// Gives back all that was taken; the first `count` are in the index now, the others count as
  /// changed again.
  void written(std::span<const taken_row> taken, std::size_t count);

  std::size_t rows() const;

private:
  struct stripe {
    mutable std::mutex mutex;
    row_table rows;
    std::vector<overlay_row*> changed;
    std::vector<overlay_row*> flushing;
    mutable std::set<std::pair<timestamp, overlay_row*>> due;
  };

  static constexpr std::size_t stripe_count = 64;

  static overlay_row* use(overlay_row& row) {
    row.used = true;
    return &row;
  }

  stripe& stripe_of(std::uint64_t hash) { return stripes_[hash >> 58]; }
  const stripe& stripe_of(std::uint64_t hash) const { return stripes_[hash >> 58]; }
  overlay_row* add(stripe& in, std::uint64_t hash, std::string_view key,
                   const std::optional<entity_state>& state);
  template <class Each>
  static void each_changed(const stripe& in, Each each);
  static void enter_due(const stripe& in, overlay_row& row);
  static void leave_due(const stripe& in, overlay_row& row);

  const std::size_t rows_kept_;
  std::array<stripe, stripe_count> stripes_;
};

}  // namespace perdure::persistence::lmdb
