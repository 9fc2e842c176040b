#include "gateway/router.h"

#include <algorithm>

#include "gateway/handlers.h"

namespace perdure::gateway {

namespace {

using enum kj::HttpMethod;
using enum availability;

// Busiest first: they are looked through in this order.
const std::vector<endpoint> table{
    {"signal",
     POST,
     {"v1", "entities", "*", "*", "signals", "*"},
     {"delay"},
     when_ready,
     post_signal},
    {"update",
     POST,
     {"v1", "entities", "*", "*", "updates", "*"},
     {"wait", "timeout"},
     when_ready,
     post_update},
    {"query", GET, {"v1", "entities", "*", "*", "queries", "*"}, {"*"}, when_ready, get_query},
    {"query", POST, {"v1", "entities", "*", "*", "queries", "*"}, {"at"}, when_ready, post_query},
    {"update_result",
     GET,
     {"v1", "entities", "*", "*", "updates", "*"},
     {"timeout"},
     when_ready,
     get_update},
    {"result", GET, {"v1", "entities", "*", "*", "result"}, {"timeout"}, when_ready, get_result},
    {"entity", GET, {"v1", "entities", "*", "*"}, {}, when_ready, get_entity},
    {"cancel", POST, {"v1", "entities", "*", "*", "cancel"}, {}, when_ready, post_cancel},
    {"pause", POST, {"v1", "entities", "*", "*", "pause"}, {}, when_ready, post_pause},
    {"resume", POST, {"v1", "entities", "*", "*", "resume"}, {}, when_ready, post_resume},
    {"reset", POST, {"v1", "entities", "*", "*", "reset"}, {"event"}, when_ready, post_reset},
    {"terminate", DELETE, {"v1", "entities", "*", "*"}, {"reason"}, when_ready, delete_entity},
    {"start",
     POST,
     {"v1", "entities", "*", "*"},
     {"wait", "timeout", "delay", "id-conflict", "id-reuse", "run-timeout", "execution-timeout"},
     when_ready,
     post_start},
    {"history",
     GET,
     {"v1", "entities", "*", "*", "history"},
     {"from", "limit", "run"},
     when_ready,
     get_history},
    {"entities",
     GET,
     {"v1", "entities"},
     {"type", "status", "where", "count", "after", "limit"},
     when_ready,
     get_entities},
    {"poll", POST, {"v1", "activities", "*", "poll"}, {"timeout"}, when_ready, post_poll},
    {"complete", POST, {"v1", "activities", "*", "complete"}, {}, when_ready, post_complete},
    {"fail", POST, {"v1", "activities", "*", "fail"}, {}, when_ready, post_fail},
    {"heartbeat", POST, {"v1", "activities", "*", "heartbeat"}, {}, when_ready, post_heartbeat},
    {"batch", POST, {"v1", "batch"}, {}, when_ready, post_batch},
    {"backup", POST, {"v1", "backup"}, {}, when_ready, post_backup},
    {"types", GET, {"v1", "types"}, {}, always, get_types},
    {"openapi", GET, {"openapi.json"}, {}, always, get_openapi},
    {"health", GET, {"healthz"}, {}, always, get_health},
    {"readiness", GET, {"readyz"}, {}, always, get_readiness},
    {"metrics", GET, {"metrics"}, {}, always, get_metrics},
    {"index", GET, {}, {}, always, get_index},
};

bool matches(const endpoint& candidate, const std::vector<std::string>& segments) {
  return std::ranges::equal(candidate.path, segments, [](std::string_view expected, auto& segment) {
    return expected == "*" || expected == segment;
  });
}

std::string joined(const std::vector<std::string_view>& names) {
  std::string text;
  for (auto name : names) text += (text.empty() ? "" : ", ") + std::string(name);
  return text;
}

/// Says what is wrong with the query string, if anything is.
std::string parameter_problem(const endpoint& found, const url_fields& query) {
  const bool any = std::ranges::find(found.parameters, "*") != found.parameters.end();
  for (auto field = query.begin(); field != query.end(); ++field) {
    auto same = [&](auto& other) { return other.first == field->first; };
    if (std::find_if(query.begin(), field, same) != field) {
      return field->first + ": this query-string parameter is given twice";
    }
    if (any || std::ranges::find(found.parameters, field->first) != found.parameters.end())
      continue;
    return field->first + ": unknown query-string parameter; expected " +
           (found.parameters.empty() ? "none" : joined(found.parameters));
  }
  return {};
}

reply refuse_method(std::vector<std::string_view> allowed, kj::HttpMethod method) {
  if (std::ranges::find(allowed, "GET") != allowed.end()) allowed.push_back("HEAD");
  allowed.push_back("OPTIONS");
  const auto allow = joined(allowed);
  if (method == OPTIONS) return reply{.status = 204, .headers = {{"Allow", allow}}};
  const error why{errc::malformed, std::string("method ") + kj::str(method).cStr() +
                                       " is not for this path; expected " + allow};
  return refuse(problem(why, 405)).with("Allow", allow);
}

}  // namespace

std::span<const endpoint> endpoints() { return table; }

std::variant<const endpoint*, reply> find_endpoint(const http_request& request) {
  const auto method = request.method == HEAD ? GET : request.method;
  std::vector<std::string_view> allowed;
  for (auto& candidate : table) {
    if (!matches(candidate, request.target.segments)) continue;
    if (candidate.method == method) {
      auto why = parameter_problem(candidate, request.target.query);
      if (!why.empty()) return refuse(errc::malformed, std::move(why));
      return &candidate;
    }
    allowed.push_back(candidate.method == GET    ? "GET"
                      : candidate.method == POST ? "POST"
                                                 : "DELETE");
  }
  if (!allowed.empty()) return refuse_method(std::move(allowed), request.method);
  return refuse(
      problem(error{errc::unknown_method, "no such path; GET / lists those that there are"}, 404));
}

}  // namespace perdure::gateway
