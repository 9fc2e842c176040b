#pragma once

/// JSON values to numbers, enums and bytes, and the words in which they are refused. Internal to
/// this folder.

#include <kj/array.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "entities/json_schemas.h"
#include "entities/json_value.h"

namespace perdure::core {

/// Where a value stands, for messages: a chain from the value to the root.
struct json_path {
  const json_path* outer = nullptr;
  std::string_view name;  ///< Empty: an element.
  std::size_t index = 0;

  std::string text() const {
    if (!outer) return "";
    auto before = outer->text();
    if (name.empty()) return before + '[' + std::to_string(index) + ']';
    return before.empty() ? std::string(name) : before + '.' + std::string(name);
  }
};

/// What is wrong with a value; becomes an error at the edge.
struct refusal {
  std::string detail;
};

[[noreturn]] void refuse(const json_path& at, const std::string& what);
[[noreturn]] void refuse_value(const json_path& at, const std::string& expected,
                               const json_value& got);

/// Each throws `refusal` where the value is not what the name says.
template <class T>
T read_integer(const json_value& from, const json_path& at);
template <class T>
T read_floating(const json_value& from, const json_path& at);
std::uint16_t read_enum(capnp::EnumSchema type, const json_value& from, const json_path& at);
kj::Array<kj::byte> read_base64(const json_value& from, const json_path& at);
bool read_boolean(const json_value& from, const json_path& at);

}  // namespace perdure::core
