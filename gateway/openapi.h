#pragma once

/// OpenAPI 3.1 from the contracts of the hosted types: a path for each method of each type, with
/// the schemas of its parameters and results, so that generated clients are typed. The parameters
/// and results of the activities that are known are among the schemas, for workers.

#include <string>
#include <vector>

#include "gateway/known_activities.h"
#include "runtime/engine.h"

namespace perdure::gateway {

/// Returns the document as JSON.
std::string openapi_json(const std::vector<const runtime::hosted_type*>& types,
                         const known_activities& activities);

/// Returns what GET /v1/types answers: each contract with its methods and their schemas, and the
/// activities that are known.
std::string types_json(const std::vector<const runtime::hosted_type*>& types,
                       const known_activities& activities);

}  // namespace perdure::gateway
