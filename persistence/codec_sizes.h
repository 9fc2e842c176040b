#pragma once

/// Upper bounds of the words that values take in a message, so that it is one segment, built in
/// place. For persistence/codec*.cpp alone.

#include <cstddef>
#include <optional>

#include "entities/record.h"
#include "persistence/journal.h"

namespace perdure::persistence::codec {

/// Of a whole message, its root pointer included.
std::size_t words_of_record(const entity_id& entity, const core::record& step,
                            const std::optional<core::attributes>& attributes);
std::size_t words_of_snapshot(const snapshot& taken);
std::size_t words_of_attributes(const core::attributes& values);
std::size_t words_of_progress(const activity_progress& progress);

}  // namespace perdure::persistence::codec
