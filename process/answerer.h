#pragma once

/// The way back to whoever asked from outside: used once, from any thread, whatever happens.

#include <utility>

#include <perdure/call.h>

namespace perdure::process {

/// Counts what is under way: told when an answerer has been used or dropped.
class landing {
public:
  virtual ~landing() = default;
  virtual void landed() noexcept = 0;
};

class answerer {
public:
  answerer() = default;
  answerer(completion done, landing* counted = nullptr)
      : done_(std::move(done)), counted_(counted) {}
  answerer(answerer&& other) noexcept
      : done_(std::exchange(other.done_, {})), counted_(std::exchange(other.counted_, nullptr)) {}
  answerer& operator=(answerer&& other) noexcept {
    std::swap(done_, other.done_);
    std::swap(counted_, other.counted_);
    return *this;
  }
  /// Whoever asks is answered even where the question was lost to a bug.
  ~answerer() {
    if (done_) (*this)(error{errc::internal, "the entity was put aside before it answered"});
    land();
  }

  /// Whether it is still to be used.
  explicit operator bool() const { return static_cast<bool>(done_); }

  /// Answers. At most once.
  void operator()(result<answer> what) {
    land();
    std::exchange(done_, {})(std::move(what));
  }

private:
  void land() {
    if (auto* counted = std::exchange(counted_, nullptr)) counted->landed();
  }

  completion done_;
  landing* counted_ = nullptr;
};

}  // namespace perdure::process
