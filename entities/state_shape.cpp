#include "entities/state_shape.h"

#include <algorithm>
#include <charconv>
#include <deque>
#include <map>
#include <span>
#include <utility>

#include "entities/json_schemas.h"
#include "entities/json_value.h"
#include "entities/payload.h"

namespace perdure::core {

namespace {

constexpr std::string_view head = "perdure state 1";
constexpr std::uint64_t optional_annotation = 0x9c1f6d0a7be24e35;

}  // namespace

const shape_member* type_shape::find(std::uint32_t ordinal) const {
  auto found = std::ranges::find(members, ordinal, &shape_member::ordinal);
  return found == members.end() ? nullptr : &*found;
}

// -- of a contract --------------------------------------------------------------------------------

namespace {

/// "Order.Line" of "shop.capnp:Order.Line".
std::string name_in_contract(capnp::Schema type) {
  const std::string text = type.getProto().getDisplayName().cStr();
  return text.substr(text.find(':') + 1);
}

class shape_reader {
public:
  explicit shape_reader(const contract& of) : schemas_(of.schema) {
    index_of(schemas_.find(of.state).schema);
    while (!waiting_.empty()) {
      const auto next = waiting_.front();
      waiting_.pop_front();
      auto read = next.getProto().isEnum() ? read_enum(next.asEnum()) : read_struct(next);
      shape_.push_back(std::move(read));
    }
  }

  state_shape take() { return std::move(shape_); }

private:
  std::size_t index_of(capnp::Schema type) {
    const auto [found, added] = indexes_.try_emplace(type.getProto().getId(), indexes_.size());
    if (added) waiting_.push_back(type);
    return found->second;
  }

  static type_shape read_enum(capnp::EnumSchema type) {
    type_shape read{true, name_in_contract(type), {}};
    for (auto each : type.getEnumerants()) {
      read.members.push_back(
          {each.getOrdinal(), each.getProto().getName().cStr(), {}, 0, false, {}, {}});
    }
    return read;
  }

  type_shape read_struct(capnp::Schema type) {
    type_shape read{false, name_in_contract(type), {}};
    read_fields(schemas_.of(type.asStruct()), "", {}, read.members);
    std::ranges::sort(read.members, {}, &shape_member::ordinal);
    return read;
  }

  void read_fields(const json_struct& from, const std::string& path,
                   const std::vector<membership>& in, std::vector<shape_member>& to) {
    for (auto& field : from.fields) {
      const auto proto = field.schema.getProto();
      auto unions = in;
      if (field.in_union) {
        unions.push_back({from.schema.getProto().getStruct().getDiscriminantOffset(),
                          proto.getDiscriminantValue()});
      }
      if (field.is_group) {
        read_fields(*field.target, path + field.name + '.', unions, to);
        continue;
      }
      bool optional = false;
      for (auto each : proto.getAnnotations()) optional |= each.getId() == optional_annotation;
      to.push_back({proto.getOrdinal().getExplicit(), path + field.name, type_text(field.type),
                    proto.getSlot().getOffset(), optional, std::move(unions),
                    default_text(proto.getSlot())});
    }
  }

  std::string type_text(capnp::Type type) {
    using kind = capnp::schema::Type::Which;
    switch (type.which()) {
      case kind::VOID:
        return "Void";
      case kind::BOOL:
        return "Bool";
      case kind::INT8:
        return "Int8";
      case kind::INT16:
        return "Int16";
      case kind::INT32:
        return "Int32";
      case kind::INT64:
        return "Int64";
      case kind::UINT8:
        return "UInt8";
      case kind::UINT16:
        return "UInt16";
      case kind::UINT32:
        return "UInt32";
      case kind::UINT64:
        return "UInt64";
      case kind::FLOAT32:
        return "Float32";
      case kind::FLOAT64:
        return "Float64";
      case kind::TEXT:
        return "Text";
      case kind::DATA:
        return "Data";
      case kind::LIST:
        return "List(" + type_text(type.asList().getElementType()) + ')';
      case kind::ENUM:
        return '#' + std::to_string(index_of(type.asEnum()));
      case kind::STRUCT:
        return '#' + std::to_string(index_of(type.asStruct()));
      case kind::INTERFACE:
      case kind::ANY_POINTER:
        break;  // No contract has them.
    }
    return "AnyPointer";
  }

  template <class T>
  static std::string number_text(T number) {
    if (number == T{}) return "";
    char text[64];
    return {text, std::to_chars(text, text + sizeof text, number).ptr};
  }

  static std::string default_text(capnp::schema::Field::Slot::Reader slot) {
    const auto value = slot.getDefaultValue();
    switch (value.which()) {
      case capnp::schema::Value::VOID:
        return "";
      case capnp::schema::Value::BOOL:
        return value.getBool() ? "true" : "";
      case capnp::schema::Value::INT8:
        return number_text(int{value.getInt8()});
      case capnp::schema::Value::INT16:
        return number_text(value.getInt16());
      case capnp::schema::Value::INT32:
        return number_text(value.getInt32());
      case capnp::schema::Value::INT64:
        return number_text(value.getInt64());
      case capnp::schema::Value::UINT8:
        return number_text(unsigned{value.getUint8()});
      case capnp::schema::Value::UINT16:
        return number_text(value.getUint16());
      case capnp::schema::Value::UINT32:
        return number_text(value.getUint32());
      case capnp::schema::Value::UINT64:
        return number_text(value.getUint64());
      case capnp::schema::Value::FLOAT32:
        return number_text(value.getFloat32());
      case capnp::schema::Value::FLOAT64:
        return number_text(value.getFloat64());
      case capnp::schema::Value::ENUM:
        return number_text(value.getEnum());
      default:
        break;
    }
    if (!slot.getHadExplicitDefault()) return "";
    if (value.isText()) {
      constexpr std::size_t longest = 64;
      const std::string_view text(value.getText().begin(), value.getText().size());
      if (text.size() <= longest) return text.empty() ? "" : quoted(text);
    }
    const auto words = capnp::canonicalize(value);
    const auto content = words.asBytes();
    const auto view = std::as_bytes(std::span{content.begin(), content.size()});
    return "of digest " + std::to_string(digest(view));
  }

  static std::string quoted(std::string_view text) {
    std::string json;
    append_json_text(json, text);
    return json;
  }

  json_schemas schemas_;
  std::map<std::uint64_t, std::size_t> indexes_;
  std::deque<capnp::Schema> waiting_;
  state_shape shape_;
};

}  // namespace

state_shape shape_of(const contract& of) { return shape_reader(of).take(); }

// -- as text --------------------------------------------------------------------------------------

std::string to_text(const state_shape& from) {
  std::string text(head);
  for (auto& type : from) {
    text += type.is_enum ? "\nenum " : "\nstruct ";
    text += type.name;
    for (auto& each : type.members) {
      text += '\n' + std::to_string(each.ordinal) + ' ' + each.name;
      if (type.is_enum) continue;
      text += ' ' + each.type + ' ' + std::to_string(each.offset);
      if (each.optional) text += " optional";
      for (auto& in : each.in) {
        text += " in " + std::to_string(in.offset) + ' ' + std::to_string(in.value);
      }
      if (!each.fallback.empty()) text += " = " + each.fallback;
    }
  }
  return text;
}

namespace {

/// Takes texts apart; what is not as it should be shows in `damaged`.
class scanner {
public:
  explicit scanner(std::string_view text) : rest_(text) {}

  bool empty() const { return rest_.empty(); }

  std::string_view until(char end) {
    const auto at = std::min(rest_.find(end), rest_.size());
    const auto found = rest_.substr(0, at);
    rest_.remove_prefix(std::min(at + 1, rest_.size()));
    if (found.empty()) damaged = true;
    return found;
  }
  std::string_view all() { return std::exchange(rest_, {}); }

  std::uint32_t number() {
    const auto text = until(' ');
    std::uint32_t value = 0;
    const auto [end, why] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (why != std::errc{} || end != text.data() + text.size()) damaged = true;
    return value;
  }

  bool damaged = false;

private:
  std::string_view rest_;
};

std::optional<shape_member> read_member(std::string_view line, bool is_enumerant) {
  scanner from(line);
  shape_member read;
  read.ordinal = from.number();
  read.name = from.until(' ');
  if (!is_enumerant) {
    read.type = from.until(' ');
    read.offset = from.number();
    while (!from.empty() && !from.damaged) {
      const auto what = from.until(' ');
      if (what == "optional") {
        read.optional = true;
      } else if (what == "in") {
        const auto offset = from.number();
        read.in.push_back({offset, from.number()});
      } else if (what == "=") {
        read.fallback = from.all();
      } else {
        return std::nullopt;
      }
    }
  }
  if (from.damaged || !from.empty()) return std::nullopt;
  return read;
}

}  // namespace

std::optional<state_shape> shape_from_text(std::string_view text) {
  scanner from(text);
  if (from.until('\n') != head) return std::nullopt;
  state_shape all;
  while (!from.empty()) {
    const auto line = from.until('\n');
    const bool is_enum = line.starts_with("enum ");
    if (is_enum || line.starts_with("struct ")) {
      all.push_back({is_enum, std::string(line.substr(line.find(' ') + 1)), {}});
      continue;
    }
    auto found = all.empty() ? std::nullopt : read_member(line, all.back().is_enum);
    if (!found) return std::nullopt;
    all.back().members.push_back(*std::move(found));
  }
  if (all.empty() || from.damaged) return std::nullopt;
  return all;
}

}  // namespace perdure::core
