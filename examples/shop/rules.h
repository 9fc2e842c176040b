#pragma once

/// What all entities of the shop refuse: names that are empty, quantities of nothing, and sums that
/// do not fit.

#include <cstdint>
#include <string>
#include <string_view>

#include <perdure/entity.h>

namespace shop {

/// Refuses an empty name; `what` says whose name it is, e.g. "sku".
inline void require_name(std::string_view name, std::string_view what) {
  if (name.empty()) throw perdure::rejected("the " + std::string(what) + " is empty");
}

/// Refuses a quantity of zero.
inline void require_quantity(std::uint32_t quantity) {
  if (quantity == 0) throw perdure::rejected("the quantity is 0; it must be at least 1");
}

/// Refuses an amount of zero or less.
inline void require_amount(std::int64_t cents) {
  if (cents <= 0) {
    throw perdure::rejected("the amount must be positive, and is " + std::to_string(cents) +
                            " cents");
  }
}

/// Returns a + b, or refuses when that does not fit.
template <class Number>
Number sum(Number a, Number b, std::string_view what) {
  Number total;
  if (__builtin_add_overflow(a, b, &total)) {
    throw perdure::rejected("the " + std::string(what) + " would become too large");
  }
  return total;
}

/// Returns a * b as cents, or refuses when that does not fit.
inline std::int64_t product(std::int64_t cents, std::uint32_t quantity) {
  std::int64_t total;
  if (__builtin_mul_overflow(cents, static_cast<std::int64_t>(quantity), &total)) {
    throw perdure::rejected("the price would become too large");
  }
  return total;
}

}  // namespace shop
