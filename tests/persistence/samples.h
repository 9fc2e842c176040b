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
};

/// By the name of the golden file.
std::vector<std::pair<std::string, sample_record>> sample_records();

snapshot sample_snapshot();

}  // namespace perdure::persistence::testing
