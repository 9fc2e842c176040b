#include "entities/json_scalars.h"

#include <kj/encoding.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

namespace perdure::core {

namespace {

using json = json_value::kind;

}  // namespace

void refuse(const json_path& at, const std::string& what) {
  auto path = at.text();
  throw refusal{path.empty() ? what : path + ": " + what};
}

void refuse_value(const json_path& at, const std::string& expected, const json_value& got) {
  refuse(at, "expected " + expected + ", got " + got.describe());
}

template <class T>
T read_integer(const json_value& from, const json_path& at) {
  T number{};
  auto first = from.text.data(), last = first + from.text.size();
  bool may_be = from.is(json::number) || (from.is(json::text) && is_json_number(from.text));
  // from_chars knows no sign on unsigned numbers; -0 is 0.
  if (may_be && from.text == "-0") return 0;
  auto [end, status] = std::from_chars(first, last, number);
  if (!may_be || status != std::errc{} || end != last) {
    refuse_value(at,
                 "an integer from " + std::to_string(std::numeric_limits<T>::min()) + " to " +
                     std::to_string(std::numeric_limits<T>::max()),
                 from);
  }
  return number;
}

template <class T>
T read_floating(const json_value& from, const json_path& at) {
  using limits = std::numeric_limits<T>;
  if (from.is(json::text)) {
    if (from.text == "NaN") return limits::quiet_NaN();
    if (from.text == "Infinity") return limits::infinity();
    if (from.text == "-Infinity") return -limits::infinity();
  }
  if (from.is(json::number) || (from.is(json::text) && is_json_number(from.text))) {
    T number{};
    auto last = from.text.data() + from.text.size();
    auto [end, status] = std::from_chars(from.text.data(), last, number);
    if (status == std::errc{} && end == last) return number;
    // Too small to be told from 0 is near enough to it; too large is refused.
    double wide = 0;
    auto in_double = std::from_chars(from.text.data(), last, wide);
    if (in_double.ec == std::errc{} && std::fabs(wide) < 1) return static_cast<T>(wide);
    if (in_double.ec != std::errc{} && from.text.find("e-") != from.text.npos) return T{0};
    refuse_value(at, sizeof(T) == 4 ? "a number that fits Float32" : "a number that fits Float64",
                 from);
  }
  refuse_value(at, "a number, \"NaN\", \"Infinity\" or \"-Infinity\"", from);
}

std::uint16_t read_enum(capnp::EnumSchema type, const json_value& from, const json_path& at) {
  if (from.is(json::text)) {
    KJ_IF_MAYBE (found, type.findEnumerantByName(from.text.c_str())) {
      return found->getOrdinal();
    }
  }
  // Values of newer contracts are written as numbers.
  if (from.is(json::number)) return read_integer<std::uint16_t>(from, at);
  std::string names;
  for (auto known : type.getEnumerants()) {
    names += (names.empty() ? "\"" : ", \"") + std::string(known.getProto().getName().cStr()) + '"';
  }
  refuse_value(at, "one of " + names, from);
}

kj::Array<kj::byte> read_base64(const json_value& from, const json_path& at) {
  constexpr auto expected = "bytes as base64";
  if (!from.is(json::text)) refuse_value(at, expected, from);
  auto& text = from.text;
  // kj passes over what is not base64, so that is looked at here.
  auto padding = text.size() - std::min(text.find('='), text.size());
  auto known = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '/';
  };
  bool valid =
      text.size() % 4 == 0 && padding <= 2 &&
      std::all_of(text.begin(), text.end() - static_cast<std::ptrdiff_t>(padding), known) &&
      std::all_of(text.end() - static_cast<std::ptrdiff_t>(padding), text.end(),
                  [](char c) { return c == '='; });
  if (!valid) refuse_value(at, expected, from);
  return kj::decodeBase64(kj::arrayPtr(text.data(), text.size()));
}

bool read_boolean(const json_value& from, const json_path& at) {
  if (!from.is(json::boolean)) refuse_value(at, "true or false", from);
  return from.boolean;
}

template std::int8_t read_integer(const json_value&, const json_path&);
template std::int16_t read_integer(const json_value&, const json_path&);
template std::int32_t read_integer(const json_value&, const json_path&);
template std::int64_t read_integer(const json_value&, const json_path&);
template std::uint8_t read_integer(const json_value&, const json_path&);
template std::uint16_t read_integer(const json_value&, const json_path&);
template std::uint32_t read_integer(const json_value&, const json_path&);
template std::uint64_t read_integer(const json_value&, const json_path&);
template float read_floating(const json_value&, const json_path&);
template double read_floating(const json_value&, const json_path&);

}  // namespace perdure::core
