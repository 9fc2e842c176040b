#pragma once

/// URLs: percent-encoding, path segments, query strings, and the checks on what comes out of them.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <perdure/errors.h>

namespace perdure::gateway {

using url_fields = std::vector<std::pair<std::string, std::string>>;

/// Whether `text` is UTF-8 without overlong forms and surrogates.
bool is_utf8(std::string_view text);

/// Returns `text` so that it can stand in a path segment or a query string.
std::string percent_encode(std::string_view text);

/// A request's target, taken apart and decoded.
struct url_target {
  std::vector<std::string> segments;  ///< Of the path; "/" has none.
  url_fields query;

  /// Takes "/v1/entities/cart/alice?from=1" apart. An encoded slash stays within its segment.
  /// Errors: malformed for an incomplete escape, or what is not UTF-8 or holds a NUL.
  static result<url_target> parse(std::string_view target);
};

/// An http URL's parts.
struct http_address {
  std::string host;
  std::uint16_t port = 0;

  /// Takes "http://127.0.0.1:7070", "127.0.0.1:7070" or "http://[::1]:7070/" apart. Errors:
  /// malformed, with what was expected.
  static result<http_address> parse(std::string_view url);

  /// Returns "host:port", with brackets around an IPv6 address.
  std::string to_string() const;
};

/// Returns the number that is the whole of `text`, or nothing.
std::optional<std::uint64_t> parse_unsigned(std::string_view text);

}  // namespace perdure::gateway
