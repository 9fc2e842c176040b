#pragma once

/// A tree of JSON values to a payload. Internal to this folder.

#include "entities/json_schemas.h"
#include "entities/json_value.h"

#include <perdure/errors.h>
#include <perdure/types.h>

namespace perdure::core {

/// Returns the canonical payload of a struct. Errors: malformed, naming the field by its path.
result<bytes> decode_json(const json_schemas& schemas, const json_struct& type,
                          const json_value& from);

/// Returns a parameter of a URL as the JSON value that a field of this type takes.
result<json_value> parameter_value(const json_field& field, const std::string& text);

}  // namespace perdure::core
