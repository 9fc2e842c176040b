#include "gateway/problem.h"

#include "gateway/json_text.h"

namespace perdure::gateway {

unsigned status_of(errc code) {
  switch (code) {
    case errc::malformed:
      return 400;
    case errc::unauthenticated:
      return 401;
    case errc::forbidden:
      return 403;
    case errc::unknown_type:
    case errc::unknown_method:
    case errc::entity_not_found:
      return 404;
    case errc::timeout:
      return 408;
    case errc::rejected:
    case errc::already_exists:
    case errc::idempotency_conflict:
    case errc::completed:
      return 409;
    case errc::too_large:
      return 413;
    case errc::failed:
      return 422;
    case errc::overloaded:
      return 429;
    case errc::nondeterministic:
    case errc::internal:
      return 500;
    case errc::unavailable:
    case errc::draining:
    case errc::storage_full:
    case errc::history_full:
      return 503;
  }
  return 500;
}

std::string_view reason_phrase(unsigned status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 413:
      return "Content Too Large";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 500:
      return "Internal Server Error";
    case 503:
      return "Service Unavailable";
    default:
      return "Unknown";
  }
}

std::string problem::to_json() const {
  json_writer json;
  json.begin_object();
  json.text("type", "urn:perdure:problem:" + std::string(to_string(why.code)));
  json.text("title", reason_phrase(status));
  json.number("status", status);
  json.text("detail", why.detail);
  json.text("code", to_string(why.code));
  json.boolean("retryable", retryable(why.code));
  if (!why.type.empty()) json.text("errorType", why.type);
  if (request_id) json.text("requestId", *request_id);
  json.end_object();
  return json.take();
}

namespace {

errc code_of(unsigned status) {
  switch (status) {
    case 400:
      return errc::malformed;
    case 401:
      return errc::unauthenticated;
    case 403:
      return errc::forbidden;
    case 408:
      return errc::timeout;
    case 413:
      return errc::too_large;
    case 429:
      return errc::overloaded;
    default:
      return status >= 502 && status <= 504 ? errc::unavailable : errc::internal;
  }
}

}  // namespace

error read_problem(unsigned status, std::string_view body) {
  if (auto json = json_document::parse(body)) {
    if (auto code = errc_from_string(json->shown("code"))) {
      return {*code, json->shown("detail"), json->shown("errorType")};
    }
  }
  return {code_of(status), "the server answered " + std::to_string(status) + ' ' +
                               std::string(reason_phrase(status)) + " and no reason"};
}

}  // namespace perdure::gateway
