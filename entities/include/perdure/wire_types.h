#pragma once

/// What the codec runtime knows of the types of fields. Internal to generated sources.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <perdure/value.h>

namespace perdure::wire {

static_assert(std::endian::native == std::endian::little,
              "payloads are read and written in place, as little-endian words");

template <class T>
concept number = std::is_arithmetic_v<T> || std::is_enum_v<T>;

template <class T>
concept structure = requires { codec<T>::schema; };

namespace detail {

template <std::size_t Size>
struct bits;
template <>
struct bits<1> {
  using type = std::uint8_t;
};
template <>
struct bits<2> {
  using type = std::uint16_t;
};
template <>
struct bits<4> {
  using type = std::uint32_t;
};
template <>
struct bits<8> {
  using type = std::uint64_t;
};

}  // namespace detail

/// The unsigned integer that holds a number's bits.
template <number T>
using bits_of = typename detail::bits<sizeof(T)>::type;

}  // namespace perdure::wire
