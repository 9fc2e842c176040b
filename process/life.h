#pragma once

/// Names of lives: see `core::record::life`.

#include <cstdint>

#include <perdure/types.h>

#include "sharding/shard.h"

namespace perdure::process {

/// Returns the name of the `nth` life that is begun under an epoch. Grows with the epoch, which
/// grows with each change of a shard's owner, and then with `nth`; greater than any time, which
/// were names of lives before. REQUIRES: nth < 2^36, epoch < 2^26.
constexpr timestamp life_name(sharding::epoch_number epoch, std::uint64_t nth) {
  constexpr int counted_bits = 36;
  constexpr std::uint64_t later_than_any_time = std::uint64_t{1} << 62;
  return timestamp{
      duration{static_cast<duration::rep>(later_than_any_time | epoch << counted_bits | nth)}};
}

}  // namespace perdure::process
