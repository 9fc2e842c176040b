#pragma once

/// Schemas of Cap'n Proto as JSON Schema. Internal to this folder.

#include <string>

#include "entities/json_schemas.h"

namespace perdure::core {

std::string json_schema_of(const json_schemas& schemas, const json_struct& type);
std::string json_schema_of(capnp::EnumSchema type);

}  // namespace perdure::core
