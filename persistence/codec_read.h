#pragma once

/// Values read from messages. Each throws `damaged` at what no writer of this version or an earlier
/// one has written. For persistence/codec*.cpp alone.

#include "persistence/codec.h"
#include "persistence/codec_wire.h"

namespace perdure::persistence::codec {

record_header read_header(wire::Record::Reader from);
core::record read_record(wire::Record::Reader from);
snapshot read_snapshot(wire::Snapshot::Reader from);
core::attributes read_attributes(wire::Attributes::Reader from);
activity_progress read_progress(wire::Progress::Reader from);

/// Options as the schema's defaults have them: what a null pointer stands for.
const activity_options& default_activity_options();
const start_options& default_start_options();

}  // namespace perdure::persistence::codec
