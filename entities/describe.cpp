#include <string>

#include "entities/machine.h"
#include "entities/payload.h"

namespace perdure::core {

namespace {

std::string at(timestamp due) { return "due " + std::to_string(due.time_since_epoch().count()); }

std::string call(std::uint16_t method, bytes_view params) {
  return "method " + std::to_string(method) + ", " + std::to_string(params.size()) +
         " bytes of parameters (digest " + std::to_string(digest(params)) + ")";
}

std::string millis(duration time) { return std::to_string(time.count()) + " ms"; }

std::string ended(const call_outcome& how) {
  if (how.why) return " ended: " + std::string(to_string(how.why->code)) + ": " + how.why->detail;
  return " ended with " + std::to_string(how.results.size()) + " bytes of results (digest " +
         std::to_string(digest(how.results)) + ")";
}

std::string text(const attribute_value& value) {
  return std::visit(
      [](auto& each) -> std::string {
        using kind = std::decay_t<decltype(each)>;
        if constexpr (std::is_same_v<kind, bool>) return each ? "true" : "false";
        if constexpr (std::is_same_v<kind, std::string>) return '"' + each + '"';
        if constexpr (std::is_arithmetic_v<kind>) return std::to_string(each);
      },
      value);
}

struct words {
  std::string operator()(const signal_received& e) { return "signal " + call(e.method, e.params); }
  std::string operator()(const signal_delayed& e) {
    return "delayed signal " + call(e.method, e.params) + ", " + at(e.due);
  }
  std::string operator()(const update_accepted& e) { return "update " + call(e.method, e.params); }
  std::string operator()(const timer_fired& e) {
    return "timer " + std::to_string(e.timer) + " fired";
  }
  std::string operator()(const reminder_fired& e) { return "reminder \"" + e.name + "\" fired"; }
  std::string operator()(const delayed_signal_due& e) {
    return "delayed signal of event " + std::to_string(e.accepted) + " due";
  }
  std::string operator()(const run_continued&) { return "run continued"; }
  std::string operator()(const terminated& e) { return "terminated: " + e.reason; }
  std::string operator()(const main_started& e) { return "start of " + call(e.method, e.params); }
  std::string operator()(const main_due&) { return "delayed start due"; }
  std::string operator()(const deadline_passed& e) {
    return std::string(e.of_run ? "run" : "execution") + " time-out passed";
  }
  std::string operator()(const activity_ended& e) {
    return "activity of event " + std::to_string(e.activity) + ended(e.outcome);
  }
  std::string operator()(const reply_received& e) {
    return "message of event " + std::to_string(e.message) + ended(e.outcome);
  }
  std::string operator()(const cancel_requested& e) { return "cancel requested: " + e.reason; }
  std::string operator()(const paused& e) { return "paused: " + e.reason; }
  std::string operator()(const resumed&) { return "resumed"; }
  std::string operator()(const run_reset& e) {
    return "reset to event " + std::to_string(e.to) + ": " + e.reason;
  }
  std::string operator()(const settled&) { return "deliveries recorded"; }

  std::string operator()(const timer_started& e) {
    return "timer " + std::to_string(e.timer) + " started, " + at(e.due);
  }
  std::string operator()(const timer_cancelled& e) {
    return "timer " + std::to_string(e.timer) + " cancelled";
  }
  std::string operator()(const reminder_set& e) {
    return "reminder \"" + e.set.name + "\" set, " + at(e.set.due) + ", calls " +
           call(e.set.signal, e.set.params);
  }
  std::string operator()(const reminder_cancelled& e) {
    return "reminder \"" + e.name + "\" cancelled";
  }
  std::string operator()(const update_ended& e) {
    const auto which = "update of event " + std::to_string(e.update);
    if (e.outcome.how == update_outcome::kind::failed)
      return which + " failed: " + e.outcome.message;
    return which + " completed with " + std::to_string(e.outcome.results.size()) +
           " bytes of results (digest " + std::to_string(digest(e.outcome.results)) + ")";
  }
  std::string operator()(const handler_failed& e) {
    return "handler started by event " + std::to_string(e.started_by) + " failed: " + e.message;
  }
  std::string operator()(const activity_scheduled& e) {
    auto& retry = e.options.retry;
    return "activity of " + e.activities + " scheduled, " + call(e.activity, e.params) +
           (e.options.queue.empty() ? "" : ", queue " + e.options.queue) + ", time-outs " +
           millis(e.options.schedule_to_start) + ' ' + millis(e.options.start_to_close) + ' ' +
           millis(e.options.schedule_to_close) + ' ' + millis(e.options.heartbeat) + ", retry " +
           millis(retry.first) + " x" + std::to_string(retry.factor) + " to " + millis(retry.most) +
           ", attempts " + std::to_string(retry.attempts);
  }
  std::string operator()(const activity_cancelled& e) {
    return "activity of event " + std::to_string(e.activity) + " cancelled";
  }
  std::string operator()(const message_sent& e) {
    auto& message = e.message;
    auto text = std::string(kind_name(message.kind)) + " sent to " + to_string(message.target);
    if (message.kind == message_kind::cancel || message.kind == message_kind::terminate)
      return text + ": " + message.reason;
    const auto named = message.method_name.empty() ? "" : " (" + message.method_name + ")";
    return text + ", " + call(message.method, message.params) + named +
           (message.as_child ? ", as a child" : "");
  }
  std::string operator()(const version_recorded& e) {
    return "version " + std::to_string(e.version) + " of \"" + e.change + '"';
  }
  std::string operator()(const side_effect_recorded& e) {
    return "side effect of " + std::to_string(e.value.size()) + " bytes (digest " +
           std::to_string(digest(e.value)) + ")";
  }
  std::string operator()(const attribute_set& e) {
    return "attribute \"" + e.name + '"' + (e.value ? " set to " + text(*e.value) : " removed");
  }
  std::string operator()(const main_ended& e) {
    if (e.outcome.how == update_outcome::kind::failed) return "main ended: " + e.outcome.message;
    return "main completed with " + std::to_string(e.outcome.results.size()) +
           " bytes of results (digest " + std::to_string(digest(e.outcome.results)) + ")";
  }
  std::string operator()(const continue_requested&) { return "continue point reached"; }
};

}  // namespace

std::string_view kind_name(message_kind kind) {
  constexpr std::string_view names[] = {"signal", "update", "query",  "start",
                                        "run",    "result", "cancel", "terminate"};
  return names[static_cast<std::size_t>(kind)];
}

std::string describe(const input& what) { return std::visit(words{}, what); }
std::string describe(const command& what) { return std::visit(words{}, what); }

}  // namespace perdure::core
