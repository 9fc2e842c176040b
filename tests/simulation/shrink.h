#pragma once

/// Makes a small script of one that fails, and says how to run it again.

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "script.h"
#include "world.h"

namespace perdure::simulation {

/// Returns what is wrong without names and numbers: whether two failures are the same one.
std::string kind_of(std::string_view wrong);

/// Returns the largest cut with which the seed fails in the same way. REQUIRES: it fails so.
cut shrink(std::uint64_t seed, canary put, const std::string& kind);

/// "--seed 7 --without storage_full,resets --operations 3,5-9"
std::string command_of(std::uint64_t seed, const cut& what, canary put);

/// Reads what `command_of` writes behind the seed. Nothing: it makes no sense.
std::optional<cut> read_cut(std::uint64_t seed, std::string_view without_faults,
                            std::string_view operations);

/// Returns what people are to see of a seed that has failed: what is wrong, its script made small,
/// the last lines of what happened, and how to repeat it.
std::string report(std::uint64_t seed, canary put, const std::string& wrong, std::size_t lines);

}  // namespace perdure::simulation
