#include <perdure/codec.h>

#include <kj/debug.h>

#include <limits>
#include <stdexcept>

#include "entities/payload_reader.h"

namespace perdure {

bytes empty_payload() {
  wire::arena to;
  to.point_to_struct(to.allocate(1), 1, {});
  return to.finish();
}

namespace wire {

namespace {

/// Counts of elements have 29 bits, and so have the words of a message of ours.
constexpr std::size_t count_max = (std::size_t{1} << 29) - 1;

/// More scratch memory than this is not kept for the next message.
constexpr std::size_t scratch_words_max = 32 * 1024;

thread_local std::vector<std::uint64_t> scratch;

[[noreturn]] void too_large(const char* what) {
  throw failure{error{errc::too_large, std::string("a payload holds at most ") + what}};
}

void check_count(std::size_t count) {
  if (count > count_max) too_large("536870911 elements in one list");
}

std::uint64_t offset_bits(std::size_t slot, std::size_t target) {
  auto offset = static_cast<std::int64_t>(target) - static_cast<std::int64_t>(slot) - 1;
  return static_cast<std::uint32_t>(offset) << 2;
}

}  // namespace

// -- writing -------------------------------------------------------------------------------------

arena::arena() : words_(std::move(scratch)) {
  words_.clear();
  // The segment table is filled in at the end.
  words_.push_back(0);
}

arena::~arena() {
  if (words_.capacity() <= scratch_words_max) scratch = std::move(words_);
}

arena::level::level(arena& to, unsigned depth) : arena_(to), depth_(depth) {
  if (to.depth_ + depth > core::nesting_max) too_large("64 levels of nested structs and lists");
  to.depth_ += depth;
}

std::size_t arena::allocate(std::size_t words) {
  auto place = words_.size();
  if (words > count_max - place) too_large("536870911 words");
  words_.resize(place + words);
  return place;
}

void arena::point_to_struct(std::size_t slot, std::size_t target, shape size) {
  // A struct without content points to itself: all zeros would be a null pointer.
  if (size.data == 0 && size.pointers == 0) target = slot;
  words_[slot] = offset_bits(slot, target) | std::uint64_t{size.data} << 32 |
                 std::uint64_t{size.pointers} << 48;
}

void arena::point_to_list(std::size_t slot, std::size_t target, unsigned width, std::size_t count) {
  check_count(count);
  words_[slot] = offset_bits(slot, target) | 1 | std::uint64_t{width} << 32 | count << 35;
}

std::size_t arena::list_of_structs(std::size_t slot, shape size, std::size_t count) {
  constexpr unsigned composite = 7;
  check_count(count);
  auto step = std::size_t{size.data} + size.pointers;
  if (step == 0) empty_elements_ += count;
  if (empty_elements_ > core::empty_elements_max) too_large("65536 list elements without content");
  auto tag = allocate(1 + step * count);
  point_to_list(slot, tag, composite, step * count);
  words_[tag] = count << 2 | std::uint64_t{size.data} << 32 | std::uint64_t{size.pointers} << 48;
  return tag + 1;
}

void arena::blob(std::size_t slot, const void* data, std::size_t size, bool is_text) {
  constexpr unsigned byte_width = 2;
  auto count = size + (is_text ? 1 : 0);
  check_count(count);
  auto place = allocate((count + 7) / 8);
  point_to_list(slot, place, byte_width, count);
  if (size > 0) std::memcpy(at(place), data, size);
}

void arena::numbers(std::size_t slot, const void* data, std::size_t count, std::size_t size) {
  auto width = static_cast<unsigned>(std::countr_zero(size)) + 2;
  check_count(count);
  auto place = allocate((count * size + 7) / 8);
  point_to_list(slot, place, width, count);
  if (count > 0) std::memcpy(at(place), data, count * size);
}

void arena::booleans(std::size_t slot, const std::vector<bool>& values) {
  constexpr unsigned bit_width = 1;
  check_count(values.size());
  auto place = allocate((values.size() + 63) / 64);
  point_to_list(slot, place, bit_width, values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i]) *at(place + i / 64) |= std::uint64_t{1} << (i % 64);
  }
}

bytes arena::finish() const {
  auto first = reinterpret_cast<const std::byte*>(words_.data());
  bytes payload(first, first + words_.size() * sizeof(std::uint64_t));
  auto segment_words = static_cast<std::uint32_t>(words_.size() - 1);
  std::memcpy(payload.data() + 4, &segment_words, sizeof(segment_words));
  return payload;
}

void put(arena& to, std::size_t slot, const std::string& value) {
  to.blob(slot, value.data(), value.size(), true);
}

void put(arena& to, std::size_t slot, const bytes& value) {
  to.blob(slot, value.data(), value.size(), false);
}

void put(arena& to, std::size_t slot, const std::vector<bool>& values) {
  to.booleans(slot, values);
}

// -- reading -------------------------------------------------------------------------------------

void get_text(pointer from, std::string& into) {
  auto text = from.getAs<capnp::Text>();
  into.assign(text.begin(), text.size());
}

void get_data(pointer from, bytes& into) {
  auto data = from.getAs<capnp::Data>();
  auto first = reinterpret_cast<const std::byte*>(data.begin());
  into.assign(first, first + data.size());
}

void get_booleans(pointer from, std::vector<bool>& into) {
  auto list = from.getAs<capnp::List<bool>>();
  into.resize(list.size());
  for (unsigned i = 0; i < list.size(); ++i) into[i] = list[i];
}

capnp::List<capnp::AnyStruct>::Reader list_of_structs(pointer from) {
  auto list = from.getAs<capnp::AnyList>();
  KJ_REQUIRE(list.getElementSize() != capnp::ElementSize::BIT,
             "Found a list of bits where a list of structs or pointers was expected.");
  return list.as<capnp::List<capnp::AnyStruct>>();
}

void open(bytes_view payload, void (*read)(const reader& root, void* into), void* into) {
  try {
    core::payload_reader opened{payload};
    read(reader{opened.message().getRoot<capnp::AnyStruct>()}, into);
  } catch (const kj::Exception& why) {
    throw failure{error{errc::malformed, "damaged payload: " + core::to_text(why)}};
  }
}

pointer root_of(const std::uint64_t* words) {
  return capnp::readMessageUnchecked<capnp::AnyPointer>(
      reinterpret_cast<const capnp::word*>(words));
}

void unknown_member(std::string_view name, std::uint16_t number) {
  throw failure{
      error{errc::malformed, std::string(name) + ": member " + std::to_string(number) +
                                 " of this union is not in this version of the contract"}};
}

// -- entities, clients and activities ------------------------------------------------------------

void not_in_contract(std::string_view contract, std::string_view method) {
  throw std::logic_error(std::string(contract) + " has no method " + std::string(method) +
                         " of this kind: the method comes from another contract");
}

void not_a_signal(std::string_view contract, std::string_view reminder) {
  throw std::logic_error(
      "reminder \"" + std::string(reminder) +
      "\": a reminder calls one of the contract's signals; this member function is "
      "none of the signals of " +
      std::string(contract));
}

}  // namespace wire
}  // namespace perdure
