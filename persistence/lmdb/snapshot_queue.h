#pragma once

/// Snapshots on their way to the index: the latest of each entity, encoded, bounded in bytes.

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "persistence/journal.h"

namespace perdure::persistence::lmdb {

class snapshot_queue {
public:
  explicit snapshot_queue(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  struct item {
    std::string key;
    event_number event = 0;
    std::uint64_t state_digest = 0;
    std::uint64_t serial = 0;  ///< Tells it from a later one of the same entity.
    std::shared_ptr<const bytes> encoded;
  };

  /// Takes a snapshot, or drops it when there is no room.
  void put(std::string_view key, const snapshot& taken);

  /// Returns the entity's encoded snapshot, or nothing.
  std::shared_ptr<const bytes> find(std::string_view key) const;

  /// Returns all there is; it stays until `done`.
  std::vector<item> all() const;

  /// Forgets an item, unless a later one took its place.
  void done(const item& written);

  /// Forgets all.
  void clear();

  /// Forgets the entity's snapshot: the entity is gone.
  void forget(std::string_view key);

  std::size_t bytes_held() const;

private:
  const std::size_t bytes_max_;
  mutable std::mutex mutex_;
  std::map<std::string, item, std::less<>> items_;
  std::size_t bytes_held_ = 0;
  std::uint64_t serials_ = 0;
};

}  // namespace perdure::persistence::lmdb
