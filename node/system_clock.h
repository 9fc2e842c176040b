#pragma once

/// The time of this machine: the one place where it is read.

#include <chrono>

#include "runtime/defaults.h"

namespace perdure {

class system_wall_clock final : public runtime::wall_clock {
public:
  timestamp now() const override {
    return std::chrono::floor<duration>(std::chrono::system_clock::now());
  }
};

}  // namespace perdure
