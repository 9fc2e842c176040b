#pragma once

#include <memory>
#include <utility>

#include <perdure/testing.h>

#include "testing/world.h"

namespace perdure {

/// Environments as `crash_everywhere` and `shuffle` need them.
class testing_access {
public:
  static std::unique_ptr<test_environment> make(test_options options, testing::crashing crashes) {
    return std::unique_ptr<test_environment>(new test_environment(std::move(options), crashes));
  }
  static testing::world& world_of(test_environment& env) { return *env.world_; }
  /// Nothing is asked of it any more.
  static void abandon(test_environment& env) { env.finished_ = true; }
};

}  // namespace perdure
