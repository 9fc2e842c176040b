#include "gateway/body_fields.h"

#include <algorithm>

#include "gateway/time_text.h"
#include "gateway/url.h"

namespace perdure::gateway {

namespace {

error expected(std::string_view name, const std::string& what, const json_document& got) {
  auto shown = got.dump();
  if (shown.size() > 100) shown = shown.substr(0, 100) + "...";
  return {errc::malformed, std::string(name) + ": expected " + what + ", got " + shown};
}

std::string joined(const std::vector<std::string_view>& names) {
  std::string text;
  for (auto name : names) text += (text.empty() ? "" : ", ") + std::string(name);
  return text;
}

}  // namespace

result<body_fields> body_fields::parse(std::string_view body, std::vector<std::string_view> known) {
  body_fields read;
  auto document = json_document::parse(body.empty() ? "{}" : body);
  if (!document) return std::move(document).error();
  auto* members = document->members();
  if (members == nullptr) return error{errc::malformed, "the body: expected a JSON object"};
  for (auto member = members->begin(); member != members->end(); ++member) {
    const auto& name = member->first;
    if (std::ranges::find(known, name) == known.end()) {
      return error{errc::malformed,
                   name + ": unknown field; expected " + (known.empty() ? "none" : joined(known))};
    }
    auto same = [&](auto& other) { return other.first == name; };
    if (std::find_if(members->begin(), member, same) != member) {
      return error{errc::malformed, name + ": this field is given twice"};
    }
  }
  read.document_ = *std::move(document);
  return read;
}

result<std::string> body_fields::text(std::string_view name, std::size_t bytes_max) const {
  auto* found = document_.find(name);
  if (found == nullptr) return std::string{};
  auto* text = found->text();
  if (text == nullptr || text->size() > bytes_max || !is_utf8(*text)) {
    return expected(name, "a text of at most " + std::to_string(bytes_max) + " bytes of UTF-8",
                    *found);
  }
  return *text;
}

result<bool> body_fields::boolean(std::string_view name, bool otherwise) const {
  auto* found = document_.find(name);
  if (found == nullptr) return otherwise;
  auto* truth = found->boolean();
  if (truth == nullptr) return expected(name, "true or false", *found);
  return *truth;
}

result<std::uint64_t> body_fields::number(std::string_view name, std::uint64_t otherwise,
                                          std::uint64_t least, std::uint64_t most) const {
  auto* found = document_.find(name);
  if (found == nullptr) return otherwise;
  const auto value = document_.unsigned_at(name);
  if (!value || *value < least || *value > most) {
    return expected(
        name, "an integer from " + std::to_string(least) + " to " + std::to_string(most), *found);
  }
  return *value;
}

result<std::optional<duration>> body_fields::time(std::string_view name, duration most) const {
  auto* found = document_.find(name);
  if (found == nullptr || found->is_null()) return std::optional<duration>{};
  auto* text = found->text();
  const auto value = text == nullptr ? std::nullopt : parse_duration(*text);
  if (!value || *value > most) {
    return expected(name, "a duration such as \"90s\", at most " + format_duration(most), *found);
  }
  return value;
}

std::string body_fields::json(std::string_view name) const {
  auto* found = document_.find(name);
  return found == nullptr ? std::string{} : found->dump();
}

result<std::string> parse_reason(std::string_view body) {
  auto fields = body_fields::parse(body, {"reason"});
  if (!fields) return std::move(fields).error();
  return fields->text("reason", reason_bytes_max);
}

}  // namespace perdure::gateway
