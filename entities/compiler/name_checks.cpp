#include <algorithm>
#include <iterator>
#include <map>

#include "entities/compiler/checks.h"
#include "entities/compiler/names.h"

namespace perdure::compiler {

namespace {

constexpr std::string_view taken_in_entities[] = {
    "cancel_reminder", "contract_type", "end_",
    "entity",          "entity_base",   "generated_type",
    "keep_state",      "kept",          "load_state",
    "machine_",        "now",           "ordinal_of",
    "random",          "remind",        "remind_at",
    "restore_state",   "run_query",     "run_signal",
    "run_update",      "save_state",    "self",
    "set_reminder",    "sleep",         "spawn",
    "state",           "state_type",    "uuid",
    "wait_until"};
constexpr std::string_view taken_in_activities[] = {"described", "run"};

template <class Names>
bool contains(const Names& names, std::string_view name) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

/// The names of one scope of C++, each with what it comes from.
class name_scope {
public:
  explicit name_scope(diagnostics& into) : into_(into) {}

  /// Returns whether the name is free, or was added with the same origin.
  bool add(const std::string& cpp, const std::string& origin, const place& where) {
    auto [found, added] = names_.emplace(cpp, origin);
    if (added || found->second == origin) return true;
    into_.error(where, found->second + " and " + origin + " are both called " + cpp +
                           " in C++; rename one");
    return false;
  }

private:
  diagnostics& into_;
  std::map<std::string, std::string> names_;
};

class checker {
public:
  checker(const schemas& from, diagnostics& into) : from_(from), into_(into) {}

  void check_file(std::uint64_t file) {
    name_scope names{into_};
    for (auto* type : from_.declared_in(file)) {
      auto schema = from_.loader().get(type->id);
      auto node = schema.getProto();
      if (!type->anonymous) names.add(type->cpp_name, type->where.path, type->where);
      if (node.isStruct()) check_struct(schema.asStruct(), type->where, type->cpp_name, names);
      if (node.isEnum()) check_enum(node, type->where);
      if (node.isInterface()) check_interface(node, *type, names);
    }
  }

private:
  void check_enum(capnp::schema::Node::Reader node, const place& where) {
    name_scope names{into_};
    for (auto value : node.getEnum().getEnumerants()) {
      auto name = to_string(value.getName());
      names.add(snake_case(name), name, where.inside(name));
    }
  }

  void check_interface(capnp::schema::Node::Reader node, const declaration& type,
                       name_scope& outside) {
    bool is_entity = has_annotation(node.getAnnotations(), annotation::entity);
    auto generated = "what is generated from " + type.where.path;
    for (auto suffix : {"_contract", "_entity", "_client", "_activities"}) {
      bool of_entities = std::string_view(suffix) != "_activities";
      bool of_both = std::string_view(suffix) == "_contract";
      if (of_both || of_entities == is_entity) {
        outside.add(type.cpp_name + suffix, generated, type.where);
      }
    }
    name_scope names{into_};
    for (auto method : node.getInterface().getMethods()) {
      auto name = to_string(method.getName());
      auto where = type.where.inside(name);
      if (!names.add(snake_case(name), name, where)) continue;
      check_taken(snake_case(name), name, where, is_entity, type);
      for (auto id : {method.getParamStructType(), method.getResultStructType()}) {
        auto* message = from_.find(id);
        if (message && message->anonymous) {
          names.add(message->cpp_name, "the parameters or results of " + name, where);
        }
      }
    }
  }

  void check_taken(const std::string& cpp, const std::string& name, const place& where,
                   bool is_entity, const declaration& type) {
    bool taken = is_entity
                     ? contains(taken_in_entities, cpp) || cpp == type.cpp_name + "_entity" ||
                           cpp == type.cpp_name + "_client"
                     : contains(taken_in_activities, cpp) || cpp == type.cpp_name + "_activities";
    if (taken) {
      into_.error(where, "method \"" + name + "\" is called " + cpp +
                             " in C++, which generated classes need for themselves; rename it");
    }
  }

  /// Structs of groups and unions stand `outside`, with names that begin with `prefix`.
  void check_struct(capnp::StructSchema type, const place& where, const std::string& prefix,
                    name_scope& outside) {
    name_scope names{into_};
    name_scope cases{into_};
    for (auto field : type.getFields()) {
      auto proto = field.getProto();
      auto name = to_string(proto.getName());
      auto cpp = snake_case(name);
      auto inside = where.inside(name);
      bool in_union = proto.getDiscriminantValue() != capnp::schema::Field::NO_DISCRIMINANT;
      if (in_union) {
        cases.add(cpp, name, inside);
        names.add("which", "the union", inside);
        names.add("which_is", "the union", inside);
        outside.add(prefix + "_which_is", "the union of " + where.path, inside);
      } else {
        names.add(cpp, name, inside);
        if (proto.isGroup()) {
          names.add(cpp + "_group", "the group " + name, inside);
          names.add(cpp + "_is", "the union " + name, inside);
          outside.add(prefix + '_' + cpp + "_group", "the group " + inside.path, inside);
          outside.add(prefix + '_' + cpp + "_is", "the union " + inside.path, inside);
        } else if (proto.getSlot().getHadExplicitDefault()) {
          names.add("default_" + cpp, "the default of " + name, inside);
        }
      }
      if (proto.isGroup()) {
        check_struct(field.getType().asStruct(), inside, prefix + '_' + cpp, outside);
      }
    }
  }

  const schemas& from_;
  diagnostics& into_;
};

}  // namespace

std::set<std::string, std::less<>> names_taken_in_entities() {
  return {std::begin(taken_in_entities), std::end(taken_in_entities)};
}

void check_names(const schemas& from, std::uint64_t file, diagnostics& into) {
  checker{from, into}.check_file(file);
}

}  // namespace perdure::compiler
