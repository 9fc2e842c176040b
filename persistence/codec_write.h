#pragma once

/// Values written into messages. For persistence/codec*.cpp alone.

#include <optional>

#include "persistence/codec_wire.h"
#include "persistence/journal.h"

namespace perdure::persistence::codec {

void write_record(wire::Record::Builder to, const entity_id& entity, const core::record& step,
                  const entity_summary& after, const std::optional<core::attributes>& attributes);
void write_snapshot(wire::Snapshot::Builder to, const snapshot& taken);
void write_attributes(wire::Attributes::Builder to, const core::attributes& values);
void write_progress(wire::Progress::Builder to, const activity_progress& progress);

}  // namespace perdure::persistence::codec
