#include "gateway/history_view.h"

#include "gateway/json_text.h"
#include "gateway/summary.h"
#include "gateway/time_text.h"

namespace perdure::gateway {

namespace {

constexpr std::size_t records_at_once = 64;

/// Appends what an input came with.
void append_circumstances(json_writer& json, const core::record& step) {
  if (step.once) json.text("idempotencyKey", step.once->key);
  if (step.from) append_entity(json, "from", step.from->sender);
  if (!step.traceparent.empty()) json.text("traceparent", step.traceparent);
  if (step.settles.empty()) return;
  json.key("settles").begin_array();
  for (auto event : step.settles) json.text(std::to_string(event));
  json.end_array();
}

}  // namespace

std::optional<results_format> history_view::format_of(event_number call) {
  if (auto known = formats_.find(call); known != formats_.end()) return known->second;
  auto steps = engine_.history(entity_, call, 1, std::nullopt);
  if (steps && !steps->empty()) note_calls(steps->front());
  return formats_[call];
}

void history_view::note_calls(const core::record& step) {
  if (auto format = gateway::format_of(contracts_, step.what)) formats_[step.event] = format;
  auto number = step.event;
  for (auto& command : step.commands) {
    if (auto format = gateway::format_of(contracts_, command)) formats_[number + 1] = format;
    ++number;
  }
}

std::vector<shown_event> history_view::show(const core::record& step) {
  note_calls(step);
  std::vector<shown_event> shown;
  auto number = step.event;
  auto add = [&](const auto& event) {
    json_writer json;
    const auto kind = kind_of(event);
    json.begin_object().wide("event", number).number("run", step.run);
    json.text("time", format_time(step.time)).text("kind", kind);
    if (number != step.event) {
      json.wide("causedBy", step.event);
    } else {
      append_circumstances(json, step);
    }
    append_members(json, contracts_, event);
    json.end_object();
    shown.push_back({number++, kind, json.take()});
  };
  add(step.what);
  for (auto& command : step.commands) add(command);
  return shown;
}

result<shown_history> history_view::read(const history_range& range) {
  shown_history page;
  std::size_t size = 0;
  auto from = range.from;
  while (true) {
    auto steps = engine_.history(entity_, from, records_at_once, range.run);
    if (!steps) return std::move(steps).error();
    for (auto& step : *steps) {
      for (auto& event : show(step)) {
        if (event.number < from) continue;
        if (page.events.size() >= range.events_max || size >= range.bytes_max) {
          page.next = event.number;
          return page;
        }
        size += event.json.size();
        page.events.push_back(std::move(event));
      }
      from = step.last_event() + 1;
    }
    if (steps->size() < records_at_once) break;
  }
  const auto summary = engine_.store().find(entity_);
  page.ended = summary && persistence::has_ended(summary->status) && summary->last_event < from;
  return page;
}

}  // namespace perdure::gateway
