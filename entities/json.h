#pragma once

/// JSON to the payloads of a contract, of entities or of activities, and back: Cap'n Proto's JSON
/// mapping (64-bit integers are strings on output, strings or numbers on input; Data is base64; a
/// union is the member that is set).
///
/// Strict on input, because a typing error in a request about money must not pass silently: unknown
/// and duplicate fields, numbers out of range, wrong kinds, invalid UTF-8 and nesting beyond 64 are
/// refused with `malformed` and a detail that names the field by its path and what was expected
/// (`items[2].quantity: expected an integer from 0 to 4294967295, got "many"`). Missing fields take
/// their defaults.
///
/// Immutable after construction; safe to use from any thread.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <perdure/activities.h>
#include <perdure/contract.h>
#include <perdure/errors.h>
#include <perdure/types.h>

namespace perdure::core {

class json_schemas;

/// REQUIRES, of every `schema`: a struct of the contract; std::logic_error where it is not.
class json_codec {
public:
  explicit json_codec(const contract& described);
  explicit json_codec(const activities_description& described);
  json_codec(json_codec&&) noexcept;
  json_codec& operator=(json_codec&&) noexcept;
  ~json_codec();

  /// Turns the JSON text of a struct with this schema id into a canonical payload. An empty text
  /// counts as `{}`.
  result<bytes> decode(std::uint64_t schema, std::string_view json) const;

  /// Turns names and values of a URL's query string into a payload. Values are texts, numbers,
  /// booleans or enum names by the field's type; lists and structs are given as JSON.
  result<bytes> decode_fields(std::uint64_t schema,
                              const std::vector<std::pair<std::string, std::string>>& fields) const;

  /// Returns a payload as JSON, all fields present. Errors: internal, when the payload is damaged.
  result<std::string> encode(std::uint64_t schema, bytes_view payload) const;

  /// Returns the struct's JSON Schema (2020-12, as OpenAPI 3.1 uses it), referring to other
  /// structs as "#/components/schemas/{name}"; `definitions` returns those.
  std::string json_schema(std::uint64_t schema) const;

  /// Returns (name, JSON Schema) of every struct and enum that the contract's methods and state
  /// reach.
  std::vector<std::pair<std::string, std::string>> definitions() const;

private:
  std::unique_ptr<const json_schemas> schemas_;
};

}  // namespace perdure::core
