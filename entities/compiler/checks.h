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

/// Returns the names that entity classes have from their bases and from generated code.
std::set<std::string, std::less<>> names_taken_in_entities();

}  // namespace perdure::compiler
