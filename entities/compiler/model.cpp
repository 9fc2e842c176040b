#include "entities/compiler/model.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include "entities/compiler/checks.h"
#include "entities/compiler/names.h"
#include "entities/compiler/recursion.h"
#include "entities/compiler/types.h"

namespace perdure::compiler {

using capnp::schema::CodeGeneratorRequest;
using capnp::schema::Field;
using capnp::schema::Node;

namespace {

/// Collects the C++ names that the members of a struct declare, to any depth.
void collect_names(capnp::StructSchema type, std::set<std::string, std::less<>>& names) {
  for (auto field : type.getFields()) {
    auto name = snake_case(to_string(field.getProto().getName()));
    names.insert(name);
    if (!field.getProto().isGroup()) continue;
    names.insert(name + "_is");
    names.insert(name + "_group");
    collect_names(field.getType().asStruct(), names);
  }
  if (type.getProto().getStruct().getDiscriminantCount() > 0) names.insert({"which", "which_is"});
}

/// Whether a group is nothing but a union, written as "name :union".
bool is_bare_union(capnp::StructSchema group) {
  return group.getProto().getStruct().getDiscriminantCount() > 0 &&
         group.getNonUnionFields().size() == 0;
}

/// Returns fields in order of a number that each has.
template <class Fields, class Key>
std::vector<capnp::StructSchema::Field> sorted(Fields fields, Key key) {
  std::vector<capnp::StructSchema::Field> in_order;
  for (auto field : fields) in_order.push_back(field);
  std::sort(in_order.begin(), in_order.end(),
            [&](auto& a, auto& b) { return key(a.getProto()) < key(b.getProto()); });
  return in_order;
}

/// Reads the members of one struct.
class body_reader {
public:
  body_reader(const schemas& from, const recursion& cycles, const declaration& owner)
      : from_(from), cycles_(cycles), owner_(owner) {
    where_.cpp_namespace = from.namespace_of(owner.where.file);
    if (owner.anonymous) where_.hiding = names_hiding_in_contracts();
  }

  body read(capnp::StructSchema type) {
    collect_names(type, where_.hiding);
    return read_members(type, owner_.where.path, owner_.cpp_name);
  }

private:
  /// `path` is that of the contract, `prefix` what the names of structs of groups begin with.
  body read_members(capnp::StructSchema type, const std::string& path, const std::string& prefix) {
    auto fields = sorted(type.getFields(), [](auto of) { return of.getCodeOrder(); });
    body content;
    bool union_read = false;
    for (auto& field : fields) {
      if (field.getProto().getDiscriminantValue() == Field::NO_DISCRIMINANT) {
        read_member(field, path, prefix, content);
      } else if (!union_read) {
        union_read = true;
        content.members.push_back(read_union(type, "which", path, prefix));
      }
    }
    return content;
  }

  void read_member(capnp::StructSchema::Field field, const std::string& path,
                   const std::string& prefix, body& into) {
    auto name = to_string(field.getProto().getName());
    if (!field.getProto().isGroup()) {
      const bool apart = prefix != owner_.cpp_name;
      if (!field.getType().isVoid()) {
        into.members.push_back(read_value(field, snake_case(name), apart));
      }
      return;
    }
    auto group = field.getType().asStruct();
    auto inner = path + '.' + name;
    auto cpp = snake_case(name);
    if (is_bare_union(group)) {
      into.members.push_back(read_union(group, cpp, inner, prefix));
      return;
    }
    auto stem = prefix + '_' + cpp;
    into.members.push_back(group_field{cpp, cpp + "_group", stem + "_group",
                                       std::make_unique<body>(read_members(group, inner, stem))});
  }

  union_field read_union(capnp::StructSchema type, const std::string& cpp, const std::string& path,
                         const std::string& prefix) {
    auto stem = prefix + '_' + cpp;
    union_field read{
        cpp, cpp + "_is", stem + "_is", path, type.getProto().getStruct().getDiscriminantOffset(),
        {}};
    auto fields = sorted(type.getUnionFields(), [](auto of) { return of.getDiscriminantValue(); });
    for (auto& field : fields) {
      auto name = to_string(field.getProto().getName());
      union_case member{name, snake_case(name), std::nullopt, nullptr};
      if (field.getProto().isGroup()) {
        member.group = std::make_unique<body>(
            read_members(field.getType().asStruct(), path + '.' + name, stem + '_' + member.cpp));
      } else if (!field.getType().isVoid()) {
        member.value = read_value(field, "value", true);
      }
      read.cases.push_back(std::move(member));
    }
    return read;
  }

  /// `apart`: it is a member not of the owner, but of a part that is declared before it.
  value_field read_value(capnp::StructSchema::Field field, const std::string& cpp, bool apart) {
    auto proto = field.getProto();
    auto slot = proto.getSlot();
    auto type = field.getType();
    value_field read;
    read.cpp = cpp;
    read.schema = field;
    read.type = cpp_type(from_, type, where_);
    read.offset = slot.getOffset();
    read.is_pointer = is_pointer_type(type);
    read.optional = has_annotation(proto.getAnnotations(), annotation::optional);
    read.incomplete = is_incomplete(type, apart);
    read.boxed = type.isStruct() && cycles_.holds(type.asStruct().getProto().getId(), owner_.id);
    read_default(field, read);
    return read;
  }

  /// Whether a list's structs may be declared after the field: those that hold the owner in turn,
  /// and in a part the owner itself.
  bool is_incomplete(capnp::Type type, bool apart) const {
    if (!type.isList()) return false;
    while (type.isList()) type = type.asList().getElementType();
    if (!type.isStruct()) return false;
    auto id = type.asStruct().getProto().getId();
    return id == owner_.id ? apart : cycles_.leads_to(id, owner_.id);
  }

  void read_default(capnp::StructSchema::Field field, value_field& into) {
    auto slot = field.getProto().getSlot();
    auto value = slot.getDefaultValue();
    into.has_fallback = slot.getHadExplicitDefault();
    if (into.is_pointer && !into.has_fallback) return;
    if (!into.is_pointer || value.isText()) {
      into.fallback = expression(from_, field.getType(), value, where_);
      into.global_fallback = expression(from_, field.getType(), value, scope{});
    } else {
      into.fallback = "default_" + into.cpp + "()";
      into.fallback_words = default_words(field);
    }
  }

  const schemas& from_;
  const recursion& cycles_;
  const declaration& owner_;
  scope where_;
};

/// Reads one requested file.
class file_reader {
public:
  explicit file_reader(const schemas& from) : from_(from), cycles_(from) {}

  file_model read(CodeGeneratorRequest::RequestedFile::Reader file) {
    file_model model;
    auto name = to_string(file.getFilename());
    model.path = std::filesystem::path(name).replace_extension().string();
    model.cpp_namespace = from_.namespace_of(file.getId());
    std::vector<const declaration*> structs;
    for (auto* type : from_.declared_in(file.getId())) {
      auto node = *from_.node(type->id);
      if (node.isEnum()) model.enums.push_back(read_enum(*type));
      if (node.isStruct() && !is_empty_list(*type)) structs.push_back(type);
      if (node.isInterface()) model.interfaces.push_back(read_interface(*type));
    }
    for (auto* type : cycles_.in_order(structs)) model.structs.push_back(read_struct(*type));
    model.includes = includes(file);
    return model;
  }

private:
  bool is_empty_list(const declaration& type) const {
    return type.anonymous && from_.node(type.id)->getStruct().getFields().size() == 0;
  }

  enum_model read_enum(const declaration& type) const {
    enum_model read{&type, {}};
    for (auto value : from_.node(type.id)->getEnum().getEnumerants()) {
      read.names.push_back(snake_case(to_string(value.getName())));
    }
    return read;
  }

  struct_model read_struct(const declaration& type) const {
    auto schema = from_.loader().get(type.id).asStruct();
    auto proto = schema.getProto().getStruct();
    struct_model read;
    read.type = &type;
    read.data_words = proto.getDataWordCount();
    read.pointers = proto.getPointerCount();
    read.content = body_reader{from_, cycles_, type}.read(schema);
    read.recursive = cycles_.is_recursive(type.id);
    return read;
  }

  message read_message(std::uint64_t id, const scope& where) const {
    auto& type = *from_.find(id);
    auto name = type.anonymous ? type.cpp_name : cpp_name(from_, type, where);
    return {id, name, type.anonymous, is_empty_list(type)};
  }

  interface_model read_interface(const declaration& type) const {
    auto node = *from_.node(type.id);
    interface_model read;
    read.type = &type;
    auto entity = text_annotation(node.getAnnotations(), annotation::entity);
    read.is_entity = entity.has_value();
    read.name = entity
                    ? *entity
                    : text_annotation(node.getAnnotations(), annotation::activities).value_or("");
    scope where{from_.namespace_of(type.where.file), hiding_names(read.is_entity)};
    where.hiding.merge(names_hiding_in_contracts());
    auto methods = node.getInterface().getMethods();
    for (auto method : methods) where.hiding.insert(snake_case(to_string(method.getName())));
    for (unsigned i = 0; i < methods.size(); ++i) {
      read.methods.push_back(read_method(methods[i], i, type, where));
    }
    if (read.is_entity) read_state(node, where, read);
    read.source = from_.source_of(type.where);
    read.schema = embedded_schema(from_, type.id);
    return read;
  }

  void read_state(Node::Reader node, const scope& where, interface_model& into) const {
    auto name = text_annotation(node.getAnnotations(), annotation::state).value_or("");
    for (auto* candidate : from_.declared_in(into.type->where.file)) {
      if (candidate->anonymous || candidate->where.path != name) continue;
      into.state = candidate->id;
      into.state_cpp = cpp_name(from_, *candidate, where);
      into.state_nests = cycles_.nests(candidate->id);
    }
  }

  method_model read_method(capnp::schema::Method::Reader method, unsigned ordinal,
                           const declaration& owner, const scope& where) const {
    method_model read;
    read.name = to_string(method.getName());
    read.cpp = snake_case(read.name);
    read.ordinal = static_cast<std::uint16_t>(ordinal);
    auto of = method.getAnnotations();
    if (has_annotation(of, annotation::signal)) read.kind = method_kind::signal;
    if (has_annotation(of, annotation::update)) read.kind = method_kind::update;
    if (has_annotation(of, annotation::query)) read.kind = method_kind::query;
    if (has_annotation(of, annotation::main)) read.kind = method_kind::main;
    read.params = read_message(method.getParamStructType(), where);
    read.results = read_message(method.getResultStructType(), where);
    read.source = from_.source_of(owner.where.inside(read.name));
    return read;
  }

  /// Returns the generated headers of those imported files whose types this one uses.
  std::vector<std::string> includes(CodeGeneratorRequest::RequestedFile::Reader file) const {
    std::set<std::uint64_t> used;
    for (auto* type : from_.declared_in(file.getId())) {
      for (auto id : cycles_.uses(type->id)) used.insert(from_.find(id)->where.file);
    }
    std::vector<std::string> headers;
    for (auto import : file.getImports()) {
      if (import.getId() == file.getId() || !used.contains(import.getId())) continue;
      auto name = std::filesystem::path(to_string(import.getName())).replace_extension();
      headers.push_back(name.relative_path().string() + ".perdure.h");
    }
    return headers;
  }

  const schemas& from_;
  recursion cycles_;
};

}  // namespace

std::string value_field::member_type() const {
  if (boxed) return "perdure::boxed<" + type + ">";
  if (optional) return "std::optional<" + type + ">";
  return type;
}

bool interface_model::has(method_kind kind) const {
  return std::any_of(methods.begin(), methods.end(), [kind](auto& m) { return m.kind == kind; });
}

const struct_model* file_model::find(std::uint64_t id) const {
  for (auto& candidate : structs) {
    if (candidate.type->id == id) return &candidate;
  }
  return nullptr;
}

file_model read_model(const schemas& from, CodeGeneratorRequest::RequestedFile::Reader file) {
  return file_reader{from}.read(file);
}

}  // namespace perdure::compiler
