#include "gateway/schema_book.h"

namespace perdure::gateway {

namespace {

constexpr std::string_view reference = "#/components/schemas/";

constexpr std::string_view problem_schema =
    R"({"type":"object","required":["type","title","status","detail","code","retryable"],)"
    R"("properties":{"type":{"type":"string"},"title":{"type":"string"},"status":{"type":"integer"},)"
    R"("detail":{"type":"string"},"code":{"type":"string"},"retryable":{"type":"boolean"},)"
    R"("errorType":{"type":"string"},"requestId":{"type":"string"}}})";
constexpr std::string_view receipt_schema =
    R"({"type":"object","required":["event","run"],"properties":{)"
    R"("event":{"type":"string"},"run":{"type":"integer"}}})";
constexpr std::string_view acceptance_schema =
    R"({"type":"object","required":["requestId","event","run"],"properties":{)"
    R"("requestId":{"type":"string"},"event":{"type":"string"},"run":{"type":"integer"}}})";

constexpr std::string_view work_schema =
    R"({"type":"object","required":["token","entity","activities","activity","attempt","key"],)"
    R"("properties":{"token":{"type":"string"},"entity":{"type":"object","properties":{)"
    R"("type":{"type":"string"},"id":{"type":"string"}}},"activities":{"type":"string"},)"
    R"("activity":{"type":"string"},"params":{"type":"object"},"paramsBase64":{"type":"string"},)"
    R"("attempt":{"type":"integer"},"key":{"type":"string"},)"
    R"("deadline":{"type":"string","format":"date-time"},"heartbeatTimeout":{"type":"string"},)"
    R"("heartbeatDetails":{},"heartbeatDetailsBase64":{"type":"string"},)"
    R"("traceparent":{"type":"string"}}})";

}  // namespace

schema_book::schema_book(const hosted_types& types, const known_activities& activities) {
  for (auto* type : types) add(std::string(type->contract().type), type->json);
  for (auto& [name, known] : activities.all()) add(std::string(name), known.json);
}

std::string schema_book::schema_of(const core::json_codec& codec, std::uint64_t schema) const {
  return rename(codec, codec.json_schema(schema));
}

void schema_book::write(json_writer& json) const {
  json.key("schemas").begin_object();
  json.raw("perdure.Problem", problem_schema).raw("perdure.Receipt", receipt_schema);
  json.raw("perdure.Acceptance", acceptance_schema).raw("perdure.Work", work_schema);
  for (auto& [name, schema] : schemas_) json.raw(name, schema);
  json.end_object();
}

void schema_book::add(const std::string& contract, const core::json_codec& codec) {
  const auto definitions = codec.definitions();
  for (auto& [name, schema] : definitions) {
    auto known = schemas_.find(name);
    if (known != schemas_.end() && known->second != schema) prefixes_[&codec] = contract + '.';
  }
  const auto found = prefixes_.find(&codec);
  for (auto& [name, schema] : definitions) {
    schemas_.emplace(found == prefixes_.end() ? name : found->second + name, rename(codec, schema));
  }
}

std::string schema_book::rename(const core::json_codec& codec, std::string schema) const {
  const auto found = prefixes_.find(&codec);
  if (found == prefixes_.end()) return schema;
  for (auto at = schema.find(reference); at != std::string::npos; at = schema.find(reference, at)) {
    at += reference.size();
    schema.insert(at, found->second);
  }
  return schema;
}

}  // namespace perdure::gateway
