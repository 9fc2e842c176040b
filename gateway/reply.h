#pragma once

/// What a handler answers: a status and a body, or a stream that it goes on writing.

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <perdure/capnp_compat.h>

#include <kj/async-io.h>

#include "gateway/problem.h"

namespace perdure::gateway {

struct reply {
  unsigned status = 200;
  const char* content_type = "application/json";
  std::string body = {};
  std::vector<std::pair<const char*, std::string>> headers = {};
  /// When set, it writes the body, piece by piece, until its promise is done.
  std::function<kj::Promise<void>(kj::AsyncOutputStream&)> stream = {};

  static reply json(std::string body, unsigned status = 200) {
    return {.status = status, .body = std::move(body)};
  }
  static reply text(const char* content_type, std::string body) {
    return {.content_type = content_type, .body = std::move(body)};
  }

  reply&& with(const char* name, std::string value) && {
    headers.emplace_back(name, std::move(value));
    return std::move(*this);
  }
};

/// Answers a problem; those that pass by themselves say when to ask again.
inline reply refuse(const problem& why) {
  reply answer{
      .status = why.status, .content_type = "application/problem+json", .body = why.to_json()};
  if (why.status == 429 || why.status == 503) answer.headers.emplace_back("Retry-After", "1");
  return answer;
}

inline reply refuse(errc code, std::string detail) {
  return refuse(problem(error{code, std::move(detail)}));
}

}  // namespace perdure::gateway
