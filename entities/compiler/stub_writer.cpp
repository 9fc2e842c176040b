#include <algorithm>
#include <array>

#include "entities/compiler/names.h"
#include "entities/compiler/writers.h"

namespace perdure::compiler {

namespace {

// Everything of the base is called by its full name: a method of the contract may hide it.
std::string base_of(const interface_model& model) {
  return std::string("perdure::detail::") + (model.is_entity ? "entity_stub" : "activities_stub");
}

std::string name_of(const interface_model& model) { return model.type->cpp_name + "_stub"; }

bool hides_public_member(const method_model& method) {
  constexpr std::array<std::string_view, 3> members{"cancel", "id", "terminate"};
  return std::find(members.begin(), members.end(), method.cpp) != members.end();
}

/// Returns what a method returns, in the class or outside.
std::string returned(const interface_model& model, const method_model& method, bool in_class) {
  if (method.kind == method_kind::signal) return "void";
  if (method.results.empty) return "perdure::call<>";
  auto results = in_class ? method.results.cpp : outside(model, method.results);
  return "perdure::call<" + results + ">";
}

std::string quoted_with_ordinal(const method_model& method) {
  return std::to_string(method.ordinal) + ", " + quoted(method.name);
}

void write_entity_method(const interface_model& model, const method_model& method, printer& to) {
  auto params = method.params.empty ? "perdure::empty_payload()" : "perdure::encode(params)";
  if (method.kind == method_kind::signal) {
    to.line(base_of(model), "::tell(", quoted_with_ordinal(method), ", ", params, ");");
    return;
  }
  auto kind = method.kind == method_kind::main ? "run" : perdure::to_string(*method.kind);
  to.line("return ", base_of(model), "::ask<", results_or(method.results, "void"), ">(");
  to.line("    kind::", kind, ", ", quoted_with_ordinal(method), ", ", params, ");");
}

void write_activity(const interface_model& model, const method_model& method, printer& to) {
  to.line("return ", base_of(model), "::run<", results_or(method.results, "void"), ">(",
          std::to_string(method.ordinal), ", ",
          method.params.empty ? "perdure::empty_payload()" : "perdure::encode(params)", ");");
}

void write_method(const interface_model& model, const method_model& method, printer& to) {
  to.gap();
  to.open(returned(model, method, false), " ", name_of(model), "::", method.cpp, "(",
          params_by_reference(method.params), ") const {");
  if (model.is_entity)
    write_entity_method(model, method, to);
  else
    write_activity(model, method, to);
  to.close();
  if (method.kind != method_kind::main) return;
  to.gap();
  to.open(returned(model, method, false), " ", name_of(model), "::result() const {");
  to.line("return ", base_of(model), "::ask<", results_or(method.results, "void"), ">(");
  to.line("    kind::result, ", quoted_with_ordinal(method), ", perdure::empty_payload());");
  to.close();
}

void write_declaration(const interface_model& model, const method_model& method, printer& to) {
  bool is_main = method.kind == method_kind::main;
  to.line("/// ", title(method), is_main ? ": starts the entity, and awaits its results." : ".");
  if (model.is_entity && hides_public_member(method)) {
    to.line("/// Hides the runtime's ", method.cpp, ", which is `stub.", base_of(model),
            "::", method.cpp, "()`.");
  }
  to.line(returned(model, method, true), " ", method.cpp, "(", params_by_reference(method.params),
          ") const;");
  if (!is_main) return;
  to.line("/// Awaits the results of ", method.name, ", which runs or has ended.");
  to.line(returned(model, method, true), " result() const;");
}

}  // namespace

void write_stub(const interface_model& model, printer& to) {
  auto base = base_of(model);
  to.gap();
  to.line("/// Calls ", model.is_entity ? "one entity of type \"" : "activities \"", model.name,
          "\" from a handler.");
  to.open("class ", name_of(model), " final : public ", base, " {");
  to.label("public:");
  to.line("using ", base, "::", model.is_entity ? "entity_stub;" : "activities_stub;");
  write_message_aliases(model, to);
  to.gap();
  for (auto& method : model.methods) write_declaration(model, method, to);
  to.close("};");
}

void write_stub_methods(const interface_model& model, printer& to) {
  for (auto& method : model.methods) write_method(model, method, to);
}

}  // namespace perdure::compiler
