#include <algorithm>

#include "gateway/answers.h"
#include "gateway/description.h"
#include "gateway/entity_list.h"
#include "gateway/handlers.h"
#include "gateway/json_text.h"
#include "gateway/service.h"
#include "gateway/summary.h"
#include "gateway/target.h"

namespace perdure::gateway {

namespace {

constexpr std::size_t page_default = 100;
constexpr std::size_t page_max = 1'000;

result<entity_choice> parse_list(service& s, const http_request& request) {
  auto choice = parse_choice(s.engine, {.type = request.parameter("type"),
                                        .status = request.parameter("status"),
                                        .where = request.parameter("where"),
                                        .after = request.parameter("after")});
  if (!choice) return choice;
  auto limit = request.number("limit", page_default, 1, page_max);
  if (!limit) return std::move(limit).error();
  choice->filter.limit = *limit;
  return choice;
}

void append_listed(json_writer& json, const persistence::listed_entity& listed,
                   const parked_entities& parked) {
  const auto found = parked.find(listed.entity);
  const auto status =
      found != parked.end() ? "parked" : persistence::to_string(listed.summary.status);
  json.begin_object();
  append_summary(json, listed.entity, status, listed.summary);
  append_attributes(json, listed.attributes);
  if (found != parked.end()) append_error(json, "parked", found->second);
  json.end_object();
}

std::string page_json(const std::vector<persistence::listed_entity>& found, std::size_t limit,
                      const parked_entities& parked) {
  json_writer json;
  json.begin_object().key("entities").begin_array();
  const auto count = std::min(found.size(), limit);
  for (std::size_t i = 0; i < count; ++i) append_listed(json, found[i], parked);
  json.end_array();
  if (found.size() > limit) json.text("next", to_string(found[limit - 1].entity));
  json.end_object();
  return json.take();
}

kj::Promise<reply> count(service& s, const http_request& request, entity_choice choice) {
  for (auto name : {"after", "limit"}) {
    if (request.parameter(name) == nullptr) continue;
    return refuse(errc::malformed, std::string(name) + ": not for a count, which is of all");
  }
  return read_reply(s, [&engine = s.engine, choice = std::move(choice)]() -> result<reply> {
    json_writer json;
    json.begin_object().wide("count", count_entities(engine, choice)).end_object();
    return reply::json(json.take());
  });
}

}  // namespace

kj::Promise<reply> get_entity(service& s, const http_request& request) {
  auto target = find_entity(s.engine, request);
  if (!target) return refuse(problem(std::move(target).error()));
  auto described = s.loop->call<result<runtime::entity_description>>(
      [&](auto done) { s.engine.describe(target->id, std::move(done)); });
  return described.then(
      [&s, type = target->type](result<runtime::entity_description> known) -> reply {
        if (!known) return refuse(problem(std::move(known).error()));
        auto json = description_json(*type, *s.activities, *known);
        if (!json) return refuse(problem(std::move(json).error()));
        return reply::json(*std::move(json));
      });
}

kj::Promise<reply> get_entities(service& s, const http_request& request) {
  auto choice = parse_list(s, request);
  if (!choice) return refuse(problem(std::move(choice).error()));
  auto counts = request.choice<bool>("count", false, {{"true", true}, {"false", false}});
  if (!counts) return refuse(problem(std::move(counts).error()));
  if (*counts) return count(s, request, *std::move(choice));
  const auto limit = choice->filter.limit++;  // One more tells whether there is a next page.
  return read_reply(s, [&engine = s.engine, choice = *std::move(choice), limit]() -> result<reply> {
    return reply::json(page_json(find_entities(engine, choice), limit, find_parked(engine)));
  });
}

}  // namespace perdure::gateway
