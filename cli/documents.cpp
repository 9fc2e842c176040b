#include <CLI/CLI.hpp>

#include "cli/commands.h"
#include "cli/print.h"
#include "cli/session.h"

namespace perdure::cli {

namespace {

using gateway::json_document;

/// Names and types of a schema's properties, e.g. "sku: string, quantity: integer".
std::string fields_of(const json_document& type, const json_document* schema) {
  if (schema == nullptr) return {};
  if (const auto target = schema->shown("$ref"); !target.empty()) {
    auto* schemas = type.find("schemas");
    schema = schemas == nullptr ? nullptr : schemas->find(target.substr(target.rfind('/') + 1));
  }
  auto* properties = schema == nullptr ? nullptr : schema->find("properties");
  if (properties == nullptr || properties->members() == nullptr) return {};
  std::string text;
  for (auto& [name, property] : *properties->members()) {
    auto kind = property.shown("type");
    if (auto target = property.shown("$ref"); !target.empty())
      kind = target.substr(target.rfind('/') + 1);
    text += (text.empty() ? "" : ", ") + name + (kind.empty() ? "" : ": " + kind);
  }
  return text;
}

void add_activities(const json_document& document, table& rows) {
  auto* all = document.find("activities");
  if (all == nullptr || all->elements() == nullptr) return;
  for (auto& each : *all->elements()) {
    auto* methods = each.find("methods");
    if (methods == nullptr || methods->elements() == nullptr) continue;
    for (auto& method : *methods->elements()) {
      rows.add({each.shown("name"), "activity", method.shown("name"),
                fields_of(each, method.find("params")), fields_of(each, method.find("results"))});
    }
  }
}

void print_types(const json_document& document) {
  table rows({"TYPE", "KIND", "METHOD", "PARAMETERS", "RESULTS"});
  if (auto* types = document.find("types"); types != nullptr && types->elements() != nullptr) {
    for (auto& type : *types->elements()) {
      auto* methods = type.find("methods");
      if (methods == nullptr || methods->elements() == nullptr) continue;
      for (auto& method : *methods->elements()) {
        rows.add({type.shown("type"), method.shown("kind"), method.shown("name"),
                  fields_of(type, method.find("params")), fields_of(type, method.find("results"))});
      }
    }
  }
  add_activities(document, rows);
  rows.print();
}

/// Prometheus text as a JSON object of its samples.
std::string metrics_as_json(const std::string& text) {
  gateway::json_writer json;
  json.begin_object();
  std::size_t begin = 0;
  while (begin < text.size()) {
    const auto end = std::min(text.find('\n', begin), text.size());
    const auto line = text.substr(begin, end - begin);
    begin = end + 1;
    const auto space = line.rfind(' ');
    if (line.starts_with('#') || space == std::string::npos) continue;
    json.text(line.substr(0, space), line.substr(space + 1));
  }
  return json.end_object().take();
}

}  // namespace

void add_types(CLI::App& app, const globals& chosen) {
  auto* command = app.add_subcommand("types", "List the entity types and their methods");
  command->footer("Example: perdure types");
  command->callback([&chosen] {
    session node(chosen);
    auto response = node.send({.path = "/v1/types"});
    if (node.json()) return print_line(response.body);
    print_types(json_document::parse(response.body).value());
  });
}

void add_metrics(CLI::App& app, const globals& chosen) {
  auto* command = app.add_subcommand("metrics", "Show the node's metrics");
  command->footer("Example: perdure metrics | grep perdure_signals_total");
  command->callback([&chosen] {
    session node(chosen);
    auto text = node.send({.path = "/metrics"}).body;
    if (node.json()) return print_line(metrics_as_json(text));
    if (text.ends_with('\n')) text.pop_back();
    print_line(text);
  });
}

}  // namespace perdure::cli
