#include "entities/compiler/checks.h"

#include <set>

#include "entities/compiler/names.h"

namespace perdure::compiler {

using capnp::schema::Node;

namespace {

std::string quote(std::string_view name) { return '"' + std::string(name) + '"'; }

/// Returns what people call a type without a pointer.
const char* type_name(capnp::Type type) {
  using kind = capnp::schema::Type;
  switch (type.which()) {
    case kind::VOID:
      return "Void";
    case kind::BOOL:
      return "a Bool";
    case kind::FLOAT32:
    case kind::FLOAT64:
      return "a float";
    case kind::ENUM:
      return "an enum";
    default:
      return "an integer";
  }
}

class file_checker {
public:
  file_checker(const schemas& from, std::uint64_t file, diagnostics& into)
      : from_(from), file_(file), into_(into) {}

  void check() {
    check_namespace();
    for (auto* type : from_.declared_in(file_)) {
      auto schema = from_.loader().get(type->id);
      auto node = schema.getProto();
      // What is inside of something generic is generic too; the outermost is named.
      if (node.getIsGeneric())
        check_generic(*type, node);
      else if (node.isStruct())
        check_fields(schema.asStruct(), type->where);
      if (node.isInterface()) check_interface(node, *type);
    }
  }

private:
  void check_namespace() {
    auto node = from_.node(file_);
    auto given = text_annotation(node->getAnnotations(), annotation::in_namespace);
    if (given && !is_namespace(*given)) {
      into_.error({file_, "$namespace"}, "namespace " + quote(*given) +
                                             " is not valid; write names separated by dots, e.g. "
                                             "$Perdure.namespace(\"acme.shop\")");
    }
  }

  void check_generic(const declaration& type, Node::Reader node) {
    if (node.getParameters().size() == 0 || type.anonymous) return;
    into_.error(type.where, (node.isInterface() ? "interface " : "struct ") + type.where.path +
                                " is generic; write one for each type it is used with");
  }

  // -- fields -----------------------------------------------------------------------------------

  void check_fields(capnp::StructSchema type, const place& where) {
    for (auto field : type.getFields()) {
      auto proto = field.getProto();
      auto name = to_string(proto.getName());
      auto inside = where.inside(name);
      bool optional = has_annotation(proto.getAnnotations(), annotation::optional);
      if (proto.isGroup()) {
        if (optional) not_optional(inside, name, "a group");
        check_fields(field.getType().asStruct(), inside);
      } else {
        check_type(field.getType(), inside, name);
        if (optional) check_optional(field, inside, name);
      }
    }
  }

  void check_type(capnp::Type type, const place& where, const std::string& name) {
    if (type.isAnyPointer()) {
      into_.error(where, "field " + quote(name) +
                             " is an AnyPointer, whose type nobody knows; write a struct, a list, "
                             "or Data");
    } else if (type.isInterface()) {
      into_.error(where, "field " + quote(name) +
                             " is an interface, and a reference to a live object cannot be kept; "
                             "write the id of what it refers to, as Text");
    } else if (type.isStruct() && type.asStruct().getProto().getIsGeneric()) {
      into_.error(where,
                  "field " + quote(name) +
                      " uses a generic struct; write a struct for the types it is used with");
    } else if (type.isList()) {
      auto element = type.asList().getElementType();
      if (element.isVoid()) {
        into_.error(where, "field " + quote(name) +
                               " is a list of Void; write how many there are, as UInt32");
      } else {
        check_type(element, where, name);
      }
    }
  }

  void check_optional(capnp::StructSchema::Field field, const place& where,
                      const std::string& name) {
    auto type = field.getType();
    if (!type.isText() && !type.isData() && !type.isList() && !type.isStruct()) {
      not_optional(where, name, type_name(type));
    } else if (field.getProto().getSlot().getHadExplicitDefault()) {
      into_.error(where, "field " + quote(name) +
                             " is optional and has a default; leave one of the two out");
    }
  }

  void not_optional(const place& where, const std::string& name, const char* what) {
    into_.error(where, "field " + quote(name) + " is " + what +
                           " and cannot be optional; put it into a struct of its own, or leave "
                           "$Perdure.optional out");
  }

  // -- interfaces -------------------------------------------------------------------------------

  void check_interface(Node::Reader node, const declaration& type) {
    auto entity = text_annotation(node.getAnnotations(), annotation::entity);
    auto activities = text_annotation(node.getAnnotations(), annotation::activities);
    auto& name = type.where.path;
    if (!entity && !activities) {
      auto example = "(\"" + type.cpp_name + "\")";
      into_.error(type.where, name + " is neither an entity nor activities; write $Perdure.entity" +
                                  example + " or $Perdure.activities" + example +
                                  " behind its name");
      return;
    }
    if (entity && activities) {
      into_.error(type.where,
                  name + " is both an entity and activities; make two interfaces of it");
    }
    if (entity)
      check_entity(node, type, *entity);
    else if (activities)
      check_activities(node, type, *activities);
    if (node.getInterface().getSuperclasses().size() > 0) {
      into_.error(type.where,
                  name + " extends another interface; write all its methods in " + name);
    }
    for (auto method : node.getInterface().getMethods()) {
      check_method(method, type, entity.has_value());
    }
    if (entity) check_mains(node, type);
  }

  void check_name(const declaration& type, const char* what, const std::string& name) {
    if (!is_entity_name(name)) {
      into_.error(type.where, std::string(what) + " name " + quote(name) +
                                  " is not valid; write lower-case letters, digits, '-' and '_', "
                                  "beginning with a letter, at most 63");
    } else if (!names_.emplace(std::string(what) + ' ' + name).second) {
      into_.error(type.where, std::string(what) + " name " + quote(name) +
                                  " is already taken in this file; give each its own");
    }
  }

  void check_entity(Node::Reader node, const declaration& type, const std::string& name) {
    check_name(type, "entity", name);
    auto state = text_annotation(node.getAnnotations(), annotation::state);
    if (!state) {
      into_.error(type.where, type.where.path + " has no state; write $Perdure.state(\"" +
                                  type.where.path + "State\") behind its name, and that struct");
      return;
    }
    for (auto* candidate : from_.declared_in(file_)) {
      if (candidate->anonymous || candidate->where.path != *state) continue;
      if (!from_.node(candidate->id)->isStruct()) {
        into_.error(type.where, "state " + quote(*state) + " of " + type.where.path +
                                    " is not a struct; name a struct of this file");
      }
      return;
    }
    into_.error(type.where, "state " + quote(*state) + " of " + type.where.path +
                                " is not in this file; write struct " + *state +
                                ", or the name of another struct of this file");
  }

  void check_activities(Node::Reader node, const declaration& type, const std::string& name) {
    check_name(type, "activities", name);
    if (has_annotation(node.getAnnotations(), annotation::state)) {
      into_.error(type.where,
                  type.where.path + " is activities and has no state; leave $Perdure.state out");
    }
  }

  void check_method(capnp::schema::Method::Reader method, const declaration& owner,
                    bool of_entity) {
    auto name = to_string(method.getName());
    auto where = owner.where.inside(name);
    auto of = method.getAnnotations();
    bool signal = has_annotation(of, annotation::signal);
    int kinds = signal + has_annotation(of, annotation::update) +
                has_annotation(of, annotation::query) + has_annotation(of, annotation::main);
    constexpr auto choice = "$Perdure.signal, $Perdure.update, $Perdure.query, $Perdure.main";
    if (of_entity && kinds == 0) {
      into_.error(where,
                  "method " + quote(name) + " has no kind; write one of " + choice + " behind it");
    } else if (of_entity && kinds > 1) {
      into_.error(where, "method " + quote(name) + " has " + std::to_string(kinds) +
                             " kinds; keep one of " + choice);
    } else if (!of_entity && kinds > 0) {
      into_.error(where,
                  "method " + quote(name) + " is not of an entity; leave " + choice + " out");
    }
    if (method.getImplicitParameters().size() > 0) {
      into_.error(where, "method " + quote(name) + " is generic; write one for each type");
    }
    check_messages(method, where, name, signal && kinds == 1);
  }

  void check_mains(Node::Reader node, const declaration& owner) {
    std::string first;
    for (auto method : node.getInterface().getMethods()) {
      if (!has_annotation(method.getAnnotations(), annotation::main)) continue;
      auto name = to_string(method.getName());
      if (first.empty()) {
        first = name;
        continue;
      }
      auto line = from_.line_of(owner.where.inside(first));
      into_.error(owner.where.inside(name),
                  "method " + quote(name) + " is a main, and so is " + quote(first) +
                      (line == 0 ? "" : " in line " + std::to_string(line)) +
                      "; keep one, and make the other an update");
    }
  }

  void check_messages(capnp::schema::Method::Reader method, const place& where,
                      const std::string& name, bool signal) {
    if (method.getResultStructType() == stream_result) {
      into_.error(where, "method " + quote(name) + " is streaming; write -> () for no results");
      return;
    }
    auto results = from_.node(method.getResultStructType());
    bool empty =
        results && results->getScopeId() == 0 && results->getStruct().getFields().size() == 0;
    if (signal && !empty) {
      into_.error(where, "signal " + quote(name) +
                             " has results, and nobody waits for them; write -> (), or make it an "
                             "update");
    }
    for (auto id : {method.getParamStructType(), method.getResultStructType()}) {
      auto node = from_.node(id);
      if (node && node->getScopeId() != 0 && node->getIsGeneric()) {
        into_.error(where, "method " + quote(name) +
                               " uses a generic struct; write a struct for the types it is used "
                               "with");
      }
    }
  }

  const schemas& from_;
  std::uint64_t file_;
  diagnostics& into_;
  std::set<std::string> names_;
};

}  // namespace

void check(const schemas& from, std::uint64_t file, diagnostics& into) {
  file_checker{from, file, into}.check();
  check_names(from, file, into);
}

}  // namespace perdure::compiler
