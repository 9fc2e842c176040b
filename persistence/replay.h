#pragma once

#include <optional>
#include <vector>

#include "entities/machine.h"

namespace perdure::persistence {

/// Replays `steps` with a fresh machine. Where a run continues as new, what is carried must be the
/// state that the run before led to. Begins with the last reset, where there is one. Errors:
/// nondeterministic, as of `machine::replay`, or with the first field in which the carried state
/// differs.
std::optional<error> replay_all(core::machine& fresh, const std::vector<core::record>& steps);

}  // namespace perdure::persistence
