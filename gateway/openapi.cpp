#include "gateway/openapi.h"

#include "gateway/json_text.h"
#include "gateway/schema_book.h"
#include "gateway/target.h"

namespace perdure::gateway {

namespace {

// -- operations ----------------------------------------------------------------------------------

struct parameter {
  std::string_view place;  ///< "path", "query" or "header".
  std::string_view name;
  std::string_view schema;
  std::string_view description;
};

constexpr std::string_view text_schema = R"({"type":"string"})";
constexpr std::string_view event_schema = R"({"type":"string","pattern":"^[0-9]+$"})";
constexpr std::string_view receipt = R"({"$ref":"#/components/schemas/perdure.Receipt"})";
constexpr std::string_view reason_schema =
    R"({"type":"object","properties":{"reason":{"type":"string"}},"additionalProperties":false})";
constexpr std::string_view nothing_schema = R"({"type":"object","additionalProperties":false})";
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
  if (verb == "post") write_body(json, book.schema_of(type.json, method.params));
  json.key("responses").begin_object();
  if (method.kind == method_kind::signal) {
    write_response(json, "202", "Durable.", receipt);
  } else {
    write_response(json, "200", "The results.", book.schema_of(type.json, method.results));
  }
  if (method.kind == method_kind::update) {
    write_response(json, "202", "Durably accepted.",
                   R"({"$ref":"#/components/schemas/perdure.Acceptance"})");
  }
  end_operation(json);
}

constexpr parameter timeout_parameter{"query", "timeout", text_schema,
                                      "How long to wait, then 408; e.g. 30s."};

void write_start(json_writer& json, const schema_book& book, const runtime::hosted_type& type,
                 const method& main) {
  const std::string name(type.contract().type);
  begin_operation(json, "post", name + '.' + std::string(main.name),
                  "start " + std::string(main.name), name);
  write_parameters(
      json, {id_parameter,
             key_parameter,
             {"query", "wait", R"({"type":"string","enum":["accepted","result"]})",
              "What to wait for; accepted answers 201."},
             timeout_parameter,
             {"query", "delay", text_schema, "It begins this much later, e.g. 90s."},
             {"query", "id-conflict",
              R"({"type":"string","enum":["reject","use-existing","terminate-existing"]})",
              "What becomes of it while one runs; reject unless told."},
             {"query", "id-reuse", R"({"type":"string","enum":["allow","after-failure","reject"]})",
              "Whether one that has ended may be followed by another; allow unless told."},
             {"query", "run-timeout", text_schema, "For one run."},
             {"query", "execution-timeout", text_schema, "For all runs of this start together."}});
  write_body(json, book.schema_of(type.json, main.params));
  json.key("responses").begin_object();
  write_response(json, "201", "Durably started.", receipt);
  write_response(json, "200", "The results.", book.schema_of(type.json, main.results));
  write_problem(json);
  json.end_object().end_object();
}

void write_result(json_writer& json, const schema_book& book, const runtime::hosted_type& type,
                  const method& main) {
  const std::string name(type.contract().type);
  json.key("/v1/entities/" + name + "/{id}/result").begin_object();
  begin_operation(json, "get", name + "..mainResult", "Wait for the results of the main", name);
  write_parameters(json, {id_parameter, timeout_parameter});
  json.key("responses").begin_object();
  write_response(json, "200", "The results.", book.schema_of(type.json, main.results));
  end_operation(json);
  json.end_object();
}

/// Cancel, pause, resume and reset, which every entity has.
void write_life(json_writer& json, const std::string& name, const std::string& base) {
  struct change {
    std::string_view verb;
    std::string_view summary;
    std::string_view body;
  };
  for (auto& [verb, summary, body] :
       {change{"cancel", "Ask the main to stop", reason_schema},
        change{"pause", "Run nothing of it until it is resumed", reason_schema},
        change{"resume", "Go on after a pause, or after it was parked", nothing_schema},
        change{"reset", "Undo what came after an event of the run", reason_schema}}) {
    json.key(base + '/' + std::string(verb)).begin_object();
    begin_operation(json, "post", name + ".." + std::string(verb), summary, name);
    std::vector<parameter> parameters{id_parameter};
    if (verb == "reset") parameters.push_back({"query", "event", event_schema, "Last one kept."});
    write_parameters(json, parameters);
    write_body(json, body);
    json.key("responses").begin_object();
    write_response(json, "202", "Durable.", receipt);
    end_operation(json);
    json.end_object();
  }
}

void write_entity_paths(json_writer& json, const schema_book& book,
                        const runtime::hosted_type& type) {
  const auto name = std::string(type.contract().type);
  const auto base = "/v1/entities/" + name + "/{id}";
  const auto state = book.schema_of(type.json, type.contract().state);
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
  write_response(json, "200", "Ended.", receipt);
  end_operation(json);
  if (auto* main = type.contract().main()) write_start(json, book, type, *main);
  json.end_object();
  write_life(json, name, base);

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
  if (auto* main = type.contract().main()) write_result(json, book, type, *main);
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
             {"query", "status",
              R"({"type":"string","enum":["running","paused","completed","failed","cancelled",)"
              R"("terminated","parked"]})",
              "Of this status only."},
             {"query", "where", text_schema,
              "Whose attributes are such, e.g. status = \"paid\" and total > 1000."},
             {"query", "count", R"({"type":"boolean"})", "Answer how many there are instead."},
             {"query", "after", text_schema, "The next of the page before."},
             {"query", "limit", count_schema, "Most entities."}});
  json.key("responses").begin_object();
  write_response(
      json, "200", "A page.",
      R"({"type":"object","properties":{"entities":{"type":"array","items":{"type":"object"}},)"
      R"("next":{"type":"string"},"count":{"type":"string"}}})");
  end_operation(json);
  json.end_object();
}

/// A POST that is no entity's.
void write_post(json_writer& json, std::string_view path, std::string_view id,
                std::string_view summary, std::string_view tag,
                const std::vector<parameter>& parameters, std::string_view body,
                std::string_view answer) {
  json.key(path).begin_object();
  begin_operation(json, "post", id, summary, tag);
  write_parameters(json, parameters);
  write_body(json, body);
  json.key("responses").begin_object();
  write_response(json, "200", "Done.", answer);
  if (id == "activities.poll") {
    json.key("204").begin_object().text("description", "No work in that time.").end_object();
  }
  end_operation(json);
  json.end_object();
}

void write_activities(json_writer& json) {
  constexpr parameter token{"path", "token", text_schema, "Of the work, as poll answered it."};
  write_post(json, "/v1/activities/{queue}/poll", "activities.poll", "Wait for work", "activities",
             {{"path", "queue", text_schema, "The activities' name, unless calls name another."},
              timeout_parameter},
             nothing_schema, R"({"$ref":"#/components/schemas/perdure.Work"})");
  write_post(json, "/v1/activities/{token}/complete", "activities.complete",
             "Hand in the results, as the activity's contract has them", "activities", {token},
             R"({"type":"object"})", nothing_schema);
  write_post(json, "/v1/activities/{token}/fail", "activities.fail", "Tell that an attempt failed",
             "activities", {token},
             R"({"type":"object","properties":{"type":{"type":"string"},)"
             R"("message":{"type":"string"},"retryable":{"type":"boolean"},)"
             R"("nextDelay":{"type":"string"}},"additionalProperties":false})",
             nothing_schema);
  write_post(json, "/v1/activities/{token}/heartbeat", "activities.heartbeat",
             "Tell that an attempt is alive, with any details for the next one", "activities",
             {token}, "{}", R"({"type":"object","properties":{"cancelled":{"type":"boolean"}}})");
}

void write_operations(json_writer& json) {
  write_post(
      json, "/v1/batch", "entities.batch", "Do one thing with many entities", "entities",
      {key_parameter},
      R"({"type":"object","required":["type","action"],"properties":{)"
      R"("type":{"type":"string"},"status":{"type":"string"},"where":{"type":"string"},)"
      R"("after":{"type":"string"},)"
      R"("action":{"type":"string","enum":["signal","cancel","terminate","pause","resume"]},)"
      R"("signal":{"type":"string"},"params":{"type":"object"},"reason":{"type":"string"},)"
      R"("limit":{"type":"integer"}},"additionalProperties":false})",
      R"({"type":"object","properties":{"matched":{"type":"string"},)"
      R"("done":{"type":"string"},"next":{"type":"string"},)"
      R"("failed":{"type":"array","items":{"type":"object"}}}})");
  write_post(json, "/v1/backup", "node.backup", "Copy the node's data while it is in use", "node",
             {},
             R"({"type":"object","required":["target"],"properties":{)"
             R"("target":{"type":"string"}},"additionalProperties":false})",
             R"({"type":"object","properties":{"target":{"type":"string"}}})");
}

}  // namespace

std::string openapi_json(const hosted_types& types, const known_activities& activities) {
  const schema_book book(types, activities);
  json_writer json;
  json.begin_object().text("openapi", "3.1.0");
  json.key("info").begin_object().text("title", "Perdure").text("version", "v1");
  json.text("description",
            "Entities of this node: mains, signals, updates and queries of each type.");
  json.end_object().key("paths").begin_object();
  write_list(json);
  for (auto* type : types) write_type(json, book, *type);
  write_activities(json);
  write_operations(json);
  json.end_object().key("components").begin_object();
  book.write(json);
  json.end_object().end_object();
  return json.take();
}

}  // namespace perdure::gateway
