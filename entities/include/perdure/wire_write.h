#pragma once

/// Writes values as payloads. Internal to generated sources.
///
/// Writing is our own, because Cap'n Proto's builders size a struct before its content is known,
/// whereas the canonical form trims it by its content. It follows these rules, of which the first
/// two are Cap'n Proto's canonical form and the third makes equal values equal bytes:
/// - objects lie in preorder in one segment, elements of a struct list before what they point to;
/// - trailing zero data words and null pointers of a struct are cut off; the elements of a struct
///   list are cut to the largest of them;
/// - a pointer field that is equal to its default is null.

#include <algorithm>
#include <bit>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include <perdure/boxed.h>
#include <perdure/value.h>
#include <perdure/wire_types.h>

namespace perdure::wire {

template <class T>
bool is_set(const T& value);

/// The data section of one struct being written, and which of its pointers are in use.
class section {
public:
  /// REQUIRES: `words` are zero and outlive the section.
  explicit section(std::uint64_t* words) : words_(words) {}

  /// Sets a number. `offset` counts in its own size, as in Cap'n Proto's schemas.
  template <number T>
  void set(std::uint32_t offset, T value, std::type_identity_t<T> fallback = T{}) {
    auto bits = static_cast<bits_of<T>>(std::bit_cast<bits_of<T>>(value) ^
                                        std::bit_cast<bits_of<T>>(fallback));
    std::memcpy(reinterpret_cast<std::byte*>(words_) + offset * sizeof(T), &bits, sizeof(T));
  }
  void set(std::uint32_t offset, bool value, bool fallback = false) {
    if (value != fallback) words_[offset / 64] |= std::uint64_t{1} << (offset % 64);
  }

  /// Notes whether a pointer is in use. With `fallback`: where the value differs from it.
  template <class T>
  void point(std::uint32_t index, const T& value) {
    if (pointers_ <= index && is_set(value)) pointers_ = index + 1;
  }
  template <class T, class Fallback>
  void point(std::uint32_t index, const T& value, const Fallback& fallback) {
    if (pointers_ <= index && !(value == fallback)) pointers_ = index + 1;
  }

  /// Returns the struct's sizes without trailing zero words and null pointers.
  shape used(std::size_t words) const {
    while (words > 0 && words_[words - 1] == 0) --words;
    return {static_cast<std::uint16_t>(words), static_cast<std::uint16_t>(pointers_)};
  }

  const std::uint64_t* words() const { return words_; }

private:
  std::uint64_t* words_;
  std::uint32_t pointers_ = 0;
};

/// A struct's data section, measured.
template <structure T>
struct measured {
  static constexpr std::size_t size = codec<T>::size.data;

  explicit measured(const T& value) { codec<T>::measure(value, content); }
  measured(const measured&) = delete;
  measured& operator=(const measured&) = delete;

  shape used() const { return content.used(size); }

  std::uint64_t words[size == 0 ? 1 : size] = {};
  section content{words};
};

/// The message being written: words, growing at the end.
class arena {
public:
  /// Counts the levels of nesting while it lives, by Cap'n Proto's rules: what readers would refuse
  /// as too deep is not written.
  class level {
  public:
    level(arena& to, unsigned depth);
    ~level() { arena_.depth_ -= depth_; }
    level(const level&) = delete;
    level& operator=(const level&) = delete;

  private:
    arena& arena_;
    unsigned depth_;
  };

  /// Takes over this thread's scratch memory; one message is written at a time.
  arena();
  ~arena();
  arena(const arena&) = delete;
  arena& operator=(const arena&) = delete;

  /// Appends `words` zero words and returns the place of the first.
  std::size_t allocate(std::size_t words);
  std::uint64_t* at(std::size_t place) { return words_.data() + place; }

  /// Sets the pointer at `slot` to a struct at `target`.
  void point_to_struct(std::size_t slot, std::size_t target, shape size);
  /// Sets the pointer at `slot` to a list; `width` is Cap'n Proto's ElementSize.
  void point_to_list(std::size_t slot, std::size_t target, unsigned width, std::size_t count);
  /// Allocates a list of structs with its tag and returns the place of its first element.
  std::size_t list_of_structs(std::size_t slot, shape size, std::size_t count);
  /// Writes a list of bytes, with a zero byte behind it when `is_text`.
  void blob(std::size_t slot, const void* data, std::size_t size, bool is_text);
  /// Writes a list of numbers of 1, 2, 4 or 8 bytes.
  void numbers(std::size_t slot, const void* data, std::size_t count, std::size_t size);
  void booleans(std::size_t slot, const std::vector<bool>& values);

  /// Returns the payload: segment table and words.
  bytes finish() const;

private:
  std::vector<std::uint64_t> words_;
  std::size_t empty_elements_ = 0;
  unsigned depth_ = 0;
};

template <structure T>
void put(arena& to, std::size_t slot, const T& value);
void put(arena& to, std::size_t slot, const std::string& value);
void put(arena& to, std::size_t slot, const bytes& value);
void put(arena& to, std::size_t slot, const std::vector<bool>& values);
template <class T>
void put(arena& to, std::size_t slot, const std::vector<T>& values);
template <class T>
void put(arena& to, std::size_t slot, const std::optional<T>& value);
template <class T>
void put(arena& to, std::size_t slot, const boxed<T>& value);

/// The pointer section of one struct being written.
class pointers {
public:
  pointers(arena& to, std::size_t first) : arena_(to), first_(first) {}

  /// Writes what pointer `index` points to, unless it is the default.
  template <class T>
  void put(std::uint32_t index, const T& value) {
    if (is_set(value)) wire::put(arena_, first_ + index, value);
  }
  template <class T, class Fallback>
  void put(std::uint32_t index, const T& value, const Fallback& fallback) {
    if (!(value == fallback)) wire::put(arena_, first_ + index, value);
  }

private:
  arena& arena_;
  std::size_t first_;
};

template <class T>
bool is_set(const T& value) {
  if constexpr (structure<T>) {
    auto used = measured<T>(value).used();
    return used.data != 0 || used.pointers != 0;
  } else if constexpr (requires { value.has_value(); }) {
    return value.has_value();
  } else {
    return !value.empty();
  }
}

/// Writes data and pointers of a measured struct at `place`.
template <structure T>
void fill(arena& to, std::size_t place, const T& value, const measured<T>& parts, shape room) {
  std::memcpy(to.at(place), parts.words, std::size_t{room.data} * 8);
  if (parts.used().pointers == 0) return;
  pointers links{to, place + room.data};
  codec<T>::write(value, links);
}

template <structure T>
void put(arena& to, std::size_t slot, const T& value) {
  arena::level struct_level{to, 1};
  measured<T> parts{value};
  auto size = parts.used();
  auto place = to.allocate(std::size_t{size.data} + size.pointers);
  to.point_to_struct(slot, place, size);
  fill(to, place, value, parts, size);
}

template <structure T>
void put_structs(arena& to, std::size_t slot, const std::vector<T>& values) {
  arena::level list_and_element{to, 2};
  shape size;
  for (auto& value : values) {
    auto used = measured<T>(value).used();
    size.data = std::max(size.data, used.data);
    size.pointers = std::max(size.pointers, used.pointers);
  }
  auto step = std::size_t{size.data} + size.pointers;
  auto place = to.list_of_structs(slot, size, values.size());
  for (auto& value : values) {
    fill(to, place, value, measured<T>(value), size);
    place += step;
  }
}

template <class T>
void put(arena& to, std::size_t slot, const std::vector<T>& values) {
  if constexpr (structure<T>) {
    put_structs(to, slot, values);
  } else if constexpr (number<T>) {
    to.numbers(slot, values.data(), values.size(), sizeof(T));
  } else {
    constexpr unsigned pointer_width = 6;
    arena::level list_level{to, 1};
    auto place = to.allocate(values.size());
    to.point_to_list(slot, place, pointer_width, values.size());
    for (auto& value : values) {
      // An element has no default of its own but the empty one.
      if (is_set(value)) put(to, place, value);
      ++place;
    }
  }
}

template <class T>
void put(arena& to, std::size_t slot, const std::optional<T>& value) {
  put(to, slot, *value);
}

template <class T>
void put(arena& to, std::size_t slot, const boxed<T>& value) {
  put(to, slot, *value);
}

template <structure T>
bytes encode(const T& value) {
  arena to;
  put(to, to.allocate(1), value);
  return to.finish();
}

}  // namespace perdure::wire
