#include "entities/difference.h"

#include <algorithm>
#include <stdexcept>
#include <utility>
#include <variant>
#include <vector>

#include "entities/json_encode.h"
#include "entities/json_schemas.h"
#include "entities/payload_reader.h"
#include "entities/texts.h"

namespace perdure::core {

namespace {

constexpr std::string_view advice = ". What to do: \"Changing code\", docs/guide/versions.md";

/// Whether the code did what history says.
struct same_command {
  template <class T>
  bool operator()(const T& recorded, const T& now) const {
    return recorded == now;
  }
  bool operator()(const update_ended& recorded, const update_ended& now) const {
    return recorded.update == now.update && recorded.outcome.how == now.outcome.how;
  }
  bool operator()(const main_ended& recorded, const main_ended& now) const {
    return recorded.status == now.status;
  }
  bool operator()(const handler_failed& recorded, const handler_failed& now) const {
    return recorded.started_by == now.started_by;
  }
  template <class T, class U>
  bool operator()(const T&, const U&) const {
    return false;
  }
};

// -- the first difference of two values -----------------------------------------------------------

/// Two values of one name that differ, as texts.
struct pair_of_values {
  std::string name;
  std::string recorded;
  std::string now;
};

bool continues_character(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

/// Cuts long texts to what stands around their first difference.
std::string around(const std::string& text, std::size_t difference) {
  constexpr std::size_t most = 100;
  constexpr std::size_t before = 30;
  if (text.size() <= most || difference < most - before) return shortened(text, most);
  auto begin = difference - before;
  while (begin < text.size() && continues_character(text[begin])) ++begin;
  return "..." + shortened(text.substr(std::min(begin, text.size())), most);
}

std::string words_of(const pair_of_values& found) {
  const auto& [name, recorded, now] = found;
  const auto at = static_cast<std::size_t>(
      std::mismatch(recorded.begin(), recorded.end(), now.begin(), now.end()).first -
      recorded.begin());
  return '`' + name + "`: recorded " + around(recorded, at) + ", now " + around(now, at);
}

/// Finds the first field in which two structs of one schema differ.
class field_finder {
public:
  explicit field_finder(const json_schemas& schemas) : schemas_(schemas) {}

  std::optional<pair_of_values> in(const json_struct& type, capnp::DynamicStruct::Reader recorded,
                                   capnp::DynamicStruct::Reader now,
                                   const std::string& path) const {
    for (auto& field : type.fields) {
      const auto name = path.empty() ? field.name : path + '.' + field.name;
      const auto then = text(field, recorded);
      const auto today = text(field, now);
      if (then == today) continue;
      // Missing, or absent, on one side.
      if (!then || !today || *then == "null" || *today == "null") {
        const auto set = field.type.isVoid() ? std::optional<std::string>("set") : std::nullopt;
        return pair_of_values{name, then ? set.value_or(*then) : "not set",
                              today ? set.value_or(*today) : "not set"};
      }
      return of_value(field.type, recorded.get(field.schema), now.get(field.schema), name);
    }
    return std::nullopt;
  }

private:
  /// Returns the field as JSON; nothing where it is a union's member that is not set.
  std::optional<std::string> text(const json_field& field,
                                  capnp::DynamicStruct::Reader from) const {
    if (field.in_union) {
      KJ_IF_MAYBE (active, from.which()) {
        if (*active != field.schema) return std::nullopt;
      } else {
        return std::nullopt;
      }
    }
    if (field.nullable && !from.has(field.schema)) return "null";
    return text(field.type, from.get(field.schema));
  }

  std::string text(capnp::Type type, capnp::DynamicValue::Reader from) const {
    std::string json;
    append_json(json, schemas_, type, from);
    return json;
  }

  std::optional<pair_of_values> of_value(capnp::Type type, capnp::DynamicValue::Reader recorded,
                                         capnp::DynamicValue::Reader now,
                                         const std::string& path) const {
    if (type.isStruct()) {
      return in(schemas_.of(type.asStruct()), recorded.as<capnp::DynamicStruct>(),
                now.as<capnp::DynamicStruct>(), path);
    }
    if (type.isList()) {
      return of_list(type.asList().getElementType(), recorded.as<capnp::DynamicList>(),
                     now.as<capnp::DynamicList>(), path);
    }
    pair_of_values found{path, text(type, recorded), text(type, now)};
    if (type.isInt64() || type.isUInt64()) {
      // Quotes are JSON's business.
      std::erase(found.recorded, '"');
      std::erase(found.now, '"');
    }
    return found;
  }

  std::optional<pair_of_values> of_list(capnp::Type element, capnp::DynamicList::Reader recorded,
                                        capnp::DynamicList::Reader now,
                                        const std::string& path) const {
    for (unsigned i = 0; i < std::min(recorded.size(), now.size()); ++i) {
      if (text(element, recorded[i]) == text(element, now[i])) continue;
      return of_value(element, recorded[i], now[i], path + '[' + std::to_string(i) + ']');
    }
    auto size = [](auto& list) { return std::to_string(list.size()) + " elements"; };
    return pair_of_values{path, size(recorded), size(now)};
  }

  const json_schemas& schemas_;
};

/// What two payloads are compared by.
struct payload_type {
  std::span<const std::uint64_t> embedded;
  std::uint64_t schema = 0;
};

std::optional<pair_of_values> first_difference(event_words& words, const payload_type& type,
                                               bytes_view recorded, bytes_view now) {
  if (std::ranges::equal(recorded, now)) return std::nullopt;
  // Fields are read once for each level that they are nested in, and compared element by element.
  constexpr unsigned passes = 4 * nesting_max;
  try {
    if (!type.embedded.empty()) {
      auto& schemas = words.schemas(type.embedded);
      auto& root = schemas.find(type.schema);
      payload_reader then{recorded, passes};
      payload_reader today{now, passes};
      auto found =
          field_finder(schemas).in(root, then.message().getRoot<capnp::DynamicStruct>(root.schema),
                                   today.message().getRoot<capnp::DynamicStruct>(root.schema), "");
      if (found) return found;
    }
  } catch (const std::exception&) {
    // Not of this struct: told by their bytes.
  } catch (const kj::Exception&) {
  }
  return pair_of_values{"parameters", bytes_text(recorded), bytes_text(now)};
}

// -- the first difference of two commands of one kind ---------------------------------------------

class command_finder {
public:
  explicit command_finder(event_words& words) : words_(words) {}

  std::optional<pair_of_values> operator()(const timer_started& then, const timer_started& now) {
    number("timer", then.timer, now.timer);
    value("due", time_text(then.due), time_text(now.due));
    return found_;
  }
  std::optional<pair_of_values> operator()(const timer_cancelled& then,
                                           const timer_cancelled& now) {
    number("timer", then.timer, now.timer);
    return found_;
  }
  std::optional<pair_of_values> operator()(const reminder_set& then, const reminder_set& now) {
    value("name", then.set.name, now.set.name);
    value("due", time_text(then.set.due), time_text(now.set.due));
    called(words_.of(), then.set.signal, then.set.params, now.set.signal, now.set.params);
    return found_;
  }
  std::optional<pair_of_values> operator()(const reminder_cancelled& then,
                                           const reminder_cancelled& now) {
    value("name", then.name, now.name);
    return found_;
  }
  std::optional<pair_of_values> operator()(const update_ended& then, const update_ended& now) {
    number("update", then.update, now.update);
    value("how", then.outcome.how == update_outcome::kind::failed ? "failed" : "completed",
          now.outcome.how == update_outcome::kind::failed ? "failed" : "completed");
    return found_;
  }
  std::optional<pair_of_values> operator()(const handler_failed& then, const handler_failed& now) {
    number("started_by", then.started_by, now.started_by);
    return found_;
  }
  std::optional<pair_of_values> operator()(const activity_scheduled& then,
                                           const activity_scheduled& now) {
    value("activities", then.activities, now.activities);
    called(words_.activities_of(then.activities), then.activity, then.params, now.activity,
           now.params);
    values(values_of(then.options), values_of(now.options));
    value("traceparent", then.traceparent, now.traceparent);
    return found_;
  }
  std::optional<pair_of_values> operator()(const activity_cancelled& then,
                                           const activity_cancelled& now) {
    number("activity", then.activity, now.activity);
    return found_;
  }
  std::optional<pair_of_values> operator()(const message_sent& then, const message_sent& now) {
    auto& a = then.message;
    auto& b = now.message;
    value("kind", std::string(kind_name(a.kind)), std::string(kind_name(b.kind)));
    value("target", to_string(a.target), to_string(b.target));
    value("method", a.method_name, b.method_name);
    if (a.method_name.empty()) {
      called(words_.contract_of(a.target.type), a.method, a.params, b.method, b.params);
    } else {
      value("parameters", std::string(as_text(a.params)), std::string(as_text(b.params)));
    }
    values(values_of(a.start), values_of(b.start));
    value("as_child", truth(a.as_child), truth(b.as_child));
    value("adopts", truth(a.adopts), truth(b.adopts));
    value("reason", a.reason, b.reason);
    value("chain", text_of(a.chain), text_of(b.chain));
    value("traceparent", a.traceparent, b.traceparent);
    return found_;
  }
  std::optional<pair_of_values> operator()(const version_recorded& then,
                                           const version_recorded& now) {
    value("change", then.change, now.change);
    value("version", std::to_string(then.version), std::to_string(now.version));
    return found_;
  }
  std::optional<pair_of_values> operator()(const side_effect_recorded& then,
                                           const side_effect_recorded& now) {
    value("failure", then.why ? error_text(*then.why) : "none",
          now.why ? error_text(*now.why) : "none");
    value("value", recorded_text(then.value), recorded_text(now.value));
    return found_;
  }
  std::optional<pair_of_values> operator()(const attribute_set& then, const attribute_set& now) {
    value("name", then.name, now.name);
    value("value", then.value ? value_text(*then.value) : "removed",
          now.value ? value_text(*now.value) : "removed");
    return found_;
  }
  std::optional<pair_of_values> operator()(const main_ended& then, const main_ended& now) {
    value("status", std::string(status_name(then.status)), std::string(status_name(now.status)));
    return found_;
  }
  template <class T, class U>
  std::optional<pair_of_values> operator()(const T&, const U&) {
    return std::nullopt;
  }

private:
  void value(std::string name, std::string then, std::string now) {
    if (found_ || then == now) return;
    if (then.empty()) then = "none";
    if (now.empty()) now = "none";
    found_ = {std::move(name), std::move(then), std::move(now)};
  }
  void number(std::string name, std::uint64_t then, std::uint64_t now) {
    value(std::move(name), std::to_string(then), std::to_string(now));
  }
  void values(const std::vector<named_value>& then, const std::vector<named_value>& now) {
    for (std::size_t i = 0; i < then.size(); ++i) {
      value(std::string(then[i].name), then[i].value, now[i].value);
    }
  }

  /// Of a contract, or of activities; null where they are not known.
  template <class Interface>
  void called(const Interface* of, std::uint16_t then, bytes_view then_params, std::uint16_t now,
              bytes_view now_params) {
    if (found_) return;
    auto* called = of ? of->find(then) : nullptr;
    auto* instead = of ? of->find(now) : nullptr;
    value("method", called ? std::string(called->name) : '@' + std::to_string(then),
          instead ? std::string(instead->name) : '@' + std::to_string(now));
    if (found_) return;
    found_ =
        first_difference(words_, called ? payload_type{of->schema, called->params} : payload_type{},
                         then_params, now_params);
  }

  static std::string truth(bool value) { return value ? "true" : "false"; }
  static std::string text_of(const std::vector<chain_link>& chain) {
    std::string text;
    for (auto& each : chain) {
      text += (text.empty() ? "" : " -> ") + to_string(each.entity) + ' ' + each.method;
    }
    return text;
  }

  event_words& words_;
  std::optional<pair_of_values> found_;
};

error nondeterministic(std::string detail) {
  return with_advice({errc::nondeterministic, std::move(detail)});
}

}  // namespace

error with_advice(error why) {
  why.detail += advice;
  return why;
}

std::optional<error> difference(const record& recorded, const record& now, const contract& of,
                                const known_interfaces& known) {
  const auto common = std::min(recorded.commands.size(), now.commands.size());
  for (std::size_t i = 0; i <= common; ++i) {
    const auto* expected = i < recorded.commands.size() ? &recorded.commands[i] : nullptr;
    const auto* got = i < now.commands.size() ? &now.commands[i] : nullptr;
    if (!expected && !got) break;
    if (expected && got && std::visit(same_command{}, *expected, *got)) continue;
    event_words words(&of, &known);
    words.note(recorded);
    auto text = event_text(recorded.event + 1 + i) + " (caused by " + event_text(recorded.event) +
                ", " + words.describe(recorded.what) + "): expected " +
                (expected ? words.describe(*expected) : "nothing") + ", got " +
                (got ? words.describe(*got) : "nothing");
    if (expected && got) {
      auto found = std::visit(command_finder{words}, *expected, *got);
      if (found) text += "; they differ first in " + words_of(*found);
    }
    return nondeterministic(std::move(text));
  }
  return std::nullopt;
}

error refusal_in_replay(const record& recorded, const error& why, const contract& of,
                        const known_interfaces& known) {
  event_words words(&of, &known);
  words.note(recorded);
  return nondeterministic(event_text(recorded.event) + ": expected " +
                          words.describe(recorded.what) + " to be accepted, got " +
                          (why.code == errc::nondeterministic ? why.detail : error_text(why)));
}

error state_difference(event_number agreed, event_number at, std::uint64_t recorded,
                       std::uint64_t now) {
  const auto where = agreed == 0 ? "up to " + event_text(at)
                                 : "between " + event_text(agreed) + " and " + event_text(at);
  return nondeterministic(event_text(at) + ": expected the state that was recorded (digest " +
                          std::to_string(recorded) + "), got another one (digest " +
                          std::to_string(now) +
                          "); the code has the effects that it had, but a handler that ran " +
                          where + " changes the state differently");
}

error state_difference(event_number at, bytes_view recorded, bytes_view now, const contract& of) {
  event_words words(&of);
  auto found = first_difference(words, {of.schema, of.state}, recorded, now);
  if (found && found->name == "parameters") found->name = "state";
  return nondeterministic(event_text(at) +
                          ": expected the state that was recorded, got another one; the code has "
                          "the effects that it had, but a handler changes the state differently" +
                          (found ? "; they differ first in " + words_of(*found) : std::string()));
}

}  // namespace perdure::core
