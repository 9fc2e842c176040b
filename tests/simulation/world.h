#pragma once

/// Runs a script: who moves next, what is done when, and what has to hold when all is quiet.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "surroundings.h"

namespace perdure::simulation {

struct verdict {
  std::optional<std::string> wrong;  ///< Nothing: all is as it should be.
  std::uint64_t digest = 0;          ///< Of all that happened.
  std::uint64_t steps = 0;
  std::uint64_t records = 0;
  std::vector<std::string> history;  ///< The last lines, when asked for.
};

/// Runs a script from beginning to end. The same script gives the same verdict.
verdict run(const script& what, canary put = canary::none, bool keeps_history = false);

}  // namespace perdure::simulation
