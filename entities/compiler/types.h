#pragma once

/// Cap'n Proto's types and default values as C++.

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "entities/compiler/schemas.h"

namespace perdure::compiler {

/// Where a type is named: the namespace, and the names that hide types of the namespace there.
struct scope {
  std::string cpp_namespace;
  std::set<std::string, std::less<>> hiding;
};

/// Returns a struct or an enum as it is called in `where`.
std::string cpp_name(const schemas& from, const declaration& type, const scope& where);

/// Returns a type as C++. REQUIRES: it is none of those that `check` refuses.
std::string cpp_type(const schemas& from, capnp::Type type, const scope& where);

/// Whether values of this type are kept behind a pointer.
bool is_pointer_type(capnp::Type type);

/// Returns a number, boolean, enum or text as an expression.
std::string expression(const schemas& from, capnp::Type type, capnp::schema::Value::Reader value,
                       const scope& where);

/// Returns a Data, list or struct default as a message in words; empty for other types.
std::vector<std::uint64_t> default_words(capnp::StructSchema::Field field);

/// Returns the words of a message's segment.
std::vector<std::uint64_t> to_words(kj::ArrayPtr<const capnp::word> words);

}  // namespace perdure::compiler
