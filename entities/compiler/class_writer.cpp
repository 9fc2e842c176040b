#include "entities/compiler/checks.h"
#include "entities/compiler/writers.h"

namespace perdure::compiler {

namespace {

/// Names the contract's types in the class, so that classes derived from it need not qualify them.
void write_aliases(const file_model& file, const interface_model& model, printer& to) {
  auto is_free = [&](const std::string& name) {
    for (auto& method : model.methods) {
      if (method.cpp == name) return false;
    }
    return !taken_names(model.is_entity).contains(name);
  };
  auto alias = [&](const declaration& type) {
    if (type.anonymous || !is_free(type.cpp_name)) return;
    to.line("using ", type.cpp_name, " = ::", file.cpp_namespace, "::", type.cpp_name, ";");
  };
  for (auto& type : file.enums) alias(*type.type);
  for (auto& type : file.structs) alias(*type.type);
  write_message_aliases(model, to);
}

void write_handler(const method_model& method, printer& to) {
  to.line("/// ", title(method), ".");
  auto reference = params_by_reference(method.params);
  if (method.kind == method_kind::signal) {
    to.line("virtual void ", method.cpp, "(", reference, ") = 0;");
  } else if (method.kind == method_kind::query) {
    to.line("virtual ", results_or(method.results, "void"), " ", method.cpp, "(", reference,
            ") const = 0;");
  } else {
    auto value = method.params.empty ? "" : method.params.cpp + " params";
    to.line("virtual perdure::task<", results_or(method.results, ""), "> ", method.cpp, "(", value,
            ") = 0;");
  }
}

bool has_signals(const interface_model& model, bool with_params) {
  for (auto& method : model.methods) {
    if (method.kind == method_kind::signal && method.params.empty != with_params) return true;
  }
  return false;
}

void write_reminders(const std::string& name, printer& to) {
  to.gap();
  to.line(
      "/// Calls a signal of this entity when `after` has passed: a durable timer of that name,");
  to.line("/// which replaces one of the same name.");
  to.line("template <class Entity>");
  to.open(
      "void remind(std::string_view name, perdure::duration after, void (Entity::*signal)()) {");
  to.line("remind_at(name, perdure::later(now(), after), signal);");
  to.close();
  to.line("template <class Entity>");
  to.open(
      "void remind_at(std::string_view name, perdure::timestamp due, void (Entity::*signal)()) {");
  to.line("auto ordinal = ordinal_of(static_cast<void (", name, "::*)()>(signal), name);");
  to.line("set_reminder(name, due, ordinal, perdure::empty_payload());");
  to.close();
}

void write_reminders_with_params(const std::string& name, printer& to) {
  to.gap();
  to.line("/// Calls a signal with parameters.");
  to.line("template <class Entity, class Params>");
  to.line("void remind(std::string_view name, perdure::duration after,");
  to.line("            void (Entity::*signal)(const Params&),");
  to.open("            const std::type_identity_t<Params>& params) {");
  to.line("remind_at(name, perdure::later(now(), after), signal, params);");
  to.close();
  to.line("template <class Entity, class Params>");
  to.line("void remind_at(std::string_view name, perdure::timestamp due,");
  to.line("               void (Entity::*signal)(const Params&),");
  to.open("               const std::type_identity_t<Params>& params) {");
  to.line("auto ordinal =");
  to.line("    ordinal_of(static_cast<void (", name, "::*)(const Params&)>(signal), name);");
  to.line("set_reminder(name, due, ordinal, perdure::encode(params));");
  to.close();
}

/// Declares one `ordinal_of` for each signature of signals.
void write_ordinals(const interface_model& model, const std::string& name, printer& to) {
  std::set<std::string> written;
  for (auto& method : model.methods) {
    auto params = method.params.empty ? "" : "const " + method.params.cpp + "&";
    if (method.kind != method_kind::signal || !written.insert(params).second) continue;
    to.line("static std::uint16_t ordinal_of(void (", name, "::*signal)(", params, "),");
    to.line("                                std::string_view reminder);");
  }
}

void write_entity(const file_model& file, const interface_model& model, printer& to) {
  auto name = model.type->cpp_name + "_entity";
  to.gap();
  to.line("/// Entity \"", model.name, "\" (", model.source,
          "): derive a final class from it and override each method.");
  to.open("class ", name, " : public perdure::stateful<", model.state_cpp, "> {");
  to.label("public:");
  to.line("using generated_type = ", name, ";");
  to.line("using contract_type = ", model.type->cpp_name, "_contract;");
  write_aliases(file, model, to);
  to.gap();
  for (auto& method : model.methods) write_handler(method, to);
  if (model.has(method_kind::signal)) {
    to.gap();
    to.label("protected:");
    if (has_signals(model, false)) write_reminders(name, to);
    if (has_signals(model, true)) write_reminders_with_params(name, to);
  }
  to.gap();
  to.label("private:");
  write_ordinals(model, name, to);
  to.line("void run_signal(const perdure::method& method, perdure::bytes_view params) final;");
  to.line("perdure::task<perdure::bytes> run_update(const perdure::method& method,");
  to.line("                                         perdure::bytes_view params) final;");
  to.line("perdure::bytes run_query(const perdure::method& method,");
  to.line("                         perdure::bytes_view params) const final;");
  to.line("perdure::bytes save_state() const final;");
  to.line("void load_state(perdure::bytes_view saved) final;");
  to.close("};");
}

void write_client(const interface_model& model, printer& to) {
  auto name = model.type->cpp_name + "_client";
  to.gap();
  to.line("/// Calls one entity of type \"", model.name, "\".");
  to.open("class ", name, " {");
  to.label("public:");
  write_message_aliases(model, to);
  to.gap();
  to.line("/// REQUIRES: `through` outlives the client and what it prepares.");
  to.line(name, "(perdure::caller& through, std::string id);");
  to.gap();
  for (auto& method : model.methods) {
    to.line("/// ", title(method), ".");
    auto params = params_by_reference(method.params);
    to.line("perdure::prepared_call<",
            method.kind == method_kind::signal ? "perdure::receipt"
                                               : results_or(method.results, "perdure::nothing"),
            "> ", method.cpp, "(");
    to.line("    ", params, params.empty() ? "" : ", ",
            "perdure::call_options options = {}) const;");
  }
  to.gap();
  to.label("private:");
  to.line("perdure::caller* through_;");
  to.line("std::string id_;");
  to.close("};");
}

void write_activities(const file_model& file, const interface_model& model, printer& to) {
  auto name = model.type->cpp_name + "_activities";
  to.gap();
  to.line("/// Activities \"", model.name, "\" (", model.source,
          "): derive from it and override each method.");
  to.open("class ", name, " : public perdure::activities_base {");
  to.label("public:");
  to.line("using generated_type = ", name, ";");
  to.line("using contract_type = ", model.type->cpp_name, "_contract;");
  write_aliases(file, model, to);
  to.gap();
  for (auto& method : model.methods) {
    to.line("/// ", title(method), ".");
    to.line("virtual ", results_or(method.results, "void"), " ", method.cpp, "(",
            params_by_reference(method.params), ") = 0;");
  }
  to.gap();
  to.line("const perdure::activities_description& described() const final;");
  to.line("perdure::bytes run(const perdure::activity& which, perdure::bytes_view params) final;");
  to.close("};");
}

}  // namespace

void write_message_aliases(const interface_model& model, printer& to) {
  for (auto& method : model.methods) {
    for (auto* message : {&method.params, &method.results}) {
      if (!message->anonymous || message->empty) continue;
      to.line("using ", message->cpp, " = ", outside(model, *message), ";");
    }
  }
}

void write_classes(const file_model& file, const interface_model& model, printer& to) {
  if (model.is_entity) {
    write_entity(file, model, to);
    write_client(model, to);
  } else {
    write_activities(file, model, to);
  }
  write_stub(model, to);
}

}  // namespace perdure::compiler
