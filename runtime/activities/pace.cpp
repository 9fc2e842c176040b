#include "runtime/activities/pace.h"

#include <algorithm>
#include <cmath>

namespace perdure::runtime {

namespace {

constexpr double most_pause = 24.0 * 3600 * 1000;  // So that no rate overflows a time.
constexpr double almost_one = 1 - 1e-9;            // Sums of fractions fall short of one.

}  // namespace

void pace::fill(timestamp now) {
  const auto most = std::max(1.0, per_second_ / 20);
  if (!filled_) left_ = most;
  // A clock that went back gives nothing, and takes nothing away.
  if (filled_ && now > *filled_) {
    const auto passed = static_cast<double>((now - *filled_).count());
    left_ = std::min(most, left_ + passed * per_second_ / 1000);
  }
  filled_ = now;
}

bool pace::allows(timestamp now) {
  if (per_second_ <= 0) return true;
  fill(now);
  return left_ >= almost_one;
}

void pace::begin() {
  if (per_second_ > 0) left_ -= 1;
}

timestamp pace::next(timestamp now) {
  if (allows(now)) return now;
  const auto pause = std::ceil((almost_one - left_) * 1000 / per_second_);
  return now + duration{static_cast<std::int64_t>(std::clamp(pause, 1.0, most_pause))};
}

}  // namespace perdure::runtime
