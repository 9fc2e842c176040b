#pragma once

/// Structs to JSON. Internal to this folder.

#include <string>

#include "entities/json_schemas.h"

namespace perdure::core {

/// Appends a struct with all its fields.
void append_json(std::string& json, const json_schemas& schemas, const json_struct& type,
                 capnp::DynamicStruct::Reader from);

/// Appends one value; `target` is its struct where it is one.
void append_json(std::string& json, const json_schemas& schemas, capnp::Type type,
                 capnp::DynamicValue::Reader from);

}  // namespace perdure::core
