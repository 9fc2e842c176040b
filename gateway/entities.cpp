#include <algorithm>
#include <map>

#include "gateway/handlers.h"
#include "gateway/json_text.h"
#include "gateway/service.h"
#include "gateway/target.h"
#include "gateway/time_text.h"

namespace perdure::gateway {

namespace {

constexpr std::size_t page_default = 100;
constexpr std::size_t page_max = 1'000;

void append_error(json_writer& json, std::string_view name, const error& why) {
  json.key(name).begin_object();
  json.text("code", to_string(why.code)).text("detail", why.detail).end_object();
}

/// The members that a description and a line of a list have in common.
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

result<std::string> description_json(const runtime::hosted_type& type,
                                     const runtime::entity_description& known) {
  json_writer json;
  json.begin_object();
  append_summary(json, known.entity, known.status, known.summary);
  if (known.parked) {
    append_error(json, "parked", *known.parked);
  } else {
    auto state = type.json.encode(type.contract().state, known.state);
    if (!state) return std::move(state).error();
    json.raw("state", *state);
  }
  append_timers(json, known.timers);
  append_suspended(json, known.suspended);
  json.number("idempotencyKeys", static_cast<std::int64_t>(known.idempotency_keys));
  json.number("shard", known.shard).wide("epoch", known.epoch);
  json.end_object();
  return json.take();
}

}  // namespace

kj::Promise<reply> get_entity(service& s, const http_request& request) {
  auto target = find_entity(s.engine, request);
  if (!target) return refuse(problem(std::move(target).error()));
  auto described = s.loop->call<result<runtime::entity_description>>(
      [&](auto done) { s.engine.describe(target->id, std::move(done)); });
  return described.then([type = target->type](result<runtime::entity_description> known) -> reply {
    if (!known) return refuse(problem(std::move(known).error()));
    auto json = description_json(*type, *known);
    if (!json) return refuse(problem(std::move(json).error()));
    return reply::json(*std::move(json));
  });
}

kj::Promise<reply> delete_entity(service& s, const http_request& request) {
  auto target = find_entity(s.engine, request);
  if (!target) return refuse(problem(std::move(target).error()));
  auto* reason = request.parameter("reason");
  if (reason != nullptr && reason->size() > 1'000) {
    return refuse(errc::malformed, "reason: expected at most 1000 bytes");
  }
  auto ended = s.loop->call<result<answer>>([&](completion done) {
    s.engine.terminate(target->id, reason ? *reason : "", std::move(done));
  });
  return ended.then([](result<answer> outcome) -> reply {
    if (!outcome) return refuse(problem(std::move(outcome).error()));
    json_writer json;
    json.begin_object().wide("event", outcome->event).number("run", outcome->run).end_object();
    return reply::json(json.take());
  });
}

// -- the list ------------------------------------------------------------------------------------

namespace {

/// What a page of the list is asked for. `status` has a third value that the journal does not know.
struct list_request {
  persistence::list_filter filter;
  bool parked_only = false;
};

result<list_request> parse_list(service& s, const http_request& request) {
  list_request asked;
  if (auto* type = request.parameter("type")) {
    auto known = find_type(s.engine, *type);
    if (!known) return std::move(known).error();
    asked.filter.type = *type;
  }
  if (auto* status = request.parameter("status")) {
    if (*status == "running") {
      asked.filter.status = persistence::entity_status::running;
    } else if (*status == "terminated") {
      asked.filter.status = persistence::entity_status::terminated;
    } else if (*status == "parked") {
      asked.parked_only = true;
    } else {
      return error{errc::malformed,
                   "status: expected running, parked or terminated, got \"" + *status + '"'};
    }
  }
  if (auto* after = request.parameter("after")) {
    const auto slash = after->find('/');
    if (slash == std::string::npos) {
      return error{errc::malformed,
                   "after: expected type/id, as a page's next says, got \"" + *after + '"'};
    }
    asked.filter.after = entity_id{after->substr(0, slash), after->substr(slash + 1)};
  }
  auto limit = request.number("limit", page_default, 1, page_max);
  if (!limit) return std::move(limit).error();
  asked.filter.limit = *limit;
  return asked;
}

using parked_entities = std::map<entity_id, error>;

void append_listed(json_writer& json, const entity_id& entity,
                   const persistence::entity_summary& summary, const parked_entities& parked) {
  const auto found = parked.find(entity);
  const auto status = found != parked.end()                                      ? "parked"
                      : summary.status == persistence::entity_status::terminated ? "terminated"
                                                                                 : "running";
  json.begin_object();
  append_summary(json, entity, status, summary);
  if (found != parked.end()) append_error(json, "parked", found->second);
  json.end_object();
}

std::string page_json(const std::vector<persistence::listed_entity>& found, std::size_t limit,
                      const parked_entities& parked) {
  json_writer json;
  json.begin_object().key("entities").begin_array();
  const auto count = std::min(found.size(), limit);
  for (std::size_t i = 0; i < count; ++i) {
    append_listed(json, found[i].entity, found[i].summary, parked);
  }
  json.end_array();
  if (found.size() > limit) json.text("next", to_string(found[limit - 1].entity));
  json.end_object();
  return json.take();
}

/// Parked entities are few, and known to the engine and not to the journal.
std::vector<persistence::listed_entity> list_parked(runtime::engine& engine,
                                                    const persistence::list_filter& filter,
                                                    const parked_entities& parked) {
  std::vector<persistence::listed_entity> found;
  for (auto& [entity, why] : parked) {
    if (!filter.type.empty() && entity.type != filter.type) continue;
    if (filter.after && !(*filter.after < entity)) continue;
    if (found.size() == filter.limit) break;
    if (auto summary = engine.store().find(entity)) found.push_back({entity, *summary});
  }
  return found;
}

}  // namespace

kj::Promise<reply> get_entities(service& s, const http_request& request) {
  auto asked = parse_list(s, request);
  if (!asked) return refuse(problem(std::move(asked).error()));
  auto read = [&engine = s.engine, asked = *std::move(asked)]() mutable -> result<reply> {
    parked_entities parked;
    for (auto& [entity, why] : engine.parked()) parked.emplace(entity, why);
    const auto limit = asked.filter.limit++;  // One more tells whether there is a next page.
    auto found =
        asked.parked_only ? list_parked(engine, asked.filter, parked) : engine.list(asked.filter);
    return reply::json(page_json(found, limit, parked));
  };
  return s.read<reply>(std::move(read)).then([](result<reply> page) -> reply {
    return page ? *std::move(page) : refuse(problem(std::move(page).error()));
  });
}

}  // namespace perdure::gateway
