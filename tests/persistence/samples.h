#pragma once

/// One record for every kind of input and command, and a snapshot with everything in it: what the
/// codec's tests and the golden files are made of. Never changed; new kinds are added at the end.

#include <string>
#include <utility>
#include <vector>

#include "persistence/journal.h"

namespace perdure::persistence::testing {

struct sample_record {
  entity_id entity;
  core::record step;
  entity_summary after;
  std::optional<core::attributes> attributes = {};
};

/// By the name of the golden file: those that the first version wrote too.
std::vector<std::pair<std::string, sample_record>> first_sample_records();

/// With those of the version that was the first to have activities and messages.
std::vector<std::pair<std::string, sample_record>> second_sample_records();

/// All of them.
std::vector<std::pair<std::string, sample_record>> sample_records();

snapshot first_sample_snapshot();

/// A snapshot of an entity that is at everything at once; `second`: as that version knew it.
snapshot second_sample_snapshot();
snapshot sample_snapshot();

activity_progress sample_progress();

}  // namespace perdure::persistence::testing
