#pragma once

/// Holds something to so many a second: a bucket that fills evenly.

#include <optional>

#include <perdure/types.h>

namespace perdure::runtime {

class pace {
public:
  /// `per_second` 0 or less: as many as come. Never more than it begin within a second, and what 50
  /// milliseconds give (at least one) at once.
  explicit pace(double per_second) : per_second_(per_second) {}

  /// Whether one may begin.
  bool allows(timestamp now);
  /// One begins. REQUIRES: allows(now).
  void begin();
  /// Returns when the next may begin, at `now` if at once.
  timestamp next(timestamp now);

private:
  void fill(timestamp now);

  double per_second_;
  double left_ = 1;
  std::optional<timestamp> filled_;
};

}  // namespace perdure::runtime
