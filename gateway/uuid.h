#pragma once

/// Random UUIDs (version 4) for idempotency keys that the client left to us. Not for secrets.

#include <cstdint>
#include <random>
#include <string>

namespace perdure::gateway {

class uuid_source {
public:
  uuid_source() : random_(seed()) {}

  std::string next() {
    static constexpr char digits[] = "0123456789abcdef";
    std::string text = "xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx";
    std::uint64_t bits = 0;
    int left = 0;
    for (char& c : text) {
      if (c != 'x' && c != 'y') continue;
      if (left == 0) bits = random_(), left = 16;
      const auto nibble = bits & 15;
      bits >>= 4, --left;
      c = c == 'x' ? digits[nibble] : digits[8 | (nibble & 3)];
    }
    return text;
  }

private:
  static std::mt19937_64 seed() {
    std::random_device device;
    std::seed_seq sequence{device(), device(), device(), device(), device(), device()};
    return std::mt19937_64(sequence);
  }

  std::mt19937_64 random_;
};

}  // namespace perdure::gateway
