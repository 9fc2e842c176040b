#pragma once

/// Records and snapshots as bytes: `event.capnp`'s structs, canonical field order, one segment.
/// The golden files under tests/golden/ hold the format fast: what was written once must stay
/// readable.

#include <optional>

#include <perdure/errors.h>
#include <perdure/types.h>

#include "entities/record.h"
#include "persistence/journal.h"

namespace perdure::persistence {

/// What stands at the head of an encoded record.
struct record_header {
  entity_id entity;
  event_number first_event = 0;
  entity_summary after;
  std::optional<core::attributes> attributes;  ///< As `batch::attributes`.
};

/// Encodes a step, the summary that holds after it and, as `batch::attributes` has them, its
/// attributes.
bytes encode_record(const entity_id& entity, const core::record& step, const entity_summary& after,
                    const std::optional<core::attributes>& attributes = {});

/// Returns about how many bytes that takes: at least as many, whatever the summary.
std::size_t size_of_record(const entity_id& entity, const core::record& step,
                           const std::optional<core::attributes>& attributes = {});

/// Reads the head alone, without copying the payload. Errors: internal, with what is damaged.
result<record_header> decode_header(bytes_view encoded);

/// Reads the step. Errors: internal, with what is damaged.
result<core::record> decode_record(bytes_view encoded);

bytes encode_snapshot(const snapshot& taken);
result<snapshot> decode_snapshot(bytes_view encoded);

/// Attributes and progress as an index keeps them.
bytes encode_attributes(const core::attributes& values);
result<core::attributes> decode_attributes(bytes_view encoded);
bytes encode_progress(const activity_progress& progress);
result<activity_progress> decode_progress(bytes_view encoded);

}  // namespace perdure::persistence
