#pragma once

/// A request as handlers see it: taken apart, decoded, its body read.

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <perdure/capnp_compat.h>
#include <perdure/errors.h>
#include <perdure/types.h>

#include <kj/compat/http.h>

#include "gateway/presence.h"
#include "gateway/url.h"

namespace perdure::gateway {

/// The headers that the server looks at, beyond those that kj knows.
struct header_ids {
  kj::Own<kj::HttpHeaderTable> table;
  kj::HttpHeaderId accept;
  kj::HttpHeaderId expect;
  kj::HttpHeaderId last_event_id;
  kj::HttpHeaderId origin;
  kj::HttpHeaderId traceparent;

  header_ids();
};

struct http_request {
  kj::HttpMethod method = kj::HttpMethod::GET;
  url_target target;
  std::string body;
  std::optional<std::string> idempotency_key;
  std::optional<std::string> last_event_id;
  std::string accept;
  std::string traceparent;  ///< W3C Trace Context; empty when there is none that is valid.
  std::shared_ptr<const presence> client = {};  ///< Null: not known.
  bool expects_continue = false;  ///< The client holds the body back until it is asked for it.
  bool is_cross_site = false;  ///< A browser sends it for a page of another origin than the node's.

  /// Takes the target and the headers apart. Errors: malformed, naming what is wrong.
  static result<http_request> parse(kj::HttpMethod method, kj::StringPtr url,
                                    const kj::HttpHeaders& headers, const header_ids& ids);

  /// Returns the value of a query-string parameter, or null.
  const std::string* parameter(std::string_view name) const;

  /// Returns a parameter as a number from `least` to `most`, `otherwise` when absent.
  result<std::uint64_t> number(std::string_view name, std::uint64_t otherwise,
                               std::uint64_t least = 0, std::uint64_t most = UINT64_MAX) const;

  /// Returns a parameter as a duration of at most `most`, `otherwise` when absent.
  result<duration> time(std::string_view name, duration otherwise, duration most) const;

  /// Returns what a parameter's value stands for, `otherwise` when absent. Errors name the choices.
  template <class T>
  result<T> choice(std::string_view name, T otherwise,
                   std::initializer_list<std::pair<std::string_view, T>> choices) const {
    auto* text = parameter(name);
    if (text == nullptr) return otherwise;
    std::string known;
    for (auto& [value, meaning] : choices) {
      if (*text == value) return meaning;
      known += (known.empty() ? "" : ", ") + std::string(value);
    }
    return error{errc::malformed,
                 std::string(name) + ": expected one of " + known + ", got \"" + *text + '"'};
  }

  /// Whether the client would rather have `type` than JSON.
  bool accepts(std::string_view type) const { return accept.find(type) != std::string::npos; }
};

}  // namespace perdure::gateway
