#pragma once

/// The journal's records of an entity as the events that people and programs read: one JSON object
/// for each input and each command, payloads decoded by the contract.
///
/// Members of every event: `event` (its number), `run`, `time`, `kind`; those of its kind; of a
/// command `causedBy` (the input whose handling issued it); of an input, where there are such,
/// `idempotencyKey`, `from` (the entity that sent it), `traceparent`, `settles` (events of this
/// entity that were taken since the input before). A payload that the contract cannot decode any
/// more is shown as `undecodable`, with the reason, so that a history can always be read.

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "entities/record.h"
#include "gateway/history_events.h"

namespace perdure::gateway {

struct shown_event {
  event_number number = 0;
  std::string_view kind;  ///< A literal.
  std::string json;
};

/// A stretch of a history.
struct shown_history {
  std::vector<shown_event> events;
  std::optional<event_number> next;  ///< Where to go on; nothing at the end.
  bool ended = false;                ///< Nothing follows, unless the entity is started again.
};

/// Which stretch is asked for.
struct history_range {
  event_number from = 1;
  std::size_t events_max = 100;
  std::size_t bytes_max = 8 * 1024 * 1024;  ///< Exceeded by the event that reaches it.
  std::optional<run_number> run = {};
};

/// Reads one entity's history. Blocks for the time of the journal's reads; one thread at a time.
/// REQUIRES: engine, type and activities outlive it.
class history_view {
public:
  history_view(runtime::engine& engine, const runtime::hosted_type& type,
               const known_activities& activities, entity_id entity)
      : engine_(engine),
        entity_(std::move(entity)),
        contracts_{engine, type, activities, [this](event_number e) { return format_of(e); }} {}
  history_view(const history_view&) = delete;

  /// Returns events from `range.from` on. Errors: as `engine::history`.
  result<shown_history> read(const history_range& range);

private:
  std::vector<shown_event> show(const core::record& step);
  void note_calls(const core::record& step);
  std::optional<results_format> format_of(event_number call);

  runtime::engine& engine_;
  const entity_id entity_;
  const history_contracts contracts_;
  /// How results are read, by the event that began the call.
  std::unordered_map<event_number, std::optional<results_format>> formats_;
};

}  // namespace perdure::gateway
