#pragma once

/// JSON text as a tree of values: strict RFC 8259 with valid UTF-8, at most 64 deep. Numbers stay
/// text, so that none loses digits; members of an object stay in their order, repeated or not.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <perdure/errors.h>

namespace perdure::core {

struct json_value {
  enum class kind : std::uint8_t { null, boolean, number, text, array, object };

  kind what = kind::null;
  bool boolean = false;
  std::string text;                  ///< Of a text, unescaped; of a number, as it was written.
  std::vector<json_value> elements;  ///< Of an array; of an object, its members' values.
  std::vector<std::string> names;    ///< Of an object: its members' names.

  bool is(kind candidate) const { return what == candidate; }

  /// Returns the value for an error message: short texts and numbers as they are, else the kind.
  std::string describe() const;
};

/// Reads one JSON value. Errors: malformed, with line and column.
result<json_value> parse_json(std::string_view text);

/// Whether `text` is a number by JSON's grammar.
bool is_json_number(std::string_view text);

/// Returns the length of the valid UTF-8 sequence at the beginning of `text`; 0 where there is
/// none. REQUIRES: `text` is not empty.
std::size_t utf8_length(std::string_view text);

/// Appends `text` as a JSON string. What is not valid UTF-8 becomes U+FFFD.
void append_json_text(std::string& json, std::string_view text);

}  // namespace perdure::core
