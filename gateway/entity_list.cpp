#include "gateway/entity_list.h"

#include <algorithm>

#include "gateway/target.h"
#include "gateway/where.h"

namespace perdure::gateway {

namespace {

using persistence::entity_status;

constexpr entity_status statuses[] = {entity_status::running,   entity_status::paused,
                                      entity_status::completed, entity_status::failed,
                                      entity_status::cancelled, entity_status::terminated};

result<nothing> parse_status(const std::string& text, entity_choice& into) {
  if (text == "parked") {
    into.parked = true;
    return nothing{};
  }
  std::string known;
  for (auto status : statuses) {
    if (text == persistence::to_string(status)) {
      into.filter.status = status;
      return nothing{};
    }
    known += std::string(persistence::to_string(status)) + ", ";
  }
  return error{errc::malformed, "status: expected one of " + known + "parked, got \"" + text + '"'};
}

std::vector<persistence::listed_entity> list_parked(runtime::engine& engine,
                                                    const persistence::list_filter& filter) {
  std::vector<persistence::listed_entity> found;
  for (auto& [entity, why] : find_parked(engine)) {
    if (!filter.type.empty() && entity.type != filter.type) continue;
    if (filter.after && !(*filter.after < entity)) continue;
    if (found.size() == filter.limit) break;
    if (auto summary = engine.store().find(entity)) found.push_back({entity, *summary});
  }
  return found;
}

std::vector<persistence::listed_entity> list_not_ended(runtime::engine& engine,
                                                       persistence::list_filter filter) {
  std::vector<persistence::listed_entity> found;
  const auto limit = filter.limit;
  while (found.size() < limit) {
    auto page = engine.list(filter);
    for (auto& each : page) {
      if (found.size() == limit || persistence::has_ended(each.summary.status)) continue;
      found.push_back(each);
    }
    if (page.size() < filter.limit) break;
    filter.after = std::move(page.back().entity);
  }
  return found;
}

}  // namespace

parked_entities find_parked(const runtime::engine& engine) {
  parked_entities parked;
  for (auto& [entity, why] : engine.parked()) parked.emplace(entity, why);
  return parked;
}

result<entity_choice> parse_choice(const runtime::engine& engine, const choice_texts& from) {
  entity_choice choice;
  if (from.type != nullptr) {
    auto known = find_type(engine, *from.type);
    if (!known) return std::move(known).error();
    choice.filter.type = *from.type;
  }
  if (from.status != nullptr) {
    auto read = parse_status(*from.status, choice);
    if (!read) return std::move(read).error();
  }
  if (from.where != nullptr) {
    if (choice.parked) {
      return error{errc::malformed, "where: not with status parked: what is parked is not read"};
    }
    auto condition = parse_where(*from.where);
    if (!condition) return error{errc::malformed, "where: " + condition.error().detail};
    choice.filter.where = *std::move(condition);
  }
  if (from.after != nullptr) {
    const auto slash = from.after->find('/');
    if (slash == std::string::npos) {
      return error{errc::malformed,
                   "after: expected type/id, as a page's next says, got \"" + *from.after + '"'};
    }
    choice.filter.after = entity_id{from.after->substr(0, slash), from.after->substr(slash + 1)};
  }
  return choice;
}

std::vector<persistence::listed_entity> find_entities(runtime::engine& engine,
                                                      const entity_choice& choice) {
  if (choice.parked) return list_parked(engine, choice.filter);
  if (choice.not_ended) return list_not_ended(engine, choice.filter);
  return engine.list(choice.filter);
}

std::uint64_t count_entities(runtime::engine& engine, const entity_choice& choice) {
  if (!choice.parked) return engine.count(choice.filter);
  auto all = choice.filter;
  all.after.reset();
  all.limit = SIZE_MAX;
  return list_parked(engine, all).size();
}

}  // namespace perdure::gateway
