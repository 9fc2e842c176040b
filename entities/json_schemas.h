#pragma once

/// A contract's schemas, prepared for JSON: what each struct's fields are called and how they are
/// read and written. Immutable after construction; internal to this folder.

#include <perdure/capnp_compat.h>
// The compatibility header comes first.
#include <capnp/dynamic.h>
#include <capnp/schema-loader.h>

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace perdure::core {

struct json_struct;

struct json_field {
  capnp::StructSchema::Field schema;
  capnp::Type type;
  std::string name;
  bool in_union = false;
  bool is_group = false;
  /// Absent is not the same as default: `$Perdure.optional`, and a struct that contains itself.
  bool nullable = false;
  const json_struct* target = nullptr;  ///< Of a struct or a group.
};

/// A struct or a group.
struct json_struct {
  capnp::StructSchema schema;
  std::string name;                ///< "CartState", "CartAddItemParams".
  std::vector<json_field> fields;  ///< In the order of the contract's text.

  /// Returns the field's index, or `fields.size()`. `hint`: where it may be.
  std::size_t find(std::string_view name, std::size_t hint) const;
};

class json_schemas {
public:
  /// Of a CodeGeneratorRequest, as descriptions embed it.
  explicit json_schemas(std::span<const std::uint64_t> embedded);

  /// Returns a struct; throws std::logic_error where the contract does not have it.
  const json_struct& find(std::uint64_t id) const;
  const json_struct& of(capnp::StructSchema type) const { return find(type.getProto().getId()); }

  /// Returns all enums and structs, groups left out, by their names.
  const std::map<std::string, capnp::EnumSchema>& enums() const { return enums_; }
  std::map<std::string, const json_struct*> structs() const;

private:
  json_struct read(capnp::StructSchema type) const;

  capnp::SchemaLoader loader_;
  std::map<std::uint64_t, json_struct> structs_;
  std::map<std::string, capnp::EnumSchema> enums_;
};

/// Returns "OrderLine" for a type inside a struct, "CartAddItemParams" for a parameter list.
std::string json_type_name(capnp::Schema type);

}  // namespace perdure::core
