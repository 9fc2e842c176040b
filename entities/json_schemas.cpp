#include "entities/json_schemas.h"

#include <capnp/message.h>
#include <capnp/schema.capnp.h>
#include <capnp/serialize.h>

#include <algorithm>
#include <set>
#include <stdexcept>

namespace perdure::core {

namespace {

constexpr std::uint64_t optional_annotation = 0x9c1f6d0a7be24e35;

std::string to_string(kj::StringPtr text) { return std::string(text.begin(), text.size()); }

/// Whether `from` holds `target` by value, directly or through structs and groups that it has.
bool holds(capnp::StructSchema from, std::uint64_t target, std::set<std::uint64_t>& seen) {
  if (from.getProto().getId() == target) return true;
  if (!seen.insert(from.getProto().getId()).second) return false;
  for (auto field : from.getFields()) {
    if (field.getType().isStruct() && holds(field.getType().asStruct(), target, seen)) return true;
  }
  return false;
}

/// Returns the struct that a group, perhaps of groups, belongs to.
capnp::StructSchema owner_of(capnp::StructSchema type, const capnp::SchemaLoader& loader) {
  while (type.getProto().getStruct().getIsGroup()) {
    type = loader.get(type.getProto().getScopeId()).asStruct();
  }
  return type;
}

bool is_nullable(capnp::StructSchema::Field field, const capnp::SchemaLoader& loader) {
  for (auto annotation : field.getProto().getAnnotations()) {
    if (annotation.getId() == optional_annotation) return true;
  }
  if (field.getProto().isGroup() || !field.getType().isStruct()) return false;
  std::set<std::uint64_t> seen;
  auto owner = owner_of(field.getContainingStruct(), loader).getProto().getId();
  return holds(field.getType().asStruct(), owner, seen);
}

}  // namespace

std::string json_type_name(capnp::Schema type) {
  auto text = to_string(type.getProto().getDisplayName());
  text.erase(0, text.find(':') + 1);
  std::string name;
  bool begins = true;
  for (char c : text) {
    if (c == '.' || c == '$') {
      begins = true;
      continue;
    }
    name += begins && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    begins = false;
  }
  return name;
}

std::size_t json_struct::find(std::string_view wanted, std::size_t hint) const {
  if (hint < fields.size() && fields[hint].name == wanted) return hint;
  auto found =
      std::find_if(fields.begin(), fields.end(), [&](auto& field) { return field.name == wanted; });
  return static_cast<std::size_t>(found - fields.begin());
}

json_schemas::json_schemas(std::span<const std::uint64_t> embedded) {
  auto words = kj::arrayPtr(reinterpret_cast<const capnp::word*>(embedded.data()), embedded.size());
  capnp::ReaderOptions limits;
  limits.traversalLimitInWords = 16 * words.size() + 1024;
  capnp::FlatArrayMessageReader message(words, limits);
  auto nodes = message.getRoot<capnp::schema::CodeGeneratorRequest>().getNodes();
  for (auto node : nodes) loader_.loadOnce(node);
  for (auto node : nodes) {
    auto schema = loader_.get(node.getId());
    if (node.isEnum()) enums_.emplace(json_type_name(schema), schema.asEnum());
    if (node.isStruct()) structs_.emplace(node.getId(), read(schema.asStruct()));
  }
  for (auto& [id, type] : structs_) {
    for (auto& field : type.fields) {
      if (field.type.isStruct()) field.target = &of(field.type.asStruct());
    }
  }
}

json_struct json_schemas::read(capnp::StructSchema type) const {
  json_struct into{type, json_type_name(type), {}};
  for (auto field : type.getFields()) {
    auto proto = field.getProto();
    json_field read;
    read.schema = field;
    read.type = field.getType();
    read.name = to_string(proto.getName());
    read.in_union = proto.getDiscriminantValue() != capnp::schema::Field::NO_DISCRIMINANT;
    read.is_group = proto.isGroup();
    read.nullable = is_nullable(field, loader_);
    into.fields.push_back(std::move(read));
  }
  std::sort(into.fields.begin(), into.fields.end(), [](auto& a, auto& b) {
    return a.schema.getProto().getCodeOrder() < b.schema.getProto().getCodeOrder();
  });
  return into;
}

const json_struct& json_schemas::find(std::uint64_t id) const {
  auto found = structs_.find(id);
  if (found == structs_.end()) throw std::logic_error("a struct that the contract does not have");
  return found->second;
}

std::map<std::string, const json_struct*> json_schemas::structs() const {
  std::map<std::string, const json_struct*> found;
  for (auto& [id, type] : structs_) {
    if (!type.schema.getProto().getStruct().getIsGroup()) found.emplace(type.name, &type);
  }
  return found;
}

}  // namespace perdure::core
