#pragma once

/// The idempotency window of one entity: which keyed messages it has taken, and what was answered.
/// Bounded by age and by number; the oldest leave first. A function of the entity's history: it
/// changes with records alone, so replay, snapshots and continue-as-new see the same window.
///
/// The age of a message counts from its answer: what has not ended does not age, and does not
/// leave. Each call takes amortized constant time.

#include <cstddef>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "entities/record.h"

namespace perdure::core {

class idempotency_window {
public:
  /// Returns the message that came with `key`, and was answered at `oldest` or later or not yet;
  /// null: there is none. Invalidated by what changes the window.
  const keyed_message* find(std::string_view key, timestamp oldest = timestamp::min()) const;

  /// Adds a message, in place of one with the same key. `ends_with`: the event whose end answers
  /// it; 0: it has been answered. REQUIRES: times grow from call to call, here and in `conclude`.
  void add(keyed_message taken, event_number ends_with);

  /// Records how what began with `event` ended, for all that wait for it.
  void conclude(event_number event, const update_outcome& outcome, timestamp now);
  /// Likewise, of all that have not ended.
  void conclude_all(const update_outcome& outcome, timestamp now);

  /// Drops messages answered before `oldest`, and the oldest beyond `most`.
  void prune(timestamp oldest, std::size_t most);

  std::size_t size() const { return by_key_.size(); }

  /// Returns all messages: first those that have ended, the oldest first, then the others.
  std::vector<keyed_message> entries() const;

private:
  struct entry {
    keyed_message message;
    event_number ends_with = 0;  ///< The event whose end it waits for; 0: it has ended, and ages.
  };
  using place = std::list<entry>::iterator;

  void conclude(place which, const update_outcome& outcome, timestamp now);
  void erase(place which);

  std::list<entry> aging_;  ///< In order of time.
  std::list<entry> open_;   ///< Not ended.
  /// Of `open_`: by the events whose end they wait for, in order of these.
  std::vector<std::pair<event_number, place>> awaited_;
  std::unordered_map<std::string_view, place> by_key_;  ///< The keys are those in the lists.
};

}  // namespace perdure::core
