#pragma once

/// OpenAPI 3.1 from the contracts of the hosted types: a path for each method of each type, with
/// the schemas of its parameters and results, so that generated clients are typed.

#include <string>
#include <vector>

#include "runtime/engine.h"

namespace perdure::gateway {

/// Returns the document as JSON.
std::string openapi_json(const std::vector<const runtime::hosted_type*>& types);

/// Returns what GET /v1/types answers: each contract with its methods and their schemas.
std::string types_json(const std::vector<const runtime::hosted_type*>& types);

}  // namespace perdure::gateway
