#pragma once

/// Refuses contracts that are valid Cap'n Proto and cannot be a Perdure contract.

#include <functional>
#include <set>
#include <string>

#include "entities/compiler/diagnostics.h"
#include "entities/compiler/schemas.h"

namespace perdure::compiler {

/// Checks all that a requested file declares: interfaces, types and names.
void check(const schemas& from, std::uint64_t file, diagnostics& into);

/// Checks that no two names become the same in C++ and none is taken by generated code.
void check_names(const schemas& from, std::uint64_t file, diagnostics& into);

/// Returns the names that generated classes of entities, or of activities, need for themselves: no
/// method is called so.
std::set<std::string, std::less<>> taken_names(bool of_entity);

/// Returns the names that mean something else than a contract's type in what is generated for an
/// entity, or for activities: there, a type of that name is written with its namespace.
std::set<std::string, std::less<>> hiding_names(bool of_entity);

/// Likewise, in `cart_contract`.
std::set<std::string, std::less<>> names_hiding_in_contracts();

}  // namespace perdure::compiler
