#include <algorithm>
#include <initializer_list>
#include <map>

#include "entities/compiler/names.h"
#include "entities/compiler/writers.h"

namespace perdure::compiler {

namespace {

/// Returns "perdure::decode<item>(params)", or nothing where there are no parameters.
std::string decoded(const interface_model& model, const message& params) {
  return params.empty ? "" : "perdure::decode<" + outside(model, params) + ">(params)";
}

/// Returns the call of a handler, from a hook whose parameters `of_hook` are.
std::string call_of(const interface_model& model, const method_model& method,
                    std::initializer_list<std::string_view> of_hook) {
  bool hidden = std::find(of_hook.begin(), of_hook.end(), method.cpp) != of_hook.end();
  return (hidden ? "this->" : "") + method.cpp + "(" + decoded(model, method.params) + ")";
}

std::string case_of(const method_model& method) {
  return "case " + std::to_string(method.ordinal) + ": ";
}

/// Writes the case of a method that answers: with `awaiting` and `returning`, the words for it.
void write_answer(const method_model& method, const std::string& call, const char* awaiting,
                  const char* returning, printer& to) {
  if (method.results.empty) {
    to.line(case_of(method), awaiting, call, "; ", returning, " perdure::empty_payload();");
  } else {
    to.line(case_of(method), returning, " perdure::encode(", awaiting, call, ");");
  }
}

/// Ends a dispatch: `which` is none of the methods above.
void write_unknown(const interface_model& model, const char* which, printer& to) {
  to.close();
  to.line("perdure::wire::not_in_contract(", quoted(model.name), ", ", which, ".name);");
  to.close();
}

/// Returns the parameter of a hook, without its name where none of its methods has parameters.
template <class Handled>
std::string params_of_hook(const interface_model& model, Handled handled) {
  bool used = std::any_of(model.methods.begin(), model.methods.end(),
                          [&](auto& method) { return handled(method) && !method.params.empty; });
  return used ? "perdure::bytes_view params" : "perdure::bytes_view";
}

void write_run_signal(const interface_model& model, printer& to) {
  auto handled = [](auto& method) { return method.kind == method_kind::signal; };
  to.gap();
  to.open("void ", model.type->cpp_name, "_entity::run_signal(const perdure::method& method, ",
          params_of_hook(model, handled), ") {");
  to.open("switch (method.ordinal) {");
  for (auto& method : model.methods) {
    if (!handled(method)) continue;
    to.line(case_of(method), "return ", call_of(model, method, {"method", "params"}), ";");
  }
  write_unknown(model, "method", to);
}

/// Of updates and the main.
void write_run_update(const interface_model& model, printer& to) {
  auto handled = [](auto& method) {
    return method.kind == method_kind::update || method.kind == method_kind::main;
  };
  to.gap();
  to.line("perdure::task<perdure::bytes> ", model.type->cpp_name,
          "_entity::run_update(const perdure::method& method,");
  to.open("    ", params_of_hook(model, handled), ") {");
  to.open("switch (method.ordinal) {");
  for (auto& method : model.methods) {
    if (!handled(method)) continue;
    write_answer(method, call_of(model, method, {"method", "params"}), "co_await ", "co_return",
                 to);
  }
  write_unknown(model, "method", to);
}

void write_run_query(const interface_model& model, printer& to) {
  auto handled = [](auto& method) { return method.kind == method_kind::query; };
  to.gap();
  to.line("perdure::bytes ", model.type->cpp_name,
          "_entity::run_query(const perdure::method& method,");
  to.open("    ", params_of_hook(model, handled), ") const {");
  to.open("switch (method.ordinal) {");
  for (auto& method : model.methods) {
    if (!handled(method)) continue;
    write_answer(method, call_of(model, method, {"method", "params"}), "", "return", to);
  }
  write_unknown(model, "method", to);
}

void write_state(const interface_model& model, printer& to) {
  auto name = model.type->cpp_name + "_entity";
  to.gap();
  to.line("perdure::bytes ", name, "::save_state() const { return perdure::encode(state); }");
  to.gap();
  to.open("void ", name, "::load_state(perdure::bytes_view saved) {");
  to.line("state = perdure::decode<", model.state_cpp, ">(saved);");
  to.close();
}

/// Writes one `ordinal_of` for each signature of signals.
void write_ordinals(const interface_model& model, printer& to) {
  auto name = model.type->cpp_name + "_entity";
  std::map<std::string, std::vector<const method_model*>> by_params;
  for (auto& method : model.methods) {
    if (method.kind != method_kind::signal) continue;
    auto params = method.params.empty ? "" : "const " + method.params.cpp + "&";
    by_params[params].push_back(&method);
  }
  for (auto& [params, methods] : by_params) {
    to.gap();
    to.line("std::uint16_t ", name, "::ordinal_of(");
    to.open("    void (", name, "::*signal)(", params, "), std::string_view reminder) {");
    to.line("using handler = void (", name, "::*)(", params, ");");
    for (auto* method : methods) {
      to.line("if (signal == static_cast<handler>(&", name, "::", method->cpp, ")) return ",
              std::to_string(method->ordinal), ";");
    }
    to.line("perdure::wire::not_a_signal(", quoted(model.name), ", reminder);");
    to.close();
  }
}

void write_client_method(const interface_model& model, const method_model& method, printer& to) {
  auto params = method.params.empty ? "" : "const " + outside(model, method.params) + "& params, ";
  std::string results, decoder;
  if (method.kind == method_kind::signal) {
    results = "perdure::receipt";
    decoder = "perdure::to_receipt";
  } else if (method.results.empty) {
    results = "perdure::nothing";
    decoder = "perdure::wire::no_results";
  } else {
    results = outside(model, method.results);
    decoder = "perdure::wire::results_of<" + results + ">";
  }
  to.gap();
  to.line("perdure::prepared_call<", results, "> ", model.type->cpp_name, "_client::", method.cpp,
          "(");
  to.open("    ", params, "perdure::call_options options) const {");
  to.line("auto& contract = ", model.type->cpp_name, "_contract::description();");
  to.open("perdure::request what{");
  to.line(".target = {std::string(contract.type), id_},");
  to.line(".contract = &contract,");
  to.line(".method = &contract.methods[", std::to_string(method.ordinal), "],");
  to.line(".params = ",
          method.params.empty ? "perdure::empty_payload()" : "perdure::encode(params)", ",");
  to.line(".options = std::move(options),");
  to.close("};");
  to.line("return {*through_, std::move(what), ", decoder, "};");
  to.close();
}

void write_client(const interface_model& model, printer& to) {
  auto name = model.type->cpp_name + "_client";
  to.gap();
  to.line(name, "::", name, "(perdure::caller& through, std::string id)");
  to.line("    : through_(&through), id_(std::move(id)) {}");
  for (auto& method : model.methods) write_client_method(model, method, to);
}

void write_activities(const interface_model& model, printer& to) {
  auto name = model.type->cpp_name + "_activities";
  to.gap();
  to.open("const perdure::activities_description& ", name, "::described() const {");
  to.line("return ", model.type->cpp_name, "_contract::description();");
  to.close();
  to.gap();
  auto params = params_of_hook(model, [](auto&) { return true; });
  to.open("perdure::bytes ", name, "::run(const perdure::activity& which, ", params, ") {");
  to.open("switch (which.ordinal) {");
  for (auto& method : model.methods) {
    write_answer(method, call_of(model, method, {"which", "params"}), "", "return", to);
  }
  write_unknown(model, "which", to);
}

}  // namespace

void write_interface(const interface_model& model, printer& to) {
  if (!model.is_entity) {
    write_activities(model, to);
    write_stub_methods(model, to);
    return;
  }
  write_run_signal(model, to);
  write_run_update(model, to);
  write_run_query(model, to);
  write_state(model, to);
  write_ordinals(model, to);
  write_client(model, to);
  write_stub_methods(model, to);
}

}  // namespace perdure::compiler
