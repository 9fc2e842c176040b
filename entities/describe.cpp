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
};

}  // namespace

std::string describe(const input& what) { return std::visit(words{}, what); }
std::string describe(const command& what) { return std::visit(words{}, what); }

}  // namespace perdure::core
