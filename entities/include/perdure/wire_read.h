#pragma once

/// Reads values from payloads. Internal to generated sources.
///
/// Cap'n Proto's readers check every pointer, the depth and the amount traversed. A payload may be
/// older or newer than the contract: structs are read as far as they reach, the rest is default.

#include <perdure/capnp_compat.h>
// The compatibility header comes first.
#include <capnp/any.h>

#include <bit>
#include <cstring>
#include <string>
#include <type_traits>
#include <vector>

#include <perdure/value.h>
#include <perdure/wire_types.h>

namespace perdure::wire {

using pointer = capnp::AnyPointer::Reader;

template <class T>
void get(pointer from, T& into);

/// One struct being read. It may be shorter than the contract knows it, or longer.
class reader {
public:
  explicit reader(capnp::AnyStruct::Reader from)
      : data_(from.getDataSection()), pointers_(from.getPointerSection()) {}

  /// Reads a number; its default where the payload does not reach.
  template <number T>
  void number_at(std::uint32_t offset, T& into, std::type_identity_t<T> fallback = T{}) const {
    bits_of<T> bits = 0;
    auto place = std::size_t{offset} * sizeof(T);
    if (place + sizeof(T) <= data_.size()) std::memcpy(&bits, data_.begin() + place, sizeof(T));
    bits ^= std::bit_cast<bits_of<T>>(fallback);
    into = std::bit_cast<T>(bits);
  }
  void number_at(std::uint32_t offset, bool& into, bool fallback = false) const {
    auto byte = offset / 8;
    bool bit = byte < data_.size() && (data_[byte] >> (offset % 8) & 1) != 0;
    into = bit != fallback;
  }

  /// Reads which member of a union is set.
  std::uint16_t tag_at(std::uint32_t offset) const {
    std::uint16_t tag = 0;
    number_at(offset, tag);
    return tag;
  }

  /// Reads what pointer `index` points to. Leaves `into` as it is, its default, where it is null.
  template <class T>
  void get(std::uint32_t index, T& into) const {
    if (index >= pointers_.size()) return;
    if (auto from = pointers_[index]; !from.isNull()) wire::get(from, into);
  }

  /// The same for a struct whose default in its owner is not its type's own.
  template <structure T>
  void get_anew(std::uint32_t index, T& into) const {
    if (index >= pointers_.size() || pointers_[index].isNull()) return;
    into = T{};
    wire::get(pointers_[index], into);
  }

private:
  kj::ArrayPtr<const kj::byte> data_;
  capnp::List<capnp::AnyPointer>::Reader pointers_;
};

void get_text(pointer from, std::string& into);
void get_data(pointer from, bytes& into);
void get_booleans(pointer from, std::vector<bool>& into);

/// Returns a list's elements as structs; of a list of pointers, each a struct of one pointer.
capnp::List<capnp::AnyStruct>::Reader list_of_structs(pointer from);

namespace detail {

template <class T>
void get_list(pointer from, std::vector<T>& into) {
  if constexpr (structure<T>) {
    auto list = list_of_structs(from);
    into.assign(list.size(), T{});
    for (unsigned i = 0; i < list.size(); ++i) codec<T>::read(reader{list[i]}, into[i]);
  } else if constexpr (number<T>) {
    using stored = std::conditional_t<std::is_enum_v<T>, bits_of<T>, T>;
    auto list = from.getAs<capnp::List<stored>>();
    into.resize(list.size());
    for (unsigned i = 0; i < list.size(); ++i) into[i] = static_cast<T>(list[i]);
  } else {
    // A pointer, which a newer contract may have made the first of a struct.
    auto list = list_of_structs(from);
    into.assign(list.size(), T{});
    for (unsigned i = 0; i < list.size(); ++i) reader{list[i]}.get(0, into[i]);
  }
}

template <class T>
struct list_of;
template <class T>
struct list_of<std::vector<T>> {
  using element = T;
};

}  // namespace detail

template <class T>
void get(pointer from, T& into) {
  if constexpr (std::is_same_v<T, std::string>) {
    get_text(from, into);
  } else if constexpr (std::is_same_v<T, bytes>) {
    get_data(from, into);
  } else if constexpr (std::is_same_v<T, std::vector<bool>>) {
    get_booleans(from, into);
  } else if constexpr (structure<T>) {
    codec<T>::read(reader{from.getAs<capnp::AnyStruct>()}, into);
  } else if constexpr (requires { into.reset(); }) {
    get(from, into.emplace());
  } else {
    detail::get_list(from, into);
  }
}

/// Opens a payload and hands its root to `read`. Throws `failure{malformed}`.
void open(bytes_view payload, void (*read)(const reader& root, void* into), void* into);

/// Throws `failure{malformed}`: the payload has a union member that the contract does not know.
[[noreturn]] void unknown_member(std::string_view name, std::uint16_t number);

/// Returns what a message of trusted words points to.
pointer root_of(const std::uint64_t* words);

/// Returns the default of a field, kept as a message.
template <class T>
T default_of(const std::uint64_t* words) {
  T value{};
  get(root_of(words), value);
  return value;
}

template <structure T>
T decode(bytes_view payload) {
  T value;
  open(
      payload, [](const reader& root, void* into) { codec<T>::read(root, *static_cast<T*>(into)); },
      &value);
  return value;
}

}  // namespace perdure::wire
