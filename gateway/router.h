#pragma once

/// Which handler answers a request: one table of endpoints, matched by path and method.

#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "gateway/reply.h"
#include "gateway/request.h"

namespace perdure::gateway {

struct service;

/// Answers a request. The request lives until the promise is done.
using handler = kj::Promise<reply> (*)(service&, const http_request&);

/// Whether an endpoint is there before the node is ready, and while it drains.
enum class availability : std::uint8_t { always, when_ready };

struct endpoint {
  std::string_view name;  ///< For metrics.
  kj::HttpMethod method;
  std::vector<std::string_view> path;        ///< Segments; "*" stands for any one.
  std::vector<std::string_view> parameters;  ///< Of the query string; "*" for any.
  availability available;
  handler handle;
};

/// Returns the endpoint for a request (HEAD is answered by GET's), or the reply that refuses it:
/// 404 for an unknown path, 405 with Allow for another method, 204 with Allow for OPTIONS, 400 for
/// a query-string parameter that is unknown or given twice.
std::variant<const endpoint*, reply> find_endpoint(const http_request& request);

/// Every endpoint.
std::span<const endpoint> endpoints();

}  // namespace perdure::gateway
