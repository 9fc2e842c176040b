#include "gateway/json_text.h"
#include "gateway/openapi.h"

namespace perdure::gateway {

namespace {

void write_definitions(json_writer& json, const core::json_codec& codec) {
  json.key("schemas").begin_object();
  for (auto& [name, schema] : codec.definitions()) json.raw(name, schema);
  json.end_object();
}

/// The members that methods and activities have in common.
template <class Method>
void write_signature(json_writer& json, const core::json_codec& codec, const Method& method) {
  json.number("ordinal", method.ordinal).text("source", method.source);
  json.raw("params", codec.json_schema(method.params));
  json.raw("results", codec.json_schema(method.results));
}

void write_type(json_writer& json, const runtime::hosted_type& type) {
  auto& contract = type.contract();
  json.begin_object().text("type", contract.type).text("source", contract.source);
  json.key("methods").begin_array();
  for (auto& method : contract.methods) {
    json.begin_object().text("name", method.name).text("kind", to_string(method.kind));
    write_signature(json, type.json, method);
    json.end_object();
  }
  json.end_array().raw("state", type.json.json_schema(contract.state));
  write_definitions(json, type.json);
  json.end_object();
}

void write_interface(json_writer& json, const known_interface& known) {
  json.begin_object().text("name", known.what->name).text("source", known.what->source);
  json.key("methods").begin_array();
  for (auto& activity : known.what->activities) {
    json.begin_object().text("name", activity.name);
    write_signature(json, known.json, activity);
    json.end_object();
  }
  json.end_array();
  write_definitions(json, known.json);
  json.end_object();
}

}  // namespace

std::string types_json(const std::vector<const runtime::hosted_type*>& types,
                       const known_activities& activities) {
  json_writer json;
  json.begin_object().key("types").begin_array();
  for (auto* type : types) write_type(json, *type);
  json.end_array().key("activities").begin_array();
  for (auto& [name, known] : activities.all()) write_interface(json, known);
  return json.end_array().end_object().take();
}

}  // namespace perdure::gateway
