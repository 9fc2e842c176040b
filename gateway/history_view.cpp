#include "gateway/history_view.h"

#include <functional>
#include <type_traits>

#include "gateway/json_text.h"
#include "gateway/time_text.h"

namespace perdure::gateway {

namespace {

constexpr std::size_t records_at_once = 64;

template <class>
constexpr std::string_view kind_of;
template <>
constexpr std::string_view kind_of<core::signal_received> = "signal_received";
template <>
constexpr std::string_view kind_of<core::signal_delayed> = "signal_delayed";
template <>
constexpr std::string_view kind_of<core::update_accepted> = "update_accepted";
template <>
constexpr std::string_view kind_of<core::timer_fired> = "timer_fired";
template <>
constexpr std::string_view kind_of<core::reminder_fired> = "reminder_fired";
template <>
constexpr std::string_view kind_of<core::delayed_signal_due> = "delayed_signal_due";
template <>
constexpr std::string_view kind_of<core::run_continued> = "run_continued";
template <>
constexpr std::string_view kind_of<core::terminated> = "terminated";
template <>
constexpr std::string_view kind_of<core::timer_started> = "timer_started";
template <>
constexpr std::string_view kind_of<core::timer_cancelled> = "timer_cancelled";
template <>
constexpr std::string_view kind_of<core::reminder_set> = "reminder_set";
template <>
constexpr std::string_view kind_of<core::reminder_cancelled> = "reminder_cancelled";
template <>
constexpr std::string_view kind_of<core::update_ended> = "update_ended";
template <>
constexpr std::string_view kind_of<core::handler_failed> = "handler_failed";

/// Writes the members that one kind of event has beyond those of all.
class event_writer {
public:
  using update_methods = std::function<const method*(event_number)>;

  event_writer(const runtime::hosted_type& type, json_writer& json, update_methods methods)
      : type_(type), json_(json), method_of_update_(std::move(methods)) {}

  // -- inputs -------------------------------------------------------------------------------------

  void operator()(const core::signal_received& e) { message(e.method, e.params); }
  void operator()(const core::signal_delayed& e) {
    json_.text("due", format_time(e.due));
    message(e.method, e.params);
  }
  void operator()(const core::update_accepted& e) { message(e.method, e.params); }
  void operator()(const core::timer_fired& e) { json_.wide("timer", e.timer); }
  void operator()(const core::reminder_fired& e) { json_.text("name", e.name); }
  void operator()(const core::delayed_signal_due& e) { json_.wide("accepted", e.accepted); }
  void operator()(const core::terminated& e) { json_.text("reason", e.reason); }
  void operator()(const core::run_continued& e) {
    json_.number("reminders", static_cast<std::int64_t>(e.carried.reminders.size()));
    json_.number("delayedSignals", static_cast<std::int64_t>(e.carried.delayed.size()));
    json_.number("idempotencyKeys", static_cast<std::int64_t>(e.carried.idempotency.size()));
    payload("state", type_.contract().state, e.carried.state);
  }

  // -- commands -----------------------------------------------------------------------------------

  void operator()(const core::timer_started& e) {
    json_.wide("timer", e.timer).text("due", format_time(e.due));
  }
  void operator()(const core::timer_cancelled& e) { json_.wide("timer", e.timer); }
  void operator()(const core::reminder_cancelled& e) { json_.text("name", e.name); }
  void operator()(const core::reminder_set& e) {
    json_.text("name", e.set.name).text("due", format_time(e.set.due));
    message(e.set.signal, e.set.params);
  }
  void operator()(const core::update_ended& e) {
    json_.wide("update", e.update);
    if (e.outcome.how == core::update_outcome::kind::failed) {
      json_.text("failed", e.outcome.message);
    } else if (auto* method = method_of_update_(e.update)) {
      payload("results", method->results, e.outcome.results);
    } else {
      json_.text("undecodable", "the event that accepted the update is not kept any more");
    }
  }
  void operator()(const core::handler_failed& e) {
    json_.wide("startedBy", e.started_by).text("message", e.message);
  }

private:
  void message(std::uint16_t ordinal, const bytes& params) {
    if (auto* method = type_.contract().find(ordinal)) {
      json_.text("method", method->name);
      payload("params", method->params, params);
    } else {
      json_.text("method", '@' + std::to_string(ordinal));
      json_.text("undecodable", "the contract has no such method any more");
    }
  }

  void payload(std::string_view name, std::uint64_t schema, const bytes& encoded) {
    if (auto text = type_.json.encode(schema, encoded)) {
      json_.raw(name, *text);
    } else {
      json_.text("undecodable", text.error().detail);
    }
  }

  const runtime::hosted_type& type_;
  json_writer& json_;
  update_methods method_of_update_;
};

}  // namespace

const method* history_view::method_of_update(event_number accepted) {
  if (auto known = updates_.find(accepted); known != updates_.end()) return known->second;
  auto steps = engine_.history(entity_, accepted, 1, std::nullopt);
  if (!steps || steps->empty() || steps->front().event != accepted) return nullptr;
  note_update(steps->front());
  return updates_[accepted];
}

void history_view::note_update(const core::record& step) {
  if (auto* update = std::get_if<core::update_accepted>(&step.what)) {
    updates_[step.event] = type_.contract().find(update->method);
  }
}

std::vector<shown_event> history_view::show(const core::record& step) {
  note_update(step);
  std::vector<shown_event> shown;
  auto number = step.event;
  auto add = [&](const auto& event) {
    json_writer json;
    const auto kind = kind_of<std::decay_t<decltype(event)>>;
    json.begin_object().wide("event", number).number("run", step.run);
    json.text("time", format_time(step.time)).text("kind", kind);
    if (number != step.event) json.wide("causedBy", step.event);
    if (number == step.event && step.once) json.text("idempotencyKey", step.once->key);
    event_writer(type_, json, [this](event_number e) { return method_of_update(e); })(event);
    json.end_object();
    shown.push_back({number++, kind, json.take()});
  };
  std::visit(add, step.what);
  for (auto& command : step.commands) std::visit(add, command);
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
  page.terminated = summary && summary->status == persistence::entity_status::terminated &&
                    summary->last_event < from;
  return page;
}

}  // namespace perdure::gateway
