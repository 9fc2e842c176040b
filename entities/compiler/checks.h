#pragma once

/// Refuses contracts that are valid Cap'n Proto and cannot be a Perdure contract.

#include "entities/compiler/diagnostics.h"
#include "entities/compiler/schemas.h"

namespace perdure::compiler {

/// Checks all that a requested file declares: interfaces, types and names.
void check(const schemas& from, std::uint64_t file, diagnostics& into);

/// Checks that no two names become the same in C++ and none is taken by generated code.
void check_names(const schemas& from, std::uint64_t file, diagnostics& into);

/// Whether entity classes need this name for themselves.
bool is_taken_in_entities(std::string_view cpp);

}  // namespace perdure::compiler
