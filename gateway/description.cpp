#include "gateway/description.h"

#include "entities/machine.h"
#include "gateway/json_text.h"
#include "gateway/summary.h"
#include "gateway/time_text.h"

namespace perdure::gateway {

namespace {

void append_time(json_writer& json, std::string_view name, std::optional<timestamp> time) {
  if (time) json.text(name, format_time(*time));
}

void append_timers(json_writer& json, const std::vector<runtime::pending_timer>& timers) {
  json.key("timers").begin_array();
  for (auto& timer : timers) {
    json.begin_object().text("name", timer.name).text("kind", timer.kind);
    json.text("due", format_time(timer.due)).end_object();
  }
  json.end_array();
}

void append_suspended(json_writer& json, const std::vector<runtime::suspended_handler>& handlers) {
  json.key("suspended").begin_array();
  for (auto& handler : handlers) {
    json.begin_object().text("method", handler.method);
    json.wide("startedBy", handler.started_by).end_object();
  }
  json.end_array();
}

void append_activities(json_writer& json, const known_activities& known,
                       const std::vector<runtime::activity_status>& pending) {
  json.key("activities").begin_array();
  for (auto& each : pending) {
    json.begin_object().wide("event", each.number);
    json.text("name", each.activities + '.' + known.name_of(each.activities, each.activity));
    json.text("queue", each.queue).number("attempt", each.attempt);
    json.boolean("running", each.running);
    if (!each.last_failure.empty()) json.text("lastFailure", each.last_failure);
    append_time(json, "nextTry", each.next_try);
    json.end_object();
  }
  json.end_array();
}

void append_messages(json_writer& json, const std::vector<runtime::undelivered>& messages) {
  json.key("messages").begin_array();
  for (auto& each : messages) {
    json.begin_object().wide("event", each.number);
    append_entity(json, "to", each.target);
    json.text("kind", core::kind_name(each.kind)).number("attempts", each.attempts);
    if (!each.last_failure.empty()) json.text("lastFailure", each.last_failure);
    json.end_object();
  }
  json.end_array();
}

void append_children(json_writer& json, const std::vector<entity_id>& children) {
  json.key("children").begin_array();
  for (auto& each : children) {
    json.begin_object().text("type", each.type).text("id", each.id).end_object();
  }
  json.end_array();
}

/// Appends a payload under `name`; what the contract cannot decode any more as `undecodable`.
void append_payload(json_writer& json, std::string_view name, const core::json_codec& codec,
                    std::uint64_t schema, const bytes& payload) {
  if (auto text = codec.encode(schema, payload)) {
    json.raw(name, *text);
  } else {
    json.text("undecodable", text.error().detail);
  }
}

void append_main(json_writer& json, const runtime::hosted_type& type,
                 const core::started_main& main) {
  auto* method = type.contract().find(main.method);
  json.key("main").begin_object();
  json.text("method", method ? std::string(method->name) : '@' + std::to_string(main.method));
  json.wide("started", main.started).text("began", format_time(main.began));
  if (method) append_payload(json, "params", type.json, method->params, main.params);
  append_time(json, "due", main.due);
  append_time(json, "runDeadline", main.run_deadline);
  append_time(json, "executionDeadline", main.execution_deadline);
  if (auto& ended = main.outcome; ended && ended->how == core::update_outcome::kind::failed) {
    append_error(json, "failure", {errc::failed, ended->message, ended->type});
  } else if (ended && method) {
    append_payload(json, "result", type.json, method->results, ended->results);
  }
  json.end_object();
}

}  // namespace

result<std::string> description_json(const runtime::hosted_type& type,
                                     const known_activities& activities,
                                     const runtime::entity_description& known) {
  json_writer json;
  json.begin_object();
  append_summary(json, known.entity, known.status, known.summary);
  if (known.main && known.main->parent) append_entity(json, "parent", *known.main->parent);
  if (known.parked) {
    append_error(json, "parked", *known.parked);
  } else {
    auto state = type.json.encode(type.contract().state, known.state);
    if (!state) return std::move(state).error();
    json.raw("state", *state);
  }
  append_attributes(json, known.attributes);
  if (known.main) append_main(json, type, *known.main);
  append_timers(json, known.timers);
  append_suspended(json, known.suspended);
  append_activities(json, activities, known.activities);
  append_messages(json, known.messages);
  append_children(json, known.children);
  json.number("idempotencyKeys", static_cast<std::int64_t>(known.idempotency_keys));
  json.number("shard", known.shard).wide("epoch", known.epoch);
  json.end_object();
  return json.take();
}

}  // namespace perdure::gateway
