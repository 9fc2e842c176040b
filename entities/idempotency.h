#pragma once

/// The idempotency window of one entity: which keyed messages it has taken, and what was answered.
/// Bounded by age and by number; the oldest leave first. A function of the entity's history, so
/// replay and continue-as-new see the same window.

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "entities/record.h"

namespace perdure::core {

class idempotency_window {
public:
  /// Returns the message that came with `key`, or null. Invalidated by `add` and `prune`.
  const keyed_message* find(std::string_view key) const;

  /// REQUIRES: the key is not in the window; events grow from call to call.
  void add(keyed_message taken);

  /// Records how the update or the main accepted as `event` ended, also for those who joined it;
  /// one without a key is ignored.
  void settle(event_number event, const update_outcome& outcome);

  /// Drops messages taken before `oldest`, and the oldest beyond `most`; updates that have not
  /// ended stay.
  void prune(timestamp oldest, std::size_t most);

  std::size_t size() const { return by_event_.size(); }

  /// Returns all messages in order of their events.
  std::vector<keyed_message> entries() const;

private:
  std::map<event_number, keyed_message> by_event_;
  std::unordered_map<std::string_view, const keyed_message*> by_key_;  // into by_event_
  std::size_t joined_ = 0;                                             // of by_event_
};

}  // namespace perdure::core
