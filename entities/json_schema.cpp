#include "entities/json_schema.h"

#include <limits>

#include "entities/json_encode.h"
#include "entities/json_value.h"

namespace perdure::core {

namespace {

using kind = capnp::schema::Type::Which;

class schema_writer {
public:
  explicit schema_writer(const json_schemas& schemas) : schemas_(schemas) {}

  std::string structure(const json_struct& type) const {
    std::string properties, chosen;
    for (auto& field : type.fields) {
      if (!properties.empty()) properties += ',';
      append_json_text(properties, field.name);
      properties += ':' + this->field(field);
      if (field.in_union) chosen += (chosen.empty() ? "" : ", ") + field.name;
    }
    std::string text = R"({"type":"object","properties":{)" + properties + "}";
    if (!chosen.empty()) {
      text += ",\"description\":";
      append_json_text(text, "At most one of: " + chosen);
    }
    return text + R"(,"additionalProperties":false})";
  }

  static std::string enumeration(capnp::EnumSchema type) {
    std::string names;
    for (auto known : type.getEnumerants()) {
      if (!names.empty()) names += ',';
      append_json_text(names, known.getProto().getName().cStr());
    }
    return R"({"type":"string","enum":[)" + names + "]}";
  }

private:
  std::string field(const json_field& field) const {
    if (field.is_group) return structure(*field.target);
    auto text = type(field.type);
    if (field.nullable) return R"({"anyOf":[)" + text + R"(,{"type":"null"}]})";
    if (!field.schema.getProto().getSlot().getHadExplicitDefault()) return text;
    // Behind the type's own keywords, within its braces.
    text.pop_back();
    text += ",\"default\":";
    append_json(text, schemas_, field.type, default_of(field));
    return text + '}';
  }

  static capnp::DynamicValue::Reader default_of(const json_field& field) {
    auto value = field.schema.getProto().getSlot().getDefaultValue();
    switch (field.type.which()) {
      case kind::BOOL:
        return value.getBool();
      case kind::INT8:
        return value.getInt8();
      case kind::INT16:
        return value.getInt16();
      case kind::INT32:
        return value.getInt32();
      case kind::INT64:
        return value.getInt64();
      case kind::UINT8:
        return value.getUint8();
      case kind::UINT16:
        return value.getUint16();
      case kind::UINT32:
        return value.getUint32();
      case kind::UINT64:
        return value.getUint64();
      case kind::FLOAT32:
        return value.getFloat32();
      case kind::FLOAT64:
        return value.getFloat64();
      case kind::ENUM:
        return capnp::DynamicEnum(field.type.asEnum(), value.getEnum());
      case kind::TEXT:
        return value.getText();
      case kind::DATA:
        return value.getData();
      case kind::LIST:
        return value.getList().getAs<capnp::DynamicList>(field.type.asList());
      case kind::STRUCT:
        return value.getStruct().getAs<capnp::DynamicStruct>(field.type.asStruct());
      default:
        return capnp::VOID;
    }
  }

  template <class T>
  static std::string integer() {
    using limits = std::numeric_limits<T>;
    return R"({"type":"integer","minimum":)" + std::to_string(limits::min()) + R"(,"maximum":)" +
           std::to_string(limits::max()) + '}';
  }

  static std::string reference(capnp::Schema type) {
    std::string text = R"({"$ref":)";
    append_json_text(text, "#/components/schemas/" + json_type_name(type));
    return text + '}';
  }

  std::string type(capnp::Type type) const {
    switch (type.which()) {
      case kind::VOID:
        return R"({"type":"null"})";
      case kind::BOOL:
        return R"({"type":"boolean"})";
      case kind::INT8:
        return integer<std::int8_t>();
      case kind::INT16:
        return integer<std::int16_t>();
      case kind::INT32:
        return integer<std::int32_t>();
      case kind::UINT8:
        return integer<std::uint8_t>();
      case kind::UINT16:
        return integer<std::uint16_t>();
      case kind::UINT32:
        return integer<std::uint32_t>();
      case kind::INT64:
        return R"({"type":["string","integer"],"format":"int64","pattern":"^-?[0-9]+$"})";
      case kind::UINT64:
        return R"({"type":["string","integer"],"format":"uint64","pattern":"^[0-9]+$"})";
      case kind::FLOAT32:
        return R"({"type":["number","string"],"format":"float"})";
      case kind::FLOAT64:
        return R"({"type":["number","string"],"format":"double"})";
      case kind::TEXT:
        return R"({"type":"string"})";
      case kind::DATA:
        return R"({"type":"string","contentEncoding":"base64"})";
      case kind::LIST:
        return R"({"type":"array","items":)" + this->type(type.asList().getElementType()) + '}';
      case kind::ENUM:
        return reference(type.asEnum());
      case kind::STRUCT:
        return reference(type.asStruct());
      default:
        return "{}";
    }
  }

  const json_schemas& schemas_;
};

}  // namespace

std::string json_schema_of(const json_schemas& schemas, const json_struct& type) {
  return schema_writer{schemas}.structure(type);
}

std::string json_schema_of(capnp::EnumSchema type) { return schema_writer::enumeration(type); }

}  // namespace perdure::core
