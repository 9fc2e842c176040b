#include <algorithm>
#include <iterator>
#include <map>

#include "entities/compiler/checks.h"
#include "entities/compiler/names.h"

namespace perdure::compiler {

namespace {

// What handlers call, what the runtime calls, and what is generated beside the handlers. The rest
// of the bases' members (those that are private and not virtual) may be hidden.
constexpr std::string_view taken_in_entities[] = {"activities",
                                                  "cancel_reminder",
                                                  "child",
                                                  "continue_point",
                                                  "contract_type",
                                                  "entity",
                                                  "entity_base",
                                                  "generated_type",
                                                  "handlers_finished",
                                                  "is_cancelled",
                                                  "keep_state",
                                                  "load_state",
                                                  "mutex",
                                                  "now",
                                                  "ordinal_of",
                                                  "random",
                                                  "remind",
                                                  "remind_at",
                                                  "remove_attribute",
                                                  "reply",
                                                  "restore_state",
                                                  "run_query",
                                                  "run_signal",
                                                  "run_update",
                                                  "save_state",
                                                  "self",
                                                  "semaphore",
                                                  "set_attribute",
                                                  "set_reminder",
                                                  "side_effect",
                                                  "sleep",
                                                  "spawn",
                                                  "state",
                                                  "state_type",
                                                  "stateful",
                                                  "uuid",
                                                  "version",
                                                  "wait_until",
                                                  "within"};
constexpr std::string_view taken_in_activities[] = {
    "activities_base", "context", "contract_type", "described", "generated_type", "run"};

// Private members of the bases, members of stubs, and what generated functions call their
// parameters and variables.
constexpr std::string_view hiding_in_entities[] = {
    "after",  "ask",   "cancel", "contract", "due",       "entity_stub", "handler",
    "id",     "kept",  "kind",   "method",   "name",      "named",       "options",
    "params", "pause", "reason", "recorded", "reminder",  "reply_with",  "request",
    "result", "saved", "signal", "tell",     "terminate", "through",     "what"};
constexpr std::string_view hiding_in_activities[] = {"activities_stub", "current", "params",
                                                     "which"};
constexpr std::string_view hiding_in_contracts[] = {"client_type", "description", "state_type",
                                                    "stub"};

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
    auto classes = generated_classes(type, is_entity);
    for (auto& name : classes) outside.add(name, generated, type.where);
    outside.add(type.cpp_name + "_contract", generated, type.where);
    name_scope names{into_};
    bool has_main = false;
    for (auto method : node.getInterface().getMethods()) {
      has_main |= has_annotation(method.getAnnotations(), annotation::main);
    }
    for (auto method : node.getInterface().getMethods()) {
      auto name = to_string(method.getName());
      auto where = type.where.inside(name);
      if (!names.add(snake_case(name), name, where)) continue;
      if (contains(classes, snake_case(name)) ||
          taken_names(is_entity).contains(snake_case(name))) {
        refuse(name, "generated classes need for themselves", where);
      } else if (is_entity && has_main && snake_case(name) == "result") {
        refuse(name, "the stub of a contract with a main needs for itself", where);
      }
      for (auto id : {method.getParamStructType(), method.getResultStructType()}) {
        auto* message = from_.find(id);
        if (message && message->anonymous) {
          names.add(message->cpp_name, "the parameters or results of " + name, where);
        }
      }
    }
  }

  static std::vector<std::string> generated_classes(const declaration& type, bool is_entity) {
    auto& name = type.cpp_name;
    if (!is_entity) return {name + "_activities", name + "_stub"};
    return {name + "_entity", name + "_client", name + "_stub"};
  }

  void refuse(const std::string& method, const std::string& who_needs, const place& where) {
    into_.error(where, "method \"" + method + "\" is called " + snake_case(method) +
                           " in C++, which " + who_needs + "; rename it");
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

std::set<std::string, std::less<>> taken_names(bool of_entity) {
  if (of_entity) return {std::begin(taken_in_entities), std::end(taken_in_entities)};
  return {std::begin(taken_in_activities), std::end(taken_in_activities)};
}

std::set<std::string, std::less<>> hiding_names(bool of_entity) {
  auto names = taken_names(of_entity);
  if (of_entity) {
    names.insert(std::begin(hiding_in_entities), std::end(hiding_in_entities));
  } else {
    names.insert(std::begin(hiding_in_activities), std::end(hiding_in_activities));
  }
  return names;
}

std::set<std::string, std::less<>> names_hiding_in_contracts() {
  return {std::begin(hiding_in_contracts), std::end(hiding_in_contracts)};
}

void check_names(const schemas& from, std::uint64_t file, diagnostics& into) {
  checker{from, into}.check_file(file);
}

}  // namespace perdure::compiler
