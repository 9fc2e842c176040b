#include "gateway/summary.h"

#include <array>
#include <charconv>
#include <cmath>

#include "gateway/time_text.h"

namespace perdure::gateway {

void append_summary(json_writer& json, const entity_id& entity, std::string_view status,
                    const persistence::entity_summary& summary) {
  json.text("type", entity.type).text("id", entity.id).text("status", status);
  json.number("run", summary.run);
  json.wide("events", summary.last_event);
  json.wide("runEvents", summary.last_event + 1 - summary.run_began);
  json.wide("bytes", summary.run_bytes);
  json.text("created", format_time(summary.created));
  json.text("lastActive", format_time(summary.last_active));
  if (summary.next_due) json.text("nextDue", format_time(*summary.next_due));
}

void append_entity(json_writer& json, std::string_view name, const entity_id& entity) {
  json.key(name).begin_object().text("type", entity.type).text("id", entity.id).end_object();
}

void append_error(json_writer& json, std::string_view name, const error& why) {
  json.key(name).begin_object();
  json.text("code", to_string(why.code)).text("detail", why.detail);
  if (!why.type.empty()) json.text("type", why.type);
  json.end_object();
}

void append_attributes(json_writer& json, const core::attributes& all) {
  json.key("attributes").begin_object();
  for (auto& [name, value] : all) {
    json.key(name);
    append_attribute(json, value);
  }
  json.end_object();
}

namespace {

/// Whole numbers that a reader in JavaScript would round are texts.
struct attribute_writer {
  static constexpr std::int64_t exact_max = std::int64_t{1} << 53;

  json_writer& json;

  void operator()(bool value) const { json.boolean(value); }
  void operator()(std::int64_t value) const {
    if (value >= -exact_max && value <= exact_max) {
      json.number(value);
    } else {
      json.text(std::to_string(value));
    }
  }
  void operator()(const std::string& value) const { json.text(value); }
  void operator()(double value) const {
    if (!std::isfinite(value)) {
      json.text(std::isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity");
      return;
    }
    std::array<char, 32> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    json.raw({digits.data(), static_cast<std::size_t>(end - digits.data())});
  }
};

}  // namespace

void append_attribute(json_writer& json, const attribute_value& value) {
  std::visit(attribute_writer{json}, value);
}

}  // namespace perdure::gateway
