#include "entities/describe.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <stdexcept>
#include <type_traits>
#include <utility>

#include "entities/json_encode.h"
#include "entities/json_schemas.h"
#include "entities/json_value.h"
#include "entities/payload.h"
#include "entities/payload_reader.h"

namespace perdure::core {

namespace {

std::string quoted(std::string_view text) {
  std::string json;
  append_json_text(json, text);
  return json;
}

std::string of_event(event_number event) { return " of event " + std::to_string(event); }

std::string because(const std::string& reason) {
  return reason.empty() ? "" : ": " + shortened(reason);
}

std::string at(timestamp due) { return ", due " + time_text(due); }

/// Returns ", name value" of each value that is not the default.
template <class Options>
std::string unusual(const Options& options) {
  const auto chosen = values_of(options);
  const auto usual = values_of(Options{});
  std::string text;
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    if (chosen[i].value == usual[i].value) continue;
    text += ", " + std::string(chosen[i].name) + ' ' + chosen[i].value;
  }
  return text;
}

std::string number_text(double number) {
  char text[64];
  return {text, std::to_chars(text, text + sizeof text, number).ptr};
}

std::string_view name_of(cancellation how) {
  constexpr std::string_view names[] = {"try_cancel", "wait", "abandon"};
  return names[static_cast<std::size_t>(how)];
}

}  // namespace

// -- interfaces -----------------------------------------------------------------------------------

namespace {

template <class T>
void add_once(std::vector<const T*>& to, const T& what) {
  if (std::ranges::find(to, &what) == to.end()) to.push_back(&what);
}

}  // namespace

void known_interfaces::add(const activities_description& what) { add_once(activities, what); }
void known_interfaces::add(const contract& what) { add_once(contracts, what); }

const activities_description* known_interfaces::find_activities(std::string_view name) const {
  auto found = std::ranges::find(activities, name, &activities_description::name);
  return found == activities.end() ? nullptr : *found;
}

const contract* known_interfaces::find_contract(std::string_view type) const {
  auto found = std::ranges::find(contracts, type, &contract::type);
  return found == contracts.end() ? nullptr : *found;
}

// -- events ---------------------------------------------------------------------------------------

/// The words of each kind of event.
struct event_words::sayer {
  event_words& in;

  /// Returns ` {"amount":"5"}`, or nothing where there are no parameters.
  std::string payload(std::span<const std::uint64_t> embedded, std::uint64_t schema,
                      bytes_view data) const {
    if (data.empty()) return "";
    auto json = embedded.empty() ? std::nullopt : in.json(embedded, schema, data);
    if (!json) return " (" + bytes_text(data) + ')';
    return *json == "{}" ? "" : ' ' + shortened(std::move(*json));
  }

  std::string call(const contract* of, std::uint16_t ordinal, bytes_view params) const {
    auto* method = of ? of->find(ordinal) : nullptr;
    if (!method) return "method " + std::to_string(ordinal) + payload({}, 0, params);
    return std::string(method->name) + payload(of->schema, method->params, params);
  }
  std::string call(std::uint16_t ordinal, bytes_view params) const {
    return call(in.of_, ordinal, params);
  }

  /// Returns "update take of event 7".
  std::string of_begun(std::string_view what, event_number event) const {
    auto found = in.begun_.find(event);
    const auto name = found == in.begun_.end() ? "" : ' ' + found->second.name;
    return std::string(what) + name + of_event(event);
  }
  std::string with_results(event_number event, bytes_view results) const {
    auto found = in.begun_.find(event);
    if (found == in.begun_.end()) return with(payload({}, 0, results));
    return with(payload(found->second.embedded, found->second.results, results));
  }
  static std::string with(const std::string& what) { return what.empty() ? "" : " with" + what; }

  std::string ended(std::string_view what, event_number event, const call_outcome& how) const {
    auto text = of_begun(what, event);
    if (how.why) return text + " failed: " + error_text(*how.why);
    return text + " ended" + with_results(event, how.results);
  }

  // -- inputs --

  std::string operator()(const signal_received& e) const {
    return "signal " + call(e.method, e.params);
  }
  std::string operator()(const signal_delayed& e) const {
    return "delayed signal " + call(e.method, e.params) + at(e.due);
  }
  std::string operator()(const update_accepted& e) const {
    return "update " + call(e.method, e.params);
  }
  std::string operator()(const timer_fired& e) const {
    return "timer " + std::to_string(e.timer) + " fired";
  }
  std::string operator()(const reminder_fired& e) const {
    return "reminder " + quoted(e.name) + " fired";
  }
  std::string operator()(const delayed_signal_due& e) const {
    return of_begun("delayed signal", e.accepted) + " due";
  }
  std::string operator()(const run_continued& e) const {
    return e.replaces ? "run continued, in place of the one that ran" : "run continued";
  }
  std::string operator()(const terminated& e) const { return "terminated" + because(e.reason); }
  std::string operator()(const main_started& e) const {
    return "start of " + call(e.method, e.params) + unusual(e.options) +
           (e.as_child ? ", as a child" : "");
  }
  std::string operator()(const main_due&) const { return "delayed start due"; }
  std::string operator()(const deadline_passed& e) const {
    return std::string(e.of_run ? "run" : "execution") + " time-out passed";
  }
  std::string operator()(const activity_ended& e) const {
    return ended("activity", e.activity, e.outcome);
  }
  std::string operator()(const reply_received& e) const {
    return ended("message", e.message, e.outcome);
  }
  std::string operator()(const cancel_requested& e) const {
    return "cancel requested" + because(e.reason);
  }
  std::string operator()(const paused& e) const { return "paused" + because(e.reason); }
  std::string operator()(const resumed&) const { return "resumed"; }
  std::string operator()(const run_reset& e) const {
    return "reset to event " + std::to_string(e.to) + because(e.reason);
  }
  std::string operator()(const settled&) const { return "deliveries recorded"; }

  // -- commands --

  std::string operator()(const timer_started& e) const {
    return "timer " + std::to_string(e.timer) + " started" + at(e.due);
  }
  std::string operator()(const timer_cancelled& e) const {
    return "timer " + std::to_string(e.timer) + " cancelled";
  }
  std::string operator()(const reminder_set& e) const {
    return "reminder " + quoted(e.set.name) + " set" + at(e.set.due) + ", calls " +
           call(e.set.signal, e.set.params);
  }
  std::string operator()(const reminder_cancelled& e) const {
    return "reminder " + quoted(e.name) + " cancelled";
  }
  std::string operator()(const update_ended& e) const {
    const auto which = of_begun("update", e.update);
    if (e.outcome.how == update_outcome::kind::failed) {
      return which + " failed" + because(e.outcome.message);
    }
    return which + " completed" + with_results(e.update, e.outcome.results);
  }
  std::string operator()(const handler_failed& e) const {
    return "handler started by event " + std::to_string(e.started_by) + " failed" +
           because(e.message);
  }
  std::string operator()(const activity_scheduled& e) const {
    auto* of = in.activities_of(e.activities);
    auto* activity = of ? of->find(e.activity) : nullptr;
    const auto text = "activity " + e.activities +
                      (activity ? '.' + std::string(activity->name) +
                                      payload(of->schema, activity->params, e.params)
                                : " @" + std::to_string(e.activity) + payload({}, 0, e.params));
    return text + unusual(e.options);
  }
  std::string operator()(const activity_cancelled& e) const {
    return of_begun("activity", e.activity) + " cancelled";
  }
  std::string operator()(const message_sent& e) const {
    auto& message = e.message;
    auto text = std::string(kind_name(message.kind));
    switch (message.kind) {
      case message_kind::cancel:
      case message_kind::terminate:
        return text + " of " + to_string(message.target) + because(message.reason);
      case message_kind::result:
        return text + " of " + to_string(message.target);
      default:
        break;
    }
    if (message.method_name.empty()) {
      text += ' ' + call(in.contract_of(message.target.type), message.method, message.params);
    } else {
      text += ' ' + message.method_name + ' ' + shortened(std::string(as_text(message.params)));
    }
    return text + " to " + to_string(message.target) + unusual(message.start) +
           (message.as_child ? ", as a child" : "") + (message.adopts ? ", or adopted" : "");
  }
  std::string operator()(const version_recorded& e) const {
    return "version " + std::to_string(e.version) + " of " + quoted(e.change);
  }
  std::string operator()(const side_effect_recorded& e) const {
    if (e.why) return "side effect that failed: " + error_text(*e.why);
    return "side effect " + recorded_text(e.value);
  }
  std::string operator()(const attribute_set& e) const {
    return "attribute " + quoted(e.name) +
           (e.value ? " set to " + value_text(*e.value) : " removed");
  }
  std::string operator()(const main_ended& e) const {
    auto* main = in.of_ ? in.of_->main() : nullptr;
    const auto text = main ? "main " + std::string(main->name) + ' ' : std::string("main ");
    if (e.outcome.how == update_outcome::kind::failed) {
      // What it says begins with how it ended, but where it failed.
      return e.status == life_status::failed ? text + "failed" + because(e.outcome.message)
                                             : text + "ended" + because(e.outcome.message);
    }
    return text + "completed" +
           with(main ? payload(in.of_->schema, main->results, e.outcome.results)
                     : payload({}, 0, e.outcome.results));
  }
  std::string operator()(const continue_requested&) const { return "continue point reached"; }
};

event_words::event_words(const contract* of, const known_interfaces* known)
    : of_(of), known_(known) {}

event_words::~event_words() = default;

std::string event_words::describe(const input& what) { return std::visit(sayer{*this}, what); }
std::string event_words::describe(const command& what) { return std::visit(sayer{*this}, what); }

std::string event_words::line(const record& step) {
  note(step);
  auto text = std::to_string(step.event) + ": " + describe(step.what);
  for (auto& each : step.commands) text += "; " + describe(each);
  return text;
}

void event_words::note(const record& step) {
  auto note_message = [&](event_number number, const outgoing& message) {
    auto* of = message.method_name.empty() ? contract_of(message.target.type) : nullptr;
    auto* method = of ? of->find(message.method) : nullptr;
    auto name = method ? std::string(method->name) : message.method_name;
    if (!name.empty()) name += ' ';
    name += "to " + to_string(message.target);
    const bool answered = method && message.kind != message_kind::start;
    begun_[number] = {std::move(name), answered ? of->schema : std::span<const std::uint64_t>{},
                      answered ? method->results : 0};
  };
  if (auto* reset = std::get_if<run_reset>(&step.what)) {
    for (auto& each : reset->history) note(each);
  }
  if (auto* continued = std::get_if<run_continued>(&step.what)) {
    for (auto& each : continued->carried.outbox) note_message(each.number, each);
  }
  std::visit(
      [&](auto& in) {
        if constexpr (requires { in.method; }) {
          if (auto* method = of_ ? of_->find(in.method) : nullptr) {
            begun_[step.event] = {std::string(method->name), of_->schema, method->results};
          }
        }
      },
      step.what);
  auto number = step.event;
  for (auto& each : step.commands) {
    ++number;
    if (auto* scheduled = std::get_if<activity_scheduled>(&each)) {
      auto* of = activities_of(scheduled->activities);
      auto* activity = of ? of->find(scheduled->activity) : nullptr;
      if (activity) {
        begun_[number] = {scheduled->activities + '.' + std::string(activity->name), of->schema,
                          activity->results};
      } else {
        begun_[number] = {
            scheduled->activities + " @" + std::to_string(scheduled->activity), {}, 0};
      }
    }
    if (auto* sent = std::get_if<message_sent>(&each)) note_message(number, sent->message);
  }
}

std::optional<std::string> event_words::json(std::span<const std::uint64_t> embedded,
                                             std::uint64_t schema, bytes_view payload) {
  // Asking whether a field is there and reading it are two passes.
  constexpr unsigned passes = 2;
  try {
    auto& all = schemas(embedded);
    auto& type = all.find(schema);
    payload_reader opened{payload, passes};
    std::string text;
    append_json(text, all, type, opened.message().getRoot<capnp::DynamicStruct>(type.schema));
    return text;
  } catch (const std::exception&) {
    return std::nullopt;
  } catch (const kj::Exception&) {
    return std::nullopt;
  }
}

const json_schemas& event_words::schemas(std::span<const std::uint64_t> embedded) {
  auto& found = schemas_[embedded.data()];
  if (!found) found = std::make_unique<const json_schemas>(embedded);
  return *found;
}

const contract* event_words::contract_of(std::string_view type) const {
  if (of_ && of_->type == type) return of_;
  return known_ ? known_->find_contract(type) : nullptr;
}

const activities_description* event_words::activities_of(std::string_view name) const {
  return known_ ? known_->find_activities(name) : nullptr;
}

std::string describe(const input& what) { return event_words{}.describe(what); }
std::string describe(const command& what) { return event_words{}.describe(what); }

std::string describe(const input& what, const contract* of, const known_interfaces& known) {
  return event_words(of, &known).describe(what);
}
std::string describe(const command& what, const contract* of, const known_interfaces& known) {
  return event_words(of, &known).describe(what);
}

// -- values ---------------------------------------------------------------------------------------

std::vector<named_value> values_of(const activity_options& options) {
  auto& retry = options.retry;
  std::string final_types;
  for (auto& each : retry.final_types) final_types += (final_types.empty() ? "" : " ") + each;
  return {{"queue", options.queue},
          {"schedule_to_start", time_text(options.schedule_to_start)},
          {"start_to_close", time_text(options.start_to_close)},
          {"schedule_to_close", time_text(options.schedule_to_close)},
          {"heartbeat", time_text(options.heartbeat)},
          {"retry.first", time_text(retry.first)},
          {"retry.factor", number_text(retry.factor)},
          {"retry.most", time_text(retry.most)},
          {"retry.attempts", std::to_string(retry.attempts)},
          {"retry.final_types", std::move(final_types)},
          {"on_cancel", std::string(name_of(options.on_cancel))}};
}

std::vector<named_value> values_of(const start_options& options) {
  constexpr const char* conflicts[] = {"reject", "use_existing", "terminate_existing"};
  constexpr const char* reuses[] = {"allow", "after_failure", "reject"};
  constexpr const char* closes[] = {"terminate", "cancel", "abandon"};
  return {{"when_running", conflicts[static_cast<std::size_t>(options.when_running)]},
          {"when_ended", reuses[static_cast<std::size_t>(options.when_ended)]},
          {"delay", time_text(options.delay)},
          {"run_timeout", time_text(options.run_timeout)},
          {"execution_timeout", time_text(options.execution_timeout)},
          {"on_parent_close", closes[static_cast<std::size_t>(options.on_parent_close)]},
          {"on_cancel", std::string(name_of(options.on_cancel))}};
}

std::string_view kind_name(message_kind kind) {
  constexpr std::string_view names[] = {"signal", "update", "query",  "start",
                                        "run",    "result", "cancel", "terminate"};
  return names[static_cast<std::size_t>(kind)];
}

std::string_view status_name(life_status status) {
  constexpr std::string_view names[] = {"none",      "running", "terminated",
                                        "completed", "failed",  "cancelled"};
  return names[static_cast<std::size_t>(status)];
}

std::string time_text(timestamp time) {
  using namespace std::chrono;
  const auto day = floor<days>(time);
  // Further years have no four digits; nobody means them as dates.
  constexpr sys_days end = year{9999} / 12 / 31;
  if (time < timestamp{} || day > end) return std::to_string(time.time_since_epoch().count());
  const year_month_day date{day};
  const hh_mm_ss clock{time - day};
  char text[32];
  std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()));
  std::string all = text;
  if (const auto rest = clock.subseconds().count(); rest != 0) {
    std::snprintf(text, sizeof text, ".%03d", static_cast<int>(rest));
    all += text;
  }
  return all + 'Z';
}

std::string time_text(duration time) { return std::to_string(time.count()) + " ms"; }

std::string recorded_text(bytes_view value) {
  auto text = as_text(value);
  for (auto rest = text; !rest.empty();) {
    const auto length = utf8_length(rest);
    if (length == 0 || static_cast<unsigned char>(rest[0]) < 0x20) return bytes_text(value);
    rest.remove_prefix(length);
  }
  return shortened(quoted(text));
}

std::string value_text(const attribute_value& value) {
  return std::visit(
      [](auto& each) -> std::string {
        using kind = std::decay_t<decltype(each)>;
        if constexpr (std::is_same_v<kind, bool>) return each ? "true" : "false";
        if constexpr (std::is_same_v<kind, std::string>) return shortened(quoted(each));
        if constexpr (std::is_same_v<kind, double>) return number_text(each);
        if constexpr (std::is_same_v<kind, std::int64_t>) return std::to_string(each);
      },
      value);
}

std::string error_text(const error& why) {
  return std::string(to_string(why.code)) + (why.type.empty() ? "" : " (" + why.type + ')') +
         because(why.detail);
}

std::string bytes_text(bytes_view data) {
  return std::to_string(data.size()) + " bytes, digest " + std::to_string(digest(data));
}

std::string shortened(std::string text, std::size_t most) {
  if (text.size() <= most) return text;
  auto end = most;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  text.resize(end);
  return text + "...";
}

}  // namespace perdure::core
