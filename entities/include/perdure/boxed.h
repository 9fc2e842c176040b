#pragma once

/// `boxed<T>`: one T or none, on the heap, with the semantics of a value. Copying copies the T,
/// comparing compares it. It stands in generated structs where a struct contains itself, so T may
/// be incomplete where `boxed<T>` is named.

#include <cstddef>
#include <memory>
#include <utility>

namespace perdure {

template <class T>
class boxed {
public:
  boxed() = default;
  boxed(std::nullptr_t) {}
  boxed(T value) : value_(std::make_unique<T>(std::move(value))) {}
  boxed(const boxed& other) : value_(other.value_ ? std::make_unique<T>(*other.value_) : nullptr) {}
  boxed(boxed&& other) noexcept = default;
  boxed& operator=(const boxed& other) {
    if (this != &other) *this = boxed(other);
    return *this;
  }
  boxed& operator=(boxed&& other) noexcept = default;
  ~boxed() = default;

  bool has_value() const { return value_ != nullptr; }
  explicit operator bool() const { return has_value(); }

  /// REQUIRES: has_value().
  T& operator*() { return *value_; }
  const T& operator*() const { return *value_; }
  T* operator->() { return value_.get(); }
  const T* operator->() const { return value_.get(); }

  /// Replaces what is held by a T made of `args`, and returns it.
  template <class... Args>
  T& emplace(Args&&... args) {
    value_ = std::make_unique<T>(T{std::forward<Args>(args)...});
    return *value_;
  }
  void reset() { value_.reset(); }

  friend bool operator==(const boxed& a, const boxed& b) {
    return a.has_value() && b.has_value() ? *a == *b : a.has_value() == b.has_value();
  }

private:
  std::unique_ptr<T> value_;
};

}  // namespace perdure
