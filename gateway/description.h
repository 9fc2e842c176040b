#pragma once

/// What there is to know of an entity, as JSON.

#include <string>

#include "gateway/known_activities.h"
#include "runtime/engine.h"

namespace perdure::gateway {

/// Errors: internal, when a payload of the entity is damaged.
result<std::string> description_json(const runtime::hosted_type& type,
                                     const known_activities& activities,
                                     const runtime::entity_description& known);

}  // namespace perdure::gateway
