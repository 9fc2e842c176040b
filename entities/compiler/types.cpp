#include "entities/compiler/types.h"

#include <capnp/dynamic.h>
#include <capnp/message.h>

#include <charconv>
#include <cmath>
#include <cstring>

#include "entities/compiler/names.h"

namespace perdure::compiler {

using capnp::schema::Value;
using kind = capnp::schema::Type::Which;

namespace {

template <class T>
std::string floating(T value) {
  auto type = std::string("std::numeric_limits<") + (sizeof(T) == 4 ? "float" : "double") + ">::";
  if (std::isnan(value)) return type + "quiet_NaN()";
  if (std::isinf(value)) return (value < 0 ? "-" : "") + type + "infinity()";
  char text[64];
  auto end = std::to_chars(text, text + sizeof(text), value).ptr;
  std::string digits(text, end);
  if (digits.find_first_of(".e") == digits.npos) digits += ".0";
  return sizeof(T) == 4 ? digits + 'f' : digits;
}

std::string integer(std::int64_t value) {
  // The least number has no literal: its positive counterpart does not exist.
  if (value == INT64_MIN) return "-9223372036854775807 - 1";
  return std::to_string(value);
}

std::string enumerant(const schemas& from, capnp::EnumSchema type, std::uint16_t value,
                      const scope& where) {
  auto name = cpp_name(from, *from.find(type.getProto().getId()), where);
  auto names = type.getEnumerants();
  if (value >= names.size()) return "static_cast<" + name + ">(" + std::to_string(value) + ")";
  return name + "::" + snake_case(to_string(names[value].getProto().getName()));
}

std::string text_literal(capnp::Text::Reader text) {
  std::string_view view(text.begin(), text.size());
  if (view.find('\0') == view.npos) return quoted(view);
  return "std::string(" + quoted(view) + ", " + std::to_string(view.size()) + ")";
}

}  // namespace

std::string cpp_name(const schemas& from, const declaration& type, const scope& where) {
  auto name = from.cpp_name(type, where.cpp_namespace);
  if (!where.hiding.contains(name)) return name;
  return from.cpp_name(type, "");
}

std::string cpp_type(const schemas& from, capnp::Type type, const scope& where) {
  switch (type.which()) {
    case kind::BOOL:
      return "bool";
    case kind::INT8:
      return "std::int8_t";
    case kind::INT16:
      return "std::int16_t";
    case kind::INT32:
      return "std::int32_t";
    case kind::INT64:
      return "std::int64_t";
    case kind::UINT8:
      return "std::uint8_t";
    case kind::UINT16:
      return "std::uint16_t";
    case kind::UINT32:
      return "std::uint32_t";
    case kind::UINT64:
      return "std::uint64_t";
    case kind::FLOAT32:
      return "float";
    case kind::FLOAT64:
      return "double";
    case kind::TEXT:
      return "std::string";
    case kind::DATA:
      return "perdure::bytes";
    case kind::LIST:
      return "std::vector<" + cpp_type(from, type.asList().getElementType(), where) + ">";
    case kind::ENUM:
      return cpp_name(from, *from.find(type.asEnum().getProto().getId()), where);
    case kind::STRUCT:
      return cpp_name(from, *from.find(type.asStruct().getProto().getId()), where);
    case kind::VOID:
    case kind::INTERFACE:
    case kind::ANY_POINTER:
      break;
  }
  return "void";
}

bool is_pointer_type(capnp::Type type) {
  return type.isText() || type.isData() || type.isList() || type.isStruct();
}

std::string expression(const schemas& from, capnp::Type type, Value::Reader value,
                       const scope& where) {
  switch (value.which()) {
    case Value::BOOL:
      return value.getBool() ? "true" : "false";
    case Value::INT8:
      return integer(value.getInt8());
    case Value::INT16:
      return integer(value.getInt16());
    case Value::INT32:
      return integer(value.getInt32());
    case Value::INT64:
      return integer(value.getInt64());
    case Value::UINT8:
      return std::to_string(value.getUint8());
    case Value::UINT16:
      return std::to_string(value.getUint16());
    case Value::UINT32:
      return std::to_string(value.getUint32());
    case Value::UINT64:
      // Larger than every signed literal.
      return std::to_string(value.getUint64()) + (value.getUint64() > INT64_MAX ? "u" : "");
    case Value::FLOAT32:
      return floating(value.getFloat32());
    case Value::FLOAT64:
      return floating(value.getFloat64());
    case Value::ENUM:
      return enumerant(from, type.asEnum(), value.getEnum(), where);
    case Value::TEXT:
      return text_literal(value.getText());
    default:
      return "{}";
  }
}

std::vector<std::uint64_t> default_words(capnp::StructSchema::Field field) {
  auto value = field.getProto().getSlot().getDefaultValue();
  auto type = field.getType();
  capnp::MallocMessageBuilder message;
  auto root = message.getRoot<capnp::AnyPointer>();
  if (type.isData())
    root.setAs<capnp::Data>(value.getData());
  else if (type.isList())
    root.set(value.getList());
  else if (type.isStruct())
    root.set(value.getStruct());
  else
    return {};
  capnp::MallocMessageBuilder whole(message.sizeInWords() + 1);
  whole.getRoot<capnp::AnyPointer>().setCanonical(root.asReader());
  return to_words(whole.getSegmentsForOutput()[0]);
}

std::vector<std::uint64_t> to_words(kj::ArrayPtr<const capnp::word> words) {
  std::vector<std::uint64_t> copy(words.size());
  if (!copy.empty()) std::memcpy(copy.data(), words.begin(), copy.size() * sizeof(capnp::word));
  return copy;
}

}  // namespace perdure::compiler
