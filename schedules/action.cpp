#include "schedules/action.h"

#include <algorithm>
#include <chrono>
#include <utility>
#include <variant>

#include "entities/json_value.h"
#include "schedules/time_text.h"

namespace perdure::schedules {

namespace {

using namespace std::chrono_literals;

constexpr duration catch_up_usual = std::chrono::days{365};
constexpr duration catch_up_least = 10s;
constexpr std::string_view result_field = "lastResult";

/// What is behind the prefix of an id: "-" and a time with milliseconds.
constexpr std::size_t id_bytes_max = 255;
constexpr std::size_t time_bytes = 25;

[[noreturn]] void refuse(const std::string& field, const std::string& why) {
  throw failure({errc::malformed, field + ": " + why});
}

std::string read_name(const std::string& field, const std::string& text) {
  if (text.empty()) refuse(field, "is empty");
  return text;
}

/// Returns the text from its first to its last character that is not white space.
std::string trimmed(const std::string& text) {
  constexpr auto blank = " \t\r\n";
  const auto begin = text.find_first_not_of(blank);
  if (begin == text.npos) return "";
  return text.substr(begin, text.find_last_not_of(blank) + 1 - begin);
}

std::string read_params(const std::string& field, const std::string& text, bool pass_last_result) {
  auto params = trimmed(text);
  if (params.empty()) return "{}";
  auto value = core::parse_json(params);
  if (!value) refuse(field, "is no JSON: " + value.error().detail);
  if (!value->is(core::json_value::kind::object)) {
    refuse(field, "expected a JSON object, got " + value->describe());
  }
  if (pass_last_result && std::ranges::find(value->names, result_field) != value->names.end()) {
    refuse(field, "has a field lastResult, which passLastResult is to fill");
  }
  return params;
}

duration read_limit(const std::string& field, const std::string& text) {
  if (text.empty()) return no_limit;
  auto time = parse_duration(text);
  if (!time || *time == 0ms)
    refuse(field, "expected a duration such as \"1h\", got \"" + text + '"');
  return *time;
}

action read(const schedule_start& from, bool pass_last_result) {
  action made;
  made.kind = action_kind::start;
  made.type = read_name("action.start.type", from.type);
  made.id = read_name("action.start.idPrefix", from.id_prefix);
  if (made.id.size() > id_bytes_max - time_bytes) {
    refuse("action.start.idPrefix",
           "at most " + std::to_string(id_bytes_max - time_bytes) + " bytes");
  }
  made.params = read_params("action.start.params", from.params, pass_last_result);
  made.options.run_timeout = read_limit("action.start.runTimeout", from.run_timeout);
  made.options.execution_timeout =
      read_limit("action.start.executionTimeout", from.execution_timeout);
  return made;
}

action read(action_kind kind, const std::string& name, const schedule_call& from,
            bool pass_last_result) {
  action made;
  made.kind = kind;
  made.type = read_name("action." + name + ".type", from.type);
  made.id = read_name("action." + name + ".id", from.id);
  made.method = read_name("action." + name + ".method", from.method);
  made.params = read_params("action." + name + ".params", from.params, pass_last_result);
  return made;
}

}  // namespace

entity_id action::target(timestamp nominal) const {
  if (kind == action_kind::start) return {type, id + '-' + format_time(nominal)};
  return {type, id};
}

std::string action::params_with(std::string_view last_result) const {
  if (!pass_last_result || last_result.empty()) return params;
  auto all = "{\"" + std::string(result_field) + "\":" + std::string(last_result);
  const auto rest = params.substr(params.find_first_not_of(" \t\r\n", 1));
  return all + (rest == "}" ? "" : ",") + rest;
}

result<action> read_action(const schedule_action& from) {
  using is = schedule_action::which_is;
  try {
    const bool pass = from.pass_last_result;
    action made;
    if (auto* start = std::get_if<is::start>(&from.which)) {
      made = read(start->value, pass);
    } else if (auto* signal = std::get_if<is::signal>(&from.which)) {
      if (pass) refuse("action.passLastResult", "a signal has no results");
      made = read(action_kind::signal, "signal", signal->value, pass);
    } else {
      made = read(action_kind::update, "update", std::get<is::update>(from.which).value, pass);
    }
    made.pass_last_result = pass;
    return made;
  } catch (const failure& why) {
    return why.why();
  }
}

result<policy> read_policy(const schedule_policy& from, action_kind kind) {
  policy made;
  if (from.overlap != schedule_overlap::default_) made.overlap = from.overlap;
  if (auto why = check_overlap(made.overlap, kind)) {
    return error{why->code, "policy.overlap: " + why->detail};
  }
  made.catch_up = catch_up_usual;
  if (!from.catch_up.empty()) {
    auto time = parse_duration(from.catch_up);
    if (!time || *time < catch_up_least) {
      return error{
          errc::malformed,
          "policy.catchUp: expected a duration of at least \"10s\", such as \"7d\", got \"" +
              from.catch_up + '"'};
    }
    made.catch_up = *time;
  }
  return made;
}

std::optional<error> check_overlap(schedule_overlap overlap, action_kind kind) {
  const bool ends_others =
      overlap == schedule_overlap::cancel_other || overlap == schedule_overlap::terminate_other;
  if (overlap > schedule_overlap::allow_all) {
    return error{errc::malformed, "no such overlap policy"};
  }
  if (ends_others && kind == action_kind::update) {
    return error{
        errc::malformed,
        "an update cannot be cancelled or terminated: the action would have to be a start"};
  }
  return std::nullopt;
}

}  // namespace perdure::schedules
