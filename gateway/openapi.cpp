#include "gateway/openapi.h"

#include <map>
#include <set>

#include "gateway/json_text.h"

namespace perdure::gateway {

namespace {

using hosted_types = std::vector<const runtime::hosted_type*>;

constexpr std::string_view reference = "#/components/schemas/";

std::string_view plural_of(method_kind kind) {
  switch (kind) {
    case method_kind::signal:
      return "signals";
    case method_kind::update:
      return "updates";
    case method_kind::query:
      return "queries";
    case method_kind::main:
      return "";
  }
  return "";
}

// -- schemas -------------------------------------------------------------------------------------

constexpr std::string_view problem_schema =
    R"({"type":"object","required":["type","title","status","detail","code","retryable"],)"
    R"("properties":{"type":{"type":"string"},"title":{"type":"string"},"status":{"type":"integer"},)"
    R"("detail":{"type":"string"},"code":{"type":"string"},"retryable":{"type":"boolean"},)"
    R"("requestId":{"type":"string"}}})";
constexpr std::string_view receipt_schema =
    R"({"type":"object","required":["event","run"],"properties":{)"
    R"("event":{"type":"string"},"run":{"type":"integer"}}})";
constexpr std::string_view acceptance_schema =
    R"({"type":"object","required":["requestId","event","run"],"properties":{)"
    R"("requestId":{"type":"string"},"event":{"type":"string"},"run":{"type":"integer"}}})";

/// The components of all contracts. Two contracts may give different structs the same name; then
/// the later contract's names get its type in front.
class schema_book {
public:
  explicit schema_book(const hosted_types& types) {
    for (auto* type : types) add(*type);
  }

  std::string schema_of(const runtime::hosted_type& type, std::uint64_t schema) const {
    return rename(type, type.json.json_schema(schema));
  }

  void write(json_writer& json) const {
    json.key("schemas").begin_object();
    json.raw("perdure.Problem", problem_schema).raw("perdure.Receipt", receipt_schema);
    json.raw("perdure.Acceptance", acceptance_schema);
    for (auto& [name, schema] : schemas_) json.raw(name, schema);
    json.end_object();
  }

private:
  void add(const runtime::hosted_type& type) {
    const auto definitions = type.json.definitions();
    for (auto& [name, schema] : definitions) {
      auto known = schemas_.find(name);
      if (known != schemas_.end() && known->second != schema) renamed_.insert(&type);
    }
    for (auto& [name, schema] : definitions) {
      const bool other_name = renamed_.contains(&type);
      schemas_.emplace(other_name ? std::string(type.contract().type) + '.' + name : name,
                       rename(type, schema));
    }
  }

  std::string rename(const runtime::hosted_type& type, std::string schema) const {
    if (!renamed_.contains(&type)) return schema;
    const auto prefix = std::string(type.contract().type) + '.';
    for (auto at = schema.find(reference); at != std::string::npos;
         at = schema.find(reference, at)) {
      at += reference.size();
      schema.insert(at, prefix);
    }
    return schema;
  }

  std::map<std::string, std::string> schemas_;
  std::set<const runtime::hosted_type*> renamed_;
};

// -- operations ----------------------------------------------------------------------------------

struct parameter {
  std::string_view place;  ///< "path", "query" or "header".
  std::string_view name;
  std::string_view schema;
  std::string_view description;
};

constexpr std::string_view text_schema = R"({"type":"string"})";
constexpr std::string_view event_schema = R"({"type":"string","pattern":"^[0-9]+$"})";
constexpr std::string_view count_schema = R"({"type":"integer","minimum":1,"maximum":1000})";
constexpr parameter id_parameter{"path", "id", R"({"type":"string","minLength":1,"maxLength":255})",
                                 "Which entity of the type."};
constexpr parameter key_parameter{"header", "Idempotency-Key", text_schema,
                                  "Within the entity's window the same key counts once."};

void write_parameters(json_writer& json, const std::vector<parameter>& parameters) {
  json.key("parameters").begin_array();
  for (auto& p : parameters) {
    json.begin_object().text("name", p.name).text("in", p.place);
    json.boolean("required", p.place == "path").text("description", p.description);
    json.raw("schema", p.schema).end_object();
  }
  json.end_array();
}

void write_content(json_writer& json, std::string_view media_type, std::string_view schema) {
  json.key("content").begin_object().key(media_type).begin_object();
  json.raw("schema", schema).end_object().end_object();
}

void write_response(json_writer& json, std::string_view status, std::string_view description,
                    std::string_view schema, std::string_view media_type = "application/json") {
  json.key(status).begin_object().text("description", description);
  write_content(json, media_type, schema);
  json.end_object();
}

void write_problem(json_writer& json) {
  write_response(json, "default", "What went wrong, and what to do about it.",
                 R"({"$ref":"#/components/schemas/perdure.Problem"})", "application/problem+json");
}

void write_body(json_writer& json, std::string_view schema) {
  json.key("requestBody").begin_object();
  write_content(json, "application/json", schema);
  json.end_object();
}

/// Begins an operation; `end_operation` after its responses ends it.
void begin_operation(json_writer& json, std::string_view verb, std::string_view id,
                     std::string_view summary, std::string_view tag) {
  json.key(verb).begin_object().text("operationId", id).text("summary", summary);
  json.key("tags").begin_array().text(tag).end_array();
}

void end_operation(json_writer& json) {
  write_problem(json);
  json.end_object().end_object();
}

void write_message(json_writer& json, const schema_book& book, const runtime::hosted_type& type,
                   const method& method, std::string_view verb) {
  const auto& contract = type.contract();
  const auto name = std::string(method.name);
  auto id = std::string(contract.type) + '.' + name;
  if (verb == "get") id += ".get";
  begin_operation(json, verb, id, std::string(to_string(method.kind)) + ' ' + name, contract.type);
  std::vector<parameter> parameters{id_parameter};
  if (method.kind != method_kind::query) parameters.push_back(key_parameter);
  if (method.kind == method_kind::signal) {
    parameters.push_back({"query", "delay", text_schema, "Handle it this much later, e.g. 90s."});
  } else if (method.kind == method_kind::update) {
    parameters.push_back({"query", "wait", R"({"type":"string","enum":["result","accepted"]})",
                          "What to wait for; accepted answers 202."});
    parameters.push_back({"query", "timeout", text_schema, "How long to wait, then 408."});
  } else {
    parameters.push_back({"query", "at", event_schema, "Answer from the state after this event."});
  }
  if (verb == "get") {
    parameters.push_back({"query", "parameters", R"({"type":"object","additionalProperties":true})",
                          "The query's parameters, each by its name."});
  }
  write_parameters(json, parameters);
  if (verb == "post") write_body(json, book.schema_of(type, method.params));
  json.key("responses").begin_object();
  if (method.kind == method_kind::signal) {
    write_response(json, "202", "Durable.", R"({"$ref":"#/components/schemas/perdure.Receipt"})");
  } else {
    write_response(json, "200", "The results.", book.schema_of(type, method.results));
  }
  if (method.kind == method_kind::update) {
    write_response(json, "202", "Durably accepted.",
                   R"({"$ref":"#/components/schemas/perdure.Acceptance"})");
  }
  end_operation(json);
}

void write_entity_paths(json_writer& json, const schema_book& book,
                        const runtime::hosted_type& type) {
  const auto name = std::string(type.contract().type);
  const auto base = "/v1/entities/" + name + "/{id}";
  const auto state = book.schema_of(type, type.contract().state);
  json.key(base).begin_object();
  begin_operation(json, "get", name + "..describe", "What there is to know of an entity", name);
  write_parameters(json, {id_parameter});
  json.key("responses").begin_object();
  write_response(json, "200", "The entity.",
                 R"({"type":"object","properties":{"state":)" + state + "}}");
  end_operation(json);
  begin_operation(json, "delete", name + "..terminate", "End an entity for good", name);
  write_parameters(json,
                   {id_parameter, {"query", "reason", text_schema, "Recorded in the history."}});
  json.key("responses").begin_object();
  write_response(json, "200", "Ended.", R"({"$ref":"#/components/schemas/perdure.Receipt"})");
  end_operation(json);
  json.end_object();

  json.key(base + "/history").begin_object();
  begin_operation(json, "get", name + "..history",
                  "What happened to an entity; text/event-stream follows it", name);
  write_parameters(json, {id_parameter,
                          {"query", "from", event_schema, "First event."},
                          {"query", "limit", count_schema, "Most events."},
                          {"query", "run", R"({"type":"integer"})", "Events of this run only."},
                          {"header", "Last-Event-ID", event_schema, "Where a stream goes on."}});
  json.key("responses").begin_object();
  write_response(
      json, "200", "Events.",
      R"({"type":"object","properties":{"events":{"type":"array","items":{"type":"object"}},)"
      R"("next":{"type":"string"}}})");
  end_operation(json);
  json.end_object();

  json.key(base + "/updates/{requestId}").begin_object();
  begin_operation(json, "get", name + "..result", "Wait for the result of an update", name);
  write_parameters(json, {id_parameter,
                          {"path", "requestId", text_schema, "Its Idempotency-Key."},
                          {"query", "timeout", text_schema, "How long to wait, 30s unless told."}});
  json.key("responses").begin_object();
  write_response(json, "200", "The update's results.", R"({"type":"object"})");
  end_operation(json);
  json.end_object();
}

void write_type(json_writer& json, const schema_book& book, const runtime::hosted_type& type) {
  write_entity_paths(json, book, type);
  for (auto& method : type.contract().methods) {
    if (method.kind == method_kind::main) continue;
    const auto path = "/v1/entities/" + std::string(type.contract().type) + "/{id}/" +
                      std::string(plural_of(method.kind)) + '/' + std::string(method.name);
    json.key(path).begin_object();
    write_message(json, book, type, method, "post");
    if (method.kind == method_kind::query) write_message(json, book, type, method, "get");
    json.end_object();
  }
}

void write_list(json_writer& json) {
  json.key("/v1/entities").begin_object();
  begin_operation(json, "get", "entities.list", "A page of entities", "entities");
  write_parameters(
      json, {{"query", "type", text_schema, "Of this type only."},
             {"query", "status", R"({"type":"string","enum":["running","parked","terminated"]})",
              "Of this status only."},
             {"query", "after", text_schema, "The next of the page before."},
             {"query", "limit", count_schema, "Most entities."}});
  json.key("responses").begin_object();
  write_response(
      json, "200", "A page.",
      R"({"type":"object","properties":{"entities":{"type":"array","items":{"type":"object"}},)"
      R"("next":{"type":"string"}}})");
  end_operation(json);
  json.end_object();
}

}  // namespace

std::string openapi_json(const hosted_types& types) {
  const schema_book book(types);
  json_writer json;
  json.begin_object().text("openapi", "3.1.0");
  json.key("info").begin_object().text("title", "Perdure").text("version", "v1");
  json.text("description", "Entities of this node: signals, updates and queries of each type.");
  json.end_object().key("paths").begin_object();
  write_list(json);
  for (auto* type : types) write_type(json, book, *type);
  json.end_object().key("components").begin_object();
  book.write(json);
  json.end_object().end_object();
  return json.take();
}

std::string types_json(const hosted_types& types) {
  json_writer json;
  json.begin_object().key("types").begin_array();
  for (auto* type : types) {
    auto& contract = type->contract();
    json.begin_object().text("type", contract.type).text("source", contract.source);
    json.key("methods").begin_array();
    for (auto& method : contract.methods) {
      json.begin_object().text("name", method.name).text("kind", to_string(method.kind));
      json.number("ordinal", method.ordinal).text("source", method.source);
      json.raw("params", type->json.json_schema(method.params));
      json.raw("results", type->json.json_schema(method.results)).end_object();
    }
    json.end_array().raw("state", type->json.json_schema(contract.state));
    json.key("schemas").begin_object();
    for (auto& [name, schema] : type->json.definitions()) json.raw(name, schema);
    json.end_object().end_object();
  }
  json.end_array().end_object();
  return json.take();
}

}  // namespace perdure::gateway
