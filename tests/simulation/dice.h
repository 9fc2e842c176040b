#pragma once

/// The only source of chance of a simulation: the same seed throws the same.

#include <cstdint>

namespace perdure::simulation {

class dice {
public:
  explicit dice(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    auto z = (state_ += 0x9e3779b97f4a7c15ull);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
  }

  /// Returns 0 to `sides` - 1. REQUIRES: sides > 0.
  std::uint32_t below(std::uint32_t sides) {
    return static_cast<std::uint32_t>((next() >> 32) * sides >> 32);
  }
  std::uint32_t between(std::uint32_t least, std::uint32_t most) {
    return least + below(most - least + 1);
  }
  /// Holds so many times of a thousand.
  bool chance(std::uint32_t per_mille) { return below(1000) < per_mille; }

private:
  std::uint64_t state_;
};

}  // namespace perdure::simulation
