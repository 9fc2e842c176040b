#pragma once

/// Progress of activities on its way to the index: the latest of each activity, and what is to be
/// forgotten. Bounded in bytes; what does not fit is lost, which progress may be. Any thread.

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

class progress_queue {
public:
  explicit progress_queue(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  /// What is to become of an activity's progress.
  struct entry {
    event_number activity = 0;
    std::shared_ptr<const activity_progress> latest;  ///< Null: it is to be forgotten.
    std::uint64_t serial = 0;                         ///< Tells it from a later one.
  };

  /// What is to become of an entity's: first all that is older goes, when `cleared`.
  struct item {
    std::string key;
    std::uint64_t cleared = 0;  ///< Serial of the clearing; 0: it was not cleared.
    std::vector<entry> entries;
  };

  void note(std::string_view key, const activity_progress& progress);
  void forget(std::string_view key, event_number activity);

  /// Forgets all of an entity's: it has ended, or is gone. Is never lost.
  void clear(std::string_view key);

  /// Returns what is on its way for the entity.
  item find(std::string_view key) const;

  /// Returns all there is; it stays until `done`.
  std::vector<item> all() const;

  /// Drops what `written` has, unless something later took its place.
  void done(const item& written);

  bool empty() const;
  std::size_t bytes_held() const;

private:
  struct waiting {
    std::uint64_t cleared = 0;
    std::map<event_number, entry> entries;
  };

  void put(std::string_view key, event_number activity,
           std::shared_ptr<const activity_progress> latest);
  static item item_of(const std::string& key, const waiting& of);
  static std::size_t bytes_of(std::string_view key, const entry& of);

  const std::size_t bytes_max_;
  mutable std::mutex mutex_;
  std::map<std::string, waiting, std::less<>> items_;
  std::size_t bytes_held_ = 0;
  std::uint64_t serials_ = 0;
};

}  // namespace perdure::persistence::lmdb
