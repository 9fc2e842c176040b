#pragma once

/// Which structs hold which: decides where a struct contains itself, so that the field is boxed,
/// and in which order structs are declared.

#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "entities/compiler/schemas.h"

namespace perdure::compiler {

class recursion {
public:
  explicit recursion(const schemas& from);

  /// Whether `outer` has a field of `inner`'s type, directly or through structs that it has, lists
  /// left aside; true of a struct and itself.
  bool holds(std::uint64_t outer, std::uint64_t inner) const;

  /// The same, lists included; true of a struct and itself only where it contains itself.
  bool leads_to(std::uint64_t outer, std::uint64_t inner) const;

  /// Whether the struct contains itself, lists included.
  bool is_recursive(std::uint64_t id) const;

  /// Whether the struct, or one that it leads to, contains itself.
  bool nests(std::uint64_t id) const;

  /// Returns what a struct's fields or an interface's methods name: structs and enums, not groups.
  std::set<std::uint64_t> uses(std::uint64_t id) const;

  /// Returns the structs, each behind those that it holds by value; else in the order given.
  std::vector<const declaration*> in_order(const std::vector<const declaration*>& structs) const;

private:
  struct edges {
    std::vector<std::uint64_t> by_value;
    std::vector<std::uint64_t> in_lists;
    std::vector<std::uint64_t> enums;
  };

  void read_fields(capnp::StructSchema type, edges& into);
  void read_type(capnp::Type type, bool in_list, edges& into);
  bool reaches(std::uint64_t from, std::uint64_t to, bool lists) const;

  std::map<std::uint64_t, edges> edges_;
};

}  // namespace perdure::compiler
