#include "entities/json.h"

#include <map>

#include "entities/json_decode.h"
#include "entities/json_encode.h"
#include "entities/json_schema.h"
#include "entities/payload_reader.h"

namespace perdure::core {

json_codec::json_codec(const contract& described)
    : schemas_(std::make_unique<const json_schemas>(described.schema)) {}

json_codec::json_codec(const activities_description& described)
    : schemas_(std::make_unique<const json_schemas>(described.schema)) {}

json_codec::json_codec(json_codec&&) noexcept = default;
json_codec& json_codec::operator=(json_codec&&) noexcept = default;
json_codec::~json_codec() = default;

result<bytes> json_codec::decode(std::uint64_t schema, std::string_view json) const {
  auto parsed = parse_json(json.empty() ? "{}" : json);
  if (!parsed) return parsed.error();
  return decode_json(*schemas_, schemas_->find(schema), *parsed);
}

result<bytes> json_codec::decode_fields(
    std::uint64_t schema, const std::vector<std::pair<std::string, std::string>>& fields) const {
  auto& type = schemas_->find(schema);
  json_value all;
  all.what = json_value::kind::object;
  for (auto& [name, text] : fields) {
    json_value value;
    if (auto index = type.find(name, 0); index < type.fields.size()) {
      auto parsed = parameter_value(type.fields[index], text);
      if (!parsed) return parsed.error();
      value = std::move(*parsed);
    }
    all.names.push_back(name);
    all.elements.push_back(std::move(value));
  }
  return decode_json(*schemas_, type, all);
}

result<std::string> json_codec::encode(std::uint64_t schema, bytes_view payload) const {
  // Asking whether a field is there and reading it are two passes.
  constexpr unsigned passes = 2;
  try {
    auto& type = schemas_->find(schema);
    payload_reader opened{payload, passes};
    std::string json;
    append_json(json, *schemas_, type, opened.message().getRoot<capnp::DynamicStruct>(type.schema));
    return json;
  } catch (const failure& why) {
    return error{errc::internal, why.why().detail};
  } catch (const kj::Exception& why) {
    return error{errc::internal, "damaged payload: " + to_text(why)};
  }
}

std::string json_codec::json_schema(std::uint64_t schema) const {
  return json_schema_of(*schemas_, schemas_->find(schema));
}

std::vector<std::pair<std::string, std::string>> json_codec::definitions() const {
  std::map<std::string, std::string> all;
  for (auto& [name, type] : schemas_->structs()) {
    all.emplace(name, json_schema_of(*schemas_, *type));
  }
  for (auto& [name, type] : schemas_->enums()) all.emplace(name, json_schema_of(type));
  return {all.begin(), all.end()};
}

}  // namespace perdure::core
