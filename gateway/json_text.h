#pragma once

/// JSON as text: a writer that appends to a string, and a small document for reading what another
/// program sent. Payloads of entities are not handled here but by their contract's codec.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <perdure/errors.h>

namespace perdure::gateway {

/// Writes JSON from left to right. Commas come by themselves; that braces match is up to the
/// caller.
class json_writer {
public:
  json_writer& begin_object() { return open('{'); }
  json_writer& end_object() { return close('}'); }
  json_writer& begin_array() { return open('['); }
  json_writer& end_array() { return close(']'); }

  json_writer& key(std::string_view name);
  json_writer& text(std::string_view value);
  json_writer& number(std::int64_t value);
  json_writer& boolean(bool value);
  /// Appends what is JSON already.
  json_writer& raw(std::string_view json);

  // -- members of an object -----------------------------------------------------------------------

  json_writer& text(std::string_view name, std::string_view value) { return key(name).text(value); }
  json_writer& number(std::string_view name, std::int64_t value) { return key(name).number(value); }
  json_writer& boolean(std::string_view name, bool value) { return key(name).boolean(value); }
  json_writer& raw(std::string_view name, std::string_view json) { return key(name).raw(json); }
  /// 64-bit integers are texts, so that no reader rounds them.
  json_writer& wide(std::string_view name, std::uint64_t value) {
    return key(name).text(std::to_string(value));
  }

  const std::string& str() const { return out_; }
  std::string take() { return std::move(out_); }

private:
  json_writer& open(char bracket);
  json_writer& close(char bracket);
  void separate();

  std::string out_;
};

/// Appends `value` to `out` as a JSON string with its quotes.
void append_json_text(std::string& out, std::string_view value);

/// A JSON document that was read. Members keep their order, numbers their digits.
class json_document {
public:
  using array = std::vector<json_document>;
  using object = std::vector<std::pair<std::string, json_document>>;

  json_document() = default;

  /// Reads a whole text. Errors: malformed, with the offset and what was expected there. Nesting
  /// beyond 64 is refused.
  static result<json_document> parse(std::string_view json);

  bool is_null() const { return std::holds_alternative<std::monostate>(value_); }
  const object* members() const { return std::get_if<object>(&value_); }
  const array* elements() const { return std::get_if<array>(&value_); }
  const std::string* text() const { return std::get_if<std::string>(&value_); }
  const bool* boolean() const { return std::get_if<bool>(&value_); }

  /// Returns the member with this name, or null.
  const json_document* find(std::string_view name) const;

  /// Returns a member's text, number or boolean as it would be shown to a person; "" if absent.
  std::string shown(std::string_view member) const;
  /// Returns this value as it would be shown to a person: texts without quotes, the rest as JSON.
  std::string shown() const;

  /// Returns a member that is an unsigned integer, given as number or text; nothing otherwise.
  std::optional<std::uint64_t> unsigned_at(std::string_view member) const;

  /// Writes the document, compact or, with `indent`, over several lines.
  std::string dump(bool indent = false) const;

private:
  friend class json_parser;
  struct number_text {
    std::string digits;
  };
  void dump(std::string& out, bool indent, std::size_t level) const;

  std::variant<std::monostate, bool, number_text, std::string, array, object> value_;
};

}  // namespace perdure::gateway
