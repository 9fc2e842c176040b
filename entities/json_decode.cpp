#include "entities/json_decode.h"

#include <capnp/message.h>
#include <kj/encoding.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

#include "entities/payload.h"
#include "entities/payload_reader.h"

namespace perdure::core {

namespace {

using json = json_value::kind;
using kind = capnp::schema::Type::Which;

/// Where a value stands, for messages: a chain from the value to the root.
struct json_path {
  const json_path* outer = nullptr;
  std::string_view name;  ///< Empty: an element.
  std::size_t index = 0;

  std::string text() const {
    if (!outer) return "";
    auto before = outer->text();
    if (name.empty()) return before + '[' + std::to_string(index) + ']';
    return before.empty() ? std::string(name) : before + '.' + std::string(name);
  }
};

/// What is wrong with a value; becomes an error at the edge.
struct refusal {
  std::string detail;
};

[[noreturn]] void refuse(const json_path& at, const std::string& what) {
  auto path = at.text();
  throw refusal{path.empty() ? what : path + ": " + what};
}

[[noreturn]] void refuse_value(const json_path& at, const std::string& expected,
                               const json_value& got) {
  refuse(at, "expected " + expected + ", got " + got.describe());
}

// -- numbers, enums and bytes --------------------------------------------------------------------

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

// -- structs and lists ---------------------------------------------------------------------------

/// Whether a struct is all defaults, so that nothing is left of it in the canonical form.
bool is_blank(capnp::AnyStruct::Reader content) {
  for (auto byte : content.getDataSection()) {
    if (byte != 0) return false;
  }
  for (auto pointer : content.getPointerSection()) {
    if (!pointer.isNull()) return false;
  }
  return true;
}

class decoder {
public:
  explicit decoder(const json_schemas& schemas) : schemas_(schemas) {}

  void read_struct(const json_struct& type, const json_value& from, const json_path& at,
                   capnp::DynamicStruct::Builder into) {
    if (!from.is(json::object)) refuse_value(at, "an object", from);
    std::vector<bool> seen(type.fields.size());
    const json_field* chosen = nullptr;
    std::size_t next = 0;
    for (std::size_t i = 0; i < from.names.size(); ++i) {
      json_path here{&at, from.names[i]};
      next = type.find(from.names[i], next);
      if (next == type.fields.size()) refuse_unknown(type, here);
      if (seen[next]) refuse(here, "given twice");
      seen[next] = true;
      auto& field = type.fields[next++];
      if (field.in_union) {
        if (chosen) {
          refuse(at, "expected one member of a union, got " + chosen->name + " and " + field.name);
        }
        chosen = &field;
      }
      read_field(field, from.elements[i], here, into);
    }
  }

private:
  [[noreturn]] static void refuse_unknown(const json_struct& type, const json_path& at) {
    std::string names;
    for (auto& field : type.fields) names += (names.empty() ? "" : ", ") + field.name;
    refuse(at, "unknown field; " +
                   (names.empty() ? std::string("there are none") : "there are: " + names));
  }

  void read_field(const json_field& field, const json_value& from, const json_path& at,
                  capnp::DynamicStruct::Builder into) {
    if (field.is_group) {
      read_struct(*field.target, from, at, into.init(field.schema).as<capnp::DynamicStruct>());
    } else if (field.nullable && from.is(json::null)) {
      into.clear(field.schema);
    } else if (field.type.isText() || field.type.isData() || field.type.isList() ||
               field.type.isStruct()) {
      read_pointer(field, from, at, into);
    } else {
      into.set(field.schema, read_value(field.type, from, at));
    }
  }

  /// Reads what stands behind a pointer; what equals the default leaves it null.
  void read_pointer(const json_field& field, const json_value& from, const json_path& at,
                    capnp::DynamicStruct::Builder into) {
    if (field.type.isStruct()) {
      read_struct(*field.target, from, at, into.init(field.schema).as<capnp::DynamicStruct>());
    } else if (field.type.isList()) {
      auto size = list_size(from, at);
      read_list(field.type.asList(), from, at,
                into.init(field.schema, size).as<capnp::DynamicList>());
    } else if (field.type.isText()) {
      into.set(field.schema, text_of(from, at));
    } else {
      auto data = read_base64(from, at);
      into.set(field.schema, capnp::Data::Reader(data.begin(), data.size()));
    }
    if (!field.nullable && is_default(field, into.asReader())) into.clear(field.schema);
  }

  static bool is_default(const json_field& field, capnp::DynamicStruct::Reader owner) {
    auto slot = field.schema.getProto().getSlot();
    auto value = capnp::AnyStruct::Reader(owner).getPointerSection()[slot.getOffset()];
    auto fallback = slot.getDefaultValue();
    switch (field.type.which()) {
      case kind::TEXT:
        return value.getAs<capnp::Text>() == fallback.getText();
      case kind::DATA:
        return value.getAs<capnp::Data>() == fallback.getData();
      case kind::LIST:
        if (fallback.getList().isNull()) return value.getAs<capnp::AnyList>().size() == 0;
        return value == fallback.getList();
      default:
        if (fallback.getStruct().isNull()) return is_blank(value.getAs<capnp::AnyStruct>());
        return value == fallback.getStruct();
    }
  }

  static capnp::Text::Reader text_of(const json_value& from, const json_path& at) {
    if (!from.is(json::text)) refuse_value(at, "a text", from);
    return capnp::Text::Reader(from.text.c_str(), from.text.size());
  }

  static unsigned list_size(const json_value& from, const json_path& at) {
    if (!from.is(json::array)) refuse_value(at, "a list", from);
    return static_cast<unsigned>(from.elements.size());
  }

  void read_list(capnp::ListSchema type, const json_value& from, const json_path& at,
                 capnp::DynamicList::Builder into) {
    auto element = type.getElementType();
    std::size_t blank = 0;
    for (unsigned i = 0; i < into.size(); ++i) {
      json_path here{&at, {}, i};
      auto& value = from.elements[i];
      if (element.isStruct()) {
        auto target = into[i].as<capnp::DynamicStruct>();
        read_struct(schemas_.of(element.asStruct()), value, here, target);
        blank += is_blank(capnp::AnyStruct::Reader(target.asReader()));
      } else if (element.isList()) {
        // An empty element is a null pointer, as the other encoder writes it.
        if (auto size = list_size(value, here); size > 0) {
          read_list(element.asList(), value, here, into.init(i, size).as<capnp::DynamicList>());
        }
      } else if (element.isText()) {
        if (auto text = text_of(value, here); text.size() > 0) into.set(i, text);
      } else if (element.isData()) {
        auto data = read_base64(value, here);
        if (data.size() > 0) into.set(i, capnp::Data::Reader(data.begin(), data.size()));
      } else {
        into.set(i, read_value(element, value, here));
      }
    }
    if (blank == into.size()) empty_elements_ += blank;
    if (empty_elements_ > empty_elements_max) {
      refuse(at, "more than 65536 elements without content");
    }
  }

  static capnp::DynamicValue::Reader read_value(capnp::Type type, const json_value& from,
                                                const json_path& at) {
    switch (type.which()) {
      case kind::VOID:
        if (!from.is(json::null)) refuse_value(at, "null", from);
        return capnp::VOID;
      case kind::BOOL:
        if (!from.is(json::boolean)) refuse_value(at, "true or false", from);
        return from.boolean;
      case kind::INT8:
        return read_integer<std::int8_t>(from, at);
      case kind::INT16:
        return read_integer<std::int16_t>(from, at);
      case kind::INT32:
        return read_integer<std::int32_t>(from, at);
      case kind::INT64:
        return read_integer<std::int64_t>(from, at);
      case kind::UINT8:
        return read_integer<std::uint8_t>(from, at);
      case kind::UINT16:
        return read_integer<std::uint16_t>(from, at);
      case kind::UINT32:
        return read_integer<std::uint32_t>(from, at);
      case kind::UINT64:
        return read_integer<std::uint64_t>(from, at);
      case kind::FLOAT32:
        return read_floating<float>(from, at);
      case kind::FLOAT64:
        return read_floating<double>(from, at);
      case kind::ENUM:
        return capnp::DynamicEnum(type.asEnum(), read_enum(type.asEnum(), from, at));
      default:
        break;
    }
    refuse(at, "a field of this type cannot be given");
  }

  const json_schemas& schemas_;
  std::size_t empty_elements_ = 0;
};

}  // namespace

result<bytes> decode_json(const json_schemas& schemas, const json_struct& type,
                          const json_value& from) {
  try {
    capnp::word scratch[256] = {};
    capnp::MallocMessageBuilder message(kj::arrayPtr(scratch, 256));
    auto root = message.initRoot<capnp::DynamicStruct>(type.schema);
    decoder{schemas}.read_struct(type, from, json_path{}, root);
    return to_payload(capnp::AnyStruct::Reader(root.asReader()).canonicalize());
  } catch (const refusal& why) {
    return error{errc::malformed, why.detail};
  } catch (const kj::Exception& why) {
    return error{errc::malformed, "cannot be encoded: " + to_text(why)};
  }
}

result<json_value> parameter_value(const json_field& field, const std::string& text) {
  json_value value;
  switch (field.type.which()) {
    case kind::LIST:
    case kind::STRUCT:
    case kind::VOID: {
      auto parsed = parse_json(text);
      if (!parsed) return error{errc::malformed, field.name + ": " + parsed.error().detail};
      return parsed;
    }
    case kind::BOOL:
      if (text == "true" || text == "false") {
        value.what = json::boolean;
        value.boolean = text == "true";
        return value;
      }
      break;
    default:
      break;
  }
  for (std::string_view rest = text; !rest.empty();) {
    auto length = utf8_length(rest);
    if (length == 0) return error{errc::malformed, field.name + ": expected valid UTF-8"};
    rest.remove_prefix(length);
  }
  value.what = json::text;
  value.text = text;
  return value;
}

}  // namespace perdure::core
