#pragma once

/// What a request's body says beside what contracts describe: a small JSON object, read member by
/// member. As strict as the contracts' JSON: what is unknown, repeated or of another kind is
/// refused with its name and what was expected.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <perdure/errors.h>
#include <perdure/types.h>

#include "gateway/json_text.h"

namespace perdure::gateway {

class body_fields {
public:
  /// Reads a body; an empty one has no members. Errors: malformed.
  static result<body_fields> parse(std::string_view body, std::vector<std::string_view> known);

  bool has(std::string_view name) const { return document_.find(name) != nullptr; }

  /// Each returns a member, and what stands for an absent one. Errors: malformed.
  result<std::string> text(std::string_view name, std::size_t bytes_max = 10'000) const;
  result<bool> boolean(std::string_view name, bool otherwise) const;
  result<std::uint64_t> number(std::string_view name, std::uint64_t otherwise, std::uint64_t least,
                               std::uint64_t most) const;
  /// A duration such as "90s".
  result<std::optional<duration>> time(std::string_view name, duration most) const;
  /// Any JSON, as text; "" when absent.
  std::string json(std::string_view name) const;

private:
  json_document document_;
};

/// Reads the body of a request that may give a reason and nothing else. Errors: malformed.
result<std::string> parse_reason(std::string_view body);

/// The most that a reason may have.
inline constexpr std::size_t reason_bytes_max = 1'000;

}  // namespace perdure::gateway
