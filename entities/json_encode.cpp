#include "entities/json_encode.h"

#include <kj/encoding.h>

#include <charconv>
#include <cmath>

#include "entities/json_value.h"

namespace perdure::core {

namespace {

using kind = capnp::schema::Type::Which;

template <class T>
void append_number(std::string& json, T number) {
  char text[64];
  json.append(text, std::to_chars(text, text + sizeof(text), number).ptr);
}

/// 64-bit integers are texts: many readers of JSON have doubles only.
template <class T>
void append_quoted(std::string& json, T number) {
  json += '"';
  append_number(json, number);
  json += '"';
}

template <class T>
void append_floating(std::string& json, T number) {
  if (std::isnan(number))
    json += "\"NaN\"";
  else if (std::isinf(number))
    json += number < 0 ? "\"-Infinity\"" : "\"Infinity\"";
  else
    append_number(json, number);
}

void append_enum(std::string& json, capnp::DynamicEnum from) {
  KJ_IF_MAYBE (known, from.getEnumerant()) {
    auto name = known->getProto().getName();
    append_json_text(json, {name.begin(), name.size()});
  } else {
    append_number(json, from.getRaw());
  }
}

void append_data(std::string& json, capnp::Data::Reader from) {
  auto text = kj::encodeBase64(from);
  json += '"';
  json.append(text.begin(), text.size());
  json += '"';
}

}  // namespace

void append_json(std::string& json, const json_schemas& schemas, const json_struct& type,
                 capnp::DynamicStruct::Reader from) {
  json += '{';
  auto chosen = from.which();
  bool first = true;
  for (auto& field : type.fields) {
    if (field.in_union) {
      KJ_IF_MAYBE (active, chosen) {
        if (*active != field.schema) continue;
      } else {
        continue;
      }
    }
    if (!first) json += ',';
    first = false;
    json += '"';
    json += field.name;
    json += "\":";
    if (field.nullable && !from.has(field.schema))
      json += "null";
    else
      append_json(json, schemas, field.type, from.get(field.schema));
  }
  json += '}';
}

void append_json(std::string& json, const json_schemas& schemas, capnp::Type type,
                 capnp::DynamicValue::Reader from) {
  switch (type.which()) {
    case kind::VOID:
      json += "null";
      break;
    case kind::BOOL:
      json += from.as<bool>() ? "true" : "false";
      break;
    case kind::INT8:
    case kind::INT16:
    case kind::INT32:
      append_number(json, from.as<std::int32_t>());
      break;
    case kind::UINT8:
    case kind::UINT16:
    case kind::UINT32:
      append_number(json, from.as<std::uint32_t>());
      break;
    case kind::INT64:
      append_quoted(json, from.as<std::int64_t>());
      break;
    case kind::UINT64:
      append_quoted(json, from.as<std::uint64_t>());
      break;
    case kind::FLOAT32:
      append_floating(json, from.as<float>());
      break;
    case kind::FLOAT64:
      append_floating(json, from.as<double>());
      break;
    case kind::ENUM:
      append_enum(json, from.as<capnp::DynamicEnum>());
      break;
    case kind::DATA:
      append_data(json, from.as<capnp::Data>());
      break;
    case kind::TEXT: {
      auto text = from.as<capnp::Text>();
      append_json_text(json, {text.begin(), text.size()});
      break;
    }
    case kind::STRUCT:
      append_json(json, schemas, schemas.of(type.asStruct()), from.as<capnp::DynamicStruct>());
      break;
    case kind::LIST: {
      auto list = from.as<capnp::DynamicList>();
      auto element = type.asList().getElementType();
      json += '[';
      for (unsigned i = 0; i < list.size(); ++i) {
        if (i > 0) json += ',';
        append_json(json, schemas, element, list[i]);
      }
      json += ']';
      break;
    }
    case kind::INTERFACE:
    case kind::ANY_POINTER:
      json += "null";
      break;
  }
}

}  // namespace perdure::core
