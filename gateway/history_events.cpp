#include "gateway/history_events.h"

#include <iterator>
#include <string>
#include <variant>

#include "entities/machine.h"
#include "gateway/base64.h"
#include "gateway/summary.h"
#include "gateway/time_text.h"
#include "gateway/url.h"

namespace perdure::gateway {

namespace {

// In the order of the variants.
constexpr std::string_view input_kinds[] = {
    "signal_received", "signal_delayed",   "update_accepted",
    "timer_fired",     "reminder_fired",   "delayed_signal_due",
    "run_continued",   "terminated",       "main_started",
    "main_due",        "deadline_passed",  "activity_ended",
    "reply_received",  "cancel_requested", "paused",
    "resumed",         "run_reset",        "settled"};
static_assert(std::size(input_kinds) == std::variant_size_v<core::input>);

constexpr std::string_view command_kinds[] = {
    "timer_started", "timer_cancelled",   "reminder_set",         "reminder_cancelled",
    "update_ended",  "handler_failed",    "activity_scheduled",   "activity_cancelled",
    "message_sent",  "version_recorded",  "side_effect_recorded", "attribute_set",
    "main_ended",    "continue_requested"};
static_assert(std::size(command_kinds) == std::variant_size_v<core::command>);

std::string_view to_text(core::life_status status) {
  switch (status) {
    case core::life_status::running:
      return "running";
    case core::life_status::terminated:
      return "terminated";
    case core::life_status::completed:
      return "completed";
    case core::life_status::failed:
      return "failed";
    case core::life_status::cancelled:
      return "cancelled";
  }
  return "";
}

class member_writer {
public:
  member_writer(json_writer& json, const history_contracts& by) : json_(json), by_(by) {}

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
  void operator()(const core::terminated& e) { reason(e.reason); }
  void operator()(const core::run_continued& e) {
    number("reminders", e.carried.reminders.size());
    number("delayedSignals", e.carried.delayed.size());
    number("idempotencyKeys", e.carried.idempotency.size());
    number("messages", e.carried.outbox.size());
    number("children", e.carried.children.size());
    if (!e.carried.attributes.empty()) append_attributes(json_, e.carried.attributes);
    if (auto& main = e.carried.main) {
      json_.key("main").begin_object().wide("started", main->started);
      message(main->method, main->params);
      json_.end_object();
    }
    payload("state", &by_.type.json, by_.type.contract().state, e.carried.state);
  }
  void operator()(const core::main_started& e) {
    message(e.method, e.params);
    if (e.as_child) json_.boolean("child", true);
    time("delay", e.options.delay);
    time("runTimeout", e.options.run_timeout);
    time("executionTimeout", e.options.execution_timeout);
  }
  void operator()(const core::main_due&) {}
  void operator()(const core::deadline_passed& e) {
    json_.text("of", e.of_run ? "run" : "execution");
  }
  void operator()(const core::activity_ended& e) {
    json_.wide("activity", e.activity);
    outcome(e.activity, e.outcome);
  }
  void operator()(const core::reply_received& e) {
    json_.wide("message", e.message);
    outcome(e.message, e.outcome);
  }
  void operator()(const core::cancel_requested& e) { reason(e.reason); }
  void operator()(const core::paused& e) { reason(e.reason); }
  void operator()(const core::resumed&) {}
  void operator()(const core::run_reset& e) {
    json_.wide("to", e.to);
    reason(e.reason);
    number("keptSteps", e.history.size());
  }
  void operator()(const core::settled&) {}

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
      if (!e.outcome.type.empty()) json_.text("errorType", e.outcome.type);
    } else {
      results(e.update, e.outcome.results);
    }
  }
  void operator()(const core::handler_failed& e) {
    json_.wide("startedBy", e.started_by).text("message", e.message);
  }
  void operator()(const core::activity_scheduled& e) {
    auto* known = by_.activities.find(e.activities);
    auto* activity = known ? known->what->find(e.activity) : nullptr;
    json_.text("name", e.activities + '.' + by_.activities.name_of(e.activities, e.activity));
    if (!e.options.queue.empty()) json_.text("queue", e.options.queue);
    time("scheduleToStart", e.options.schedule_to_start);
    time("startToClose", e.options.start_to_close);
    time("scheduleToClose", e.options.schedule_to_close);
    time("heartbeat", e.options.heartbeat);
    if (e.options.retry.attempts != 0) json_.number("attempts", e.options.retry.attempts);
    payload("params", activity ? &known->json : nullptr, activity ? activity->params : 0, e.params);
  }
  void operator()(const core::activity_cancelled& e) { json_.wide("activity", e.activity); }
  void operator()(const core::message_sent& e) {
    auto& sent = e.message;
    append_entity(json_, "to", sent.target);
    json_.text("sent", core::kind_name(sent.kind));
    if (sent.as_child) json_.boolean("child", true);
    using enum core::message_kind;
    if (sent.kind == cancel || sent.kind == terminate) return reason(sent.reason);
    if (sent.kind == result) return;
    auto* type = by_.engine.find_type(sent.target.type);
    auto* method = type ? type->contract().find(sent.method) : nullptr;
    json_.text("method", method ? std::string(method->name) : '@' + std::to_string(sent.method));
    payload("params", method ? &type->json : nullptr, method ? method->params : 0, sent.params);
  }
  void operator()(const core::version_recorded& e) {
    json_.text("change", e.change).number("version", e.version);
  }
  void operator()(const core::side_effect_recorded& e) {
    const auto text = as_text(e.value);
    if (is_utf8(text) && text.find('\0') == std::string_view::npos) {
      json_.text("value", text);
    } else {
      json_.text("valueBase64", to_base64(e.value));
    }
  }
  void operator()(const core::attribute_set& e) {
    json_.text("name", e.name);
    if (!e.value) {
      json_.boolean("removed", true);
    } else {
      append_attribute(json_.key("value"), *e.value);
    }
  }
  void operator()(const core::main_ended& e) {
    json_.text("status", to_text(e.status));
    if (e.outcome.how == core::update_outcome::kind::failed) {
      append_error(json_, "failure", {errc::failed, e.outcome.message, e.outcome.type});
    } else if (auto* main = by_.type.contract().main()) {
      payload("results", &by_.type.json, main->results, e.outcome.results);
    }
  }
  void operator()(const core::continue_requested&) {}

private:
  void number(std::string_view name, std::size_t count) {
    json_.number(name, static_cast<std::int64_t>(count));
  }
  void time(std::string_view name, duration length) {
    if (length != no_limit) json_.text(name, format_duration(length));
  }
  void reason(const std::string& text) { json_.text("reason", text); }

  /// A method of the entity's own contract, with its parameters.
  void message(std::uint16_t ordinal, const bytes& params) {
    if (auto* method = by_.type.contract().find(ordinal)) {
      json_.text("method", method->name);
      payload("params", &by_.type.json, method->params, params);
    } else {
      json_.text("method", '@' + std::to_string(ordinal));
      json_.text("undecodable", "the contract has no such method any more");
    }
  }

  void outcome(event_number call, const core::call_outcome& how) {
    if (how.why) {
      append_error(json_, "failure", *how.why);
    } else {
      results(call, how.results);
    }
  }

  void results(event_number call, const bytes& encoded) {
    if (encoded.empty()) return;  // It was accepted, and no more than that was asked for.
    if (auto format = by_.format_of(call)) {
      payload("results", format->codec, format->schema, encoded);
    } else {
      json_.text("undecodable", "the event that began it is not kept any more");
    }
  }

  void payload(std::string_view name, const core::json_codec* codec, std::uint64_t schema,
               const bytes& encoded) {
    if (codec == nullptr) {
      json_.text(std::string(name) + "Base64", to_base64(encoded));
    } else if (auto text = codec->encode(schema, encoded)) {
      json_.raw(name, *text);
    } else {
      json_.text("undecodable", text.error().detail);
    }
  }

  json_writer& json_;
  const history_contracts& by_;
};

results_format format_of(const runtime::hosted_type* type, std::uint16_t ordinal) {
  auto* method = type == nullptr ? nullptr : type->contract().find(ordinal);
  if (method == nullptr) return {};
  return {&type->json, method->results};
}

}  // namespace

std::string_view kind_of(const core::input& what) { return input_kinds[what.index()]; }
std::string_view kind_of(const core::command& what) { return command_kinds[what.index()]; }

void append_members(json_writer& json, const history_contracts& by, const core::input& what) {
  std::visit(member_writer(json, by), what);
}
void append_members(json_writer& json, const history_contracts& by, const core::command& what) {
  std::visit(member_writer(json, by), what);
}

std::optional<results_format> format_of(const history_contracts& by, const core::input& what) {
  if (auto* update = std::get_if<core::update_accepted>(&what)) {
    return format_of(&by.type, update->method);
  }
  return std::nullopt;
}

std::optional<results_format> format_of(const history_contracts& by, const core::command& what) {
  if (auto* scheduled = std::get_if<core::activity_scheduled>(&what)) {
    auto* known = by.activities.find(scheduled->activities);
    auto* activity = known == nullptr ? nullptr : known->what->find(scheduled->activity);
    if (activity == nullptr) return results_format{};
    return results_format{&known->json, activity->results};
  }
  if (auto* sent = std::get_if<core::message_sent>(&what)) {
    auto* type = by.engine.find_type(sent->message.target.type);
    if (sent->message.kind == core::message_kind::result) {
      auto* main = type == nullptr ? nullptr : type->contract().main();
      return main == nullptr ? results_format{} : results_format{&type->json, main->results};
    }
    return format_of(type, sent->message.method);
  }
  return std::nullopt;
}

}  // namespace perdure::gateway
