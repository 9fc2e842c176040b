#pragma once

/// The members that a description of an entity and a line of the list have in common.

#include <optional>
#include <string_view>

#include "gateway/json_text.h"
#include "persistence/journal.h"

namespace perdure::gateway {

void append_summary(json_writer& json, const entity_id& entity, std::string_view status,
                    const persistence::entity_summary& summary);

/// Appends `"name": {"type": …, "id": …}`.
void append_entity(json_writer& json, std::string_view name, const entity_id& entity);

/// Appends `"name": {"code": …, "detail": …}`, and `"type"` where the application has one.
void append_error(json_writer& json, std::string_view name, const error& why);

/// Appends `"attributes": {…}`.
void append_attributes(json_writer& json, const core::attributes& all);

/// Appends an attribute's value as JSON has it: a text, a number, a boolean.
void append_attribute(json_writer& json, const attribute_value& value);

}  // namespace perdure::gateway
