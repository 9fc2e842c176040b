#pragma once

/// The journal's records of an entity as the events that people and programs read: one JSON object
/// for each input and each command, payloads decoded by the contract.
///
/// Members of every event: `event` (its number), `run`, `time`, `kind`; those of its kind; and, of
/// a command, `causedBy` (the input whose handling issued it). A payload that the contract cannot
/// decode any more is shown as `undecodable`, with the reason, so that a history can always be
/// read.

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "entities/record.h"
#include "runtime/engine.h"

namespace perdure::gateway {

struct shown_event {
  event_number number = 0;
  std::string_view kind;  ///< E.g. "signal_received"; a literal.
  std::string json;
};

/// A stretch of a history.
struct shown_history {
  std::vector<shown_event> events;
  std::optional<event_number> next;  ///< Where to go on; nothing at the end.
  bool terminated = false;           ///< It ends where the entity was ended: nothing follows.
};

/// Which stretch is asked for.
struct history_range {
  event_number from = 1;
  std::size_t events_max = 100;
  std::size_t bytes_max = 8 * 1024 * 1024;  ///< Exceeded by the event that reaches it.
  std::optional<run_number> run = {};
};

/// Reads one entity's history. Blocks for the time of the journal's reads; one thread at a time.
/// REQUIRES: engine and type outlive it.
class history_view {
public:
  history_view(runtime::engine& engine, const runtime::hosted_type& type, entity_id entity)
      : engine_(engine), type_(type), entity_(std::move(entity)) {}

  /// Returns events from `range.from` on. Errors: as `engine::history`.
  result<shown_history> read(const history_range& range);

private:
  std::vector<shown_event> show(const core::record& step);
  void note_update(const core::record& step);
  const method* method_of_update(event_number accepted);

  runtime::engine& engine_;
  const runtime::hosted_type& type_;
  entity_id entity_;
  std::unordered_map<event_number, const method*> updates_;  ///< By the event that accepted them.
};

}  // namespace perdure::gateway
