#include "gateway/request.h"

#include <strings.h>

#include "gateway/time_text.h"

namespace perdure::gateway {

namespace {

constexpr std::size_t key_bytes_max = 255;

error malformed(std::string detail) { return {errc::malformed, std::move(detail)}; }

/// The table of known headers would take an empty one for an absent one, so this one is looked for.
result<std::optional<std::string>> find_idempotency_key(const kj::HttpHeaders& headers) {
  std::optional<std::string> key;
  bool repeated = false;
  headers.forEach([&](kj::StringPtr name, kj::StringPtr value) {
    if (strcasecmp(name.cStr(), "Idempotency-Key") != 0) return;
    repeated = key.has_value();
    key.emplace(value.cStr(), value.size());
  });
  if (!key) return key;
  if (repeated) return malformed("Idempotency-Key: expected one, got several");
  if (key->empty() || key->size() > key_bytes_max) {
    return malformed("Idempotency-Key: expected 1 to 255 bytes, got " +
                     std::to_string(key->size()));
  }
  if (!is_utf8(*key)) return malformed("Idempotency-Key: expected UTF-8");
  return key;
}

std::optional<std::string> text_of(kj::Maybe<kj::StringPtr> value) {
  KJ_IF_MAYBE (text, value) return std::string(text->cStr(), text->size());
  return {};
}

/// Returns a trace context as it came, or "": what is none is passed over, as W3C wants it.
std::string valid_trace(std::string text) {
  constexpr std::string_view form = "00-00000000000000000000000000000000-0000000000000000-00";
  if (text.size() != form.size()) return {};
  for (std::size_t i = 0; i < form.size(); ++i) {
    const bool digit = (text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f');
    if (form[i] == '-' ? text[i] != '-' : !digit) return {};
  }
  return text;
}

/// A page's script can send requests here without being able to read the answers: what they would
/// change must be refused. Only browsers send Origin, and they always do with such requests.
bool comes_from_elsewhere(const std::optional<std::string>& origin,
                          const std::optional<std::string>& host) {
  if (!origin) return false;
  const auto scheme = origin->find("://");
  if (scheme == std::string::npos || !host) return true;
  return strcasecmp(origin->c_str() + scheme + 3, host->c_str()) != 0;
}

}  // namespace

header_ids::header_ids() {
  kj::HttpHeaderTable::Builder builder;
  accept = builder.add("Accept");
  expect = builder.add("Expect");
  last_event_id = builder.add("Last-Event-ID");
  origin = builder.add("Origin");
  traceparent = builder.add("traceparent");
  table = builder.build();
}

result<http_request> http_request::parse(kj::HttpMethod method, kj::StringPtr url,
                                         const kj::HttpHeaders& headers, const header_ids& ids) {
  auto target = url_target::parse({url.cStr(), url.size()});
  if (!target) return std::move(target).error();
  auto key = find_idempotency_key(headers);
  if (!key) return std::move(key).error();
  http_request request;
  request.method = method;
  request.target = *std::move(target);
  request.idempotency_key = *std::move(key);
  request.last_event_id = text_of(headers.get(ids.last_event_id));
  request.accept = text_of(headers.get(ids.accept)).value_or("");
  request.expects_continue = text_of(headers.get(ids.expect)) == "100-continue";
  request.traceparent = valid_trace(text_of(headers.get(ids.traceparent)).value_or(""));
  request.is_cross_site = comes_from_elsewhere(text_of(headers.get(ids.origin)),
                                               text_of(headers.get(kj::HttpHeaderId::HOST)));
  return request;
}

const std::string* http_request::parameter(std::string_view name) const {
  for (auto& [field, value] : target.query) {
    if (field == name) return &value;
  }
  return nullptr;
}

result<std::uint64_t> http_request::number(std::string_view name, std::uint64_t otherwise,
                                           std::uint64_t least, std::uint64_t most) const {
  auto* text = parameter(name);
  if (text == nullptr) return otherwise;
  const auto value = parse_unsigned(*text);
  if (!value || *value < least || *value > most) {
    const auto range = most == UINT64_MAX ? std::to_string(least) + " or more"
                                          : std::to_string(least) + " to " + std::to_string(most);
    return malformed(std::string(name) + ": expected an integer from " + range + ", got \"" +
                     *text + '"');
  }
  return *value;
}

result<duration> http_request::time(std::string_view name, duration otherwise,
                                    duration most) const {
  auto* text = parameter(name);
  if (text == nullptr) return otherwise;
  const auto value = parse_duration(*text);
  if (!value || *value > most) {
    return malformed(std::string(name) + ": expected a duration such as 90s, at most " +
                     format_duration(most) + ", got \"" + *text + '"');
  }
  return *value;
}

}  // namespace perdure::gateway
