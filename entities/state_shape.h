#pragma once

/// What a state looks like in bytes, as values: of a contract, and as text. Internal to this
/// folder.

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <perdure/contract.h>

namespace perdure::core {

/// One of the unions that a field is in: where its discriminant is, and what that is for the field.
struct membership {
  std::uint32_t offset = 0;
  std::uint32_t value = 0;
  friend auto operator<=>(const membership&, const membership&) = default;
};

/// A field, or an enumerant, which has a name and a number alone.
struct shape_member {
  std::uint32_t ordinal = 0;
  std::string name;            ///< With those of its groups: "address.street".
  std::string type;            ///< "Int64", "List(Text)", "#2" for the type of that index.
  std::uint32_t offset = 0;    ///< In units of its size, or among pointers.
  bool optional = false;       ///< Absent is not the same as the default.
  std::vector<membership> in;  ///< The outermost first.
  std::string fallback;        ///< Its default, where that is not zero or empty.
};

struct type_shape {
  bool is_enum = false;
  std::string name;
  std::vector<shape_member> members;  ///< In order of their ordinals.

  /// Returns the member with this number, or null.
  const shape_member* find(std::uint32_t ordinal) const;
};

/// All types that a state reaches; its own comes first.
using state_shape = std::vector<type_shape>;

state_shape shape_of(const contract& of);

std::string to_text(const state_shape& shape);

/// Returns nothing where this is no text of a shape.
std::optional<state_shape> shape_from_text(std::string_view text);

}  // namespace perdure::core
