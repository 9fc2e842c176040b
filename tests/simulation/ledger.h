#pragma once

/// The model: what is durable, told by the records alone and by nothing that the code under test
/// thinks of them, and what may therefore be said. Knows of every step that was ever appended, also
/// of those that retention has removed since.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <perdure/call.h>

#include "persistence/journal.h"
#include "process/envelope.h"

namespace perdure::simulation {

/// What may not happen has happened.
struct violation {
  std::string what;
};

class ledger {
public:
  /// A message that counts in its receiver's state.
  struct counted {
    event_number event = 0;
    std::uint64_t token = 0;
  };
  struct message {
    timestamp life;
    entity_id target;
    core::message_kind kind = core::message_kind::signal;
  };

  /// All that is known of one entity, since it was made (anew).
  struct book {
    persistence::entity_summary last;
    timestamp life;
    bool has_ended_ever = false;
    bool was_reset = false;
    std::vector<counted> pokes;  ///< In the order in which they were accepted.
    std::vector<counted> late;
    std::vector<counted> asked;
    std::map<std::string, event_number> keys;  ///< And the event that each counts as.
    std::map<event_number, message> sent;
    std::set<event_number> ended_requests;  ///< Updates and mains that have ended.
    std::set<event_number> events;          ///< Of inputs.
    std::set<event_number> signals;         ///< Of these, signals.
  };

  /// A batch is in the journal.
  void durable(const persistence::batch& what);
  /// Retention has removed the entity.
  void removed(const entity_id& who);
  /// Something is said to the sender of a message.
  void told(const process::told& what);

  /// Returns what there is of an entity, or null.
  const book* find(const entity_id& who) const;
  const std::map<entity_id, book>& books() const { return books_; }
  /// Whether the entity was ever there, and has ended or was removed.
  bool has_gone(const entity_id& who) const { return gone_.contains(who); }
  /// Whether a signal with this token was ever accepted.
  bool was_taken(const entity_id& who, std::uint64_t token) const {
    return tokens_.contains({who, token});
  }
  /// The events that a key has ever counted as.
  const std::set<event_number>& events_of(const entity_id& who, const std::string& key) const;
  /// Whether the end of the activity was ever recorded.
  bool has_ended(const entity_id& who, timestamp life, event_number activity) const {
    return activities_ended_.contains({who, life, activity});
  }

  /// Whether the messages that the entity has sent have come to something. REQUIRES: nothing is
  /// under way.
  std::optional<std::string> unaccounted(const entity_id& who) const;

private:
  void note_input(book& of, const entity_id& who, const core::record& step);
  void note_reset(book& of, const entity_id& who, const core::run_reset& what);
  void note_commands(book& of, const core::record& step);

  std::map<entity_id, book> books_;
  std::map<entity_id, timestamp> lives_;  ///< The greatest of each id.
  std::set<entity_id> gone_;
  struct taken {
    timestamp life;
    event_number number = 0;
    event_number event = 0;  ///< Here.
    bool is_signal = false;
  };
  /// By receiver and sender, in order: what was taken and not undone.
  std::map<std::pair<entity_id, entity_id>, std::vector<taken>> taken_;
  /// What was taken, or answered for good: sender and number.
  std::set<std::pair<entity_id, event_number>> arrived_;
  std::set<std::tuple<entity_id, timestamp, event_number>> recorded_;
  std::set<std::tuple<entity_id, timestamp, event_number>> refused_;
  std::set<std::tuple<entity_id, timestamp, event_number>> activities_ended_;
  std::set<std::pair<entity_id, std::uint64_t>> tokens_;
  std::map<std::pair<entity_id, std::string>, std::set<event_number>> keys_ever_;
};

}  // namespace perdure::simulation
