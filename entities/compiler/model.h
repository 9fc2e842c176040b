#pragma once

/// What is generated from one contract, in terms of C++: read from checked schemas, written out by
/// the header and the source writer.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <perdure/contract.h>

#include "entities/compiler/schemas.h"

namespace perdure::compiler {

struct body;

/// A field that holds a value of its own.
struct value_field {
  std::string cpp;  ///< "unit_cents".
  capnp::StructSchema::Field schema;
  std::string type;          ///< "std::vector<item>", without optional and boxed.
  bool incomplete = false;   ///< A list of structs that are declared later.
  std::uint32_t offset = 0;  ///< In units of its size; of pointers: the index.
  bool is_pointer = false;
  bool optional = false;
  bool boxed = false;         ///< The struct contains itself.
  bool has_fallback = false;  ///< The contract gives a default, other than the type's own.
  /// The default as an expression; empty: the type's own. Those of Data, lists and structs are a
  /// call of a static function, which gives what `fallback_words` hold.
  std::string fallback;
  std::string global_fallback;  ///< The same, outside the contract's namespace.
  std::vector<std::uint64_t> fallback_words;

  /// Returns the member's whole type.
  std::string member_type() const;
};

// The structs of groups and of unions' members stand beside their owner, which names them by an
// alias: a struct nested in another has no default constructor before that other is complete, so
// that no variant of it could be a member there.

/// A group: a struct in the struct, stored with its owner's fields.
struct group_field {
  std::string cpp;    ///< "address".
  std::string alias;  ///< "address_group", in the owner.
  std::string type;   ///< "order_address_group".
  std::unique_ptr<body> content;
};

/// One member of a union. It has a value, or is a group, or is Void and has neither.
struct union_case {
  std::string name;  ///< As in the contract.
  std::string cpp;
  std::optional<value_field> value;
  std::unique_ptr<body> group;
};

/// A union: a std::variant of one struct for each member, in order of their discriminants.
struct union_field {
  std::string cpp;    ///< "status"; of an unnamed union: "which".
  std::string alias;  ///< "status_is", in the owner.
  std::string type;   ///< "order_status_is": the struct that holds those of the members.
  std::string path;   ///< "Order.status", for messages.
  std::uint32_t tag_offset = 0;
  std::vector<union_case> cases;
};

/// Members of a struct or a group in the order of the contract's text.
struct body {
  std::vector<std::variant<value_field, group_field, union_field>> members;

  bool empty() const { return members.empty(); }
};

struct struct_model {
  const declaration* type = nullptr;
  std::uint16_t data_words = 0;
  std::uint16_t pointers = 0;
  body content;
  bool recursive = false;  ///< Contains itself, perhaps in lists or through others.
};

struct enum_model {
  const declaration* type = nullptr;
  std::vector<std::string> names;  ///< In order of their values.
};

/// The struct that a method takes or answers.
struct message {
  std::uint64_t id = 0;
  std::string cpp;  ///< "item"; of anonymous ones "add_item_params".
  bool anonymous = false;
  bool empty = false;  ///< An empty parameter list: nothing in C++.
};

struct method_model {
  std::string name;  ///< As in the contract.
  std::string cpp;
  std::uint16_t ordinal = 0;
  std::optional<method_kind> kind;  ///< None: an activity.
  message params;
  message results;
  std::string source;
};

struct interface_model {
  const declaration* type = nullptr;
  std::string name;  ///< The entity type, or the name of the activities.
  bool is_entity = false;
  std::uint64_t state = 0;
  std::string state_cpp;
  bool state_nests = false;           ///< Something in it may contain itself.
  std::vector<method_model> methods;  ///< In order of their ordinals.
  std::string source;
  std::vector<std::uint64_t> schema;  ///< The embedded message.

  bool has(method_kind kind) const;
};

/// All of one file.
struct file_model {
  std::string path;                   ///< Of the generated files without ending: "shop/cart".
  std::string cpp_namespace;          ///< "acme::shop".
  std::vector<std::string> includes;  ///< Generated headers of imported contracts.
  std::vector<enum_model> enums;
  std::vector<struct_model> structs;  ///< Each behind those it holds by value.
  std::vector<interface_model> interfaces;

  /// Returns the struct with this id, or null.
  const struct_model* find(std::uint64_t id) const;
};

/// Reads the model of a requested file. REQUIRES: the file passed `check`.
file_model read_model(const schemas& from,
                      capnp::schema::CodeGeneratorRequest::RequestedFile::Reader file);

/// Returns a contract's nodes, as far as its interface reaches, as a message in words.
std::vector<std::uint64_t> embedded_schema(const schemas& from, std::uint64_t interface);

}  // namespace perdure::compiler
