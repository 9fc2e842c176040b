#include "entities/json_decode.h"

#include <capnp/message.h>

#include "entities/json_scalars.h"
#include "entities/payload_reader.h"

namespace perdure::core {

namespace {

using json = json_value::kind;
using kind = capnp::schema::Type::Which;

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
        return read_boolean(from, at);
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
