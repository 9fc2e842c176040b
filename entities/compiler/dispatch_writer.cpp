#include <map>

#include "entities/compiler/names.h"
#include "entities/compiler/writers.h"

namespace perdure::compiler {

namespace {

/// Returns a message's type outside its class: "cart_contract::total_results".
std::string outside(const interface_model& model, const message& what) {
  return what.anonymous ? model.type->cpp_name + "_contract::" + what.cpp : what.cpp;
}

/// Returns "perdure::decode<item>(params)", or nothing where there are no parameters.
std::string decoded(const interface_model& model, const message& params) {
  return params.empty ? "" : "perdure::decode<" + outside(model, params) + ">(params)";
}

std::string case_of(const method_model& method) {
  return "case " + std::to_string(method.ordinal) + ": ";
}

/// Ends a dispatch: the method is none of those above.
void write_unknown(const interface_model& model, printer& to) {
  to.line("perdure::wire::not_in_contract(", quoted(model.name), ", method.name);");
}

void write_run_signal(const interface_model& model, printer& to) {
  to.gap();
  to.open("void ", model.type->cpp_name,
          "_entity::run_signal(const perdure::method& method, perdure::bytes_view params) {");
  to.open("switch (method.ordinal) {");
  for (auto& method : model.methods) {
    if (method.kind != method_kind::signal) continue;
    to.line(case_of(method), "return ", method.cpp, "(", decoded(model, method.params), ");");
  }
  to.close();
  write_unknown(model, to);
  to.close();
}

void write_run_update(const interface_model& model, printer& to) {
  to.gap();
  to.line("perdure::task<perdure::bytes> ", model.type->cpp_name,
          "_entity::run_update(const perdure::method& method,");
  to.open("    perdure::bytes_view params) {");
  to.open("switch (method.ordinal) {");
  for (auto& method : model.methods) {
    if (method.kind != method_kind::update) continue;
    auto call = method.cpp + "(" + decoded(model, method.params) + ")";
    if (method.results.empty) {
      to.line(case_of(method), "co_await ", call, "; co_return perdure::empty_payload();");
    } else {
      to.line(case_of(method), "co_return perdure::encode(co_await ", call, ");");
    }
  }
  to.close();
  write_unknown(model, to);
  to.close();
}

void write_run_query(const interface_model& model, printer& to) {
  to.gap();
  to.line("perdure::bytes ", model.type->cpp_name,
          "_entity::run_query(const perdure::method& method,");
  to.open("    perdure::bytes_view params) const {");
  to.open("switch (method.ordinal) {");
  for (auto& method : model.methods) {
    if (method.kind != method_kind::query) continue;
    auto call = method.cpp + "(" + decoded(model, method.params) + ")";
    if (method.results.empty) {
      to.line(case_of(method), call, "; return perdure::empty_payload();");
    } else {
      to.line(case_of(method), "return perdure::encode(", call, ");");
    }
  }
  to.close();
  write_unknown(model, to);
  to.close();
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
  to.open("perdure::bytes ", name,
          "::run(const perdure::activity& which, perdure::bytes_view params) {");
  to.open("switch (which.ordinal) {");
  for (auto& method : model.methods) {
    auto call = method.cpp + "(" + decoded(model, method.params) + ")";
    if (method.results.empty) {
      to.line(case_of(method), call, "; return perdure::empty_payload();");
    } else {
      to.line(case_of(method), "return perdure::encode(", call, ");");
    }
  }
  to.close();
  to.line("perdure::wire::not_in_contract(", quoted(model.name), ", which.name);");
  to.close();
}

}  // namespace

void write_interface(const interface_model& model, printer& to) {
  if (!model.is_entity) {
    write_activities(model, to);
    return;
  }
  write_run_signal(model, to);
  write_run_update(model, to);
  write_run_query(model, to);
  write_state(model, to);
  write_ordinals(model, to);
  write_client(model, to);
}

}  // namespace perdure::compiler
