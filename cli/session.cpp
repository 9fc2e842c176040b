#include "cli/session.h"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>

#include "cli/print.h"
#include "gateway/problem.h"
#include "gateway/time_text.h"

namespace perdure::cli {

namespace {

command_failure usage(std::string detail, std::string hint) {
  return {{errc::malformed, std::move(detail)}, std::move(hint), 2};
}

std::string hint_for(errc code) {
  switch (code) {
    case errc::unknown_type:
    case errc::unknown_method:
      return "perdure types lists what there is";
    case errc::entity_not_found:
      return "perdure list lists the entities there are";
    case errc::timeout:
      return "--timeout sets how long to wait";
    case errc::nondeterministic:
      return "perdure describe says where replay differed; run a build that agrees with the "
             "history";
    default:
      return {};
  }
}

}  // namespace

session::session(const globals& chosen, std::size_t connections) : chosen_(chosen) {
  auto server = gateway::http_address::parse(chosen.node);
  if (!server) throw usage("--node: " + server.error().detail, "");
  const auto time = gateway::parse_duration(chosen.timeout);
  if (!time) throw usage("--timeout: expected a duration such as 90s, got " + chosen.timeout, "");
  timeout_ = *time;
  transport_ = std::make_unique<gateway::http_transport>(*std::move(server), connections);
}

gateway::http_response session::send(gateway::http_message what) {
  auto response = transport_->fetch(std::move(what), timeout_);
  if (!response) throw no_answer(response.error(), chosen_.node);
  if (!response->succeeded()) {
    throw failure_of(gateway::read_problem(response->status, response->body));
  }
  return *std::move(response);
}

gateway::json_document session::get(const std::string& path) {
  const auto response = send({.path = path});
  auto document = gateway::json_document::parse(response.body);
  if (!document) throw command_failure{document.error(), "is " + chosen_.node + " a Perdure node?"};
  return *std::move(document);
}

command_failure failure_of(const error& why) { return {why, hint_for(why.code)}; }

command_failure no_answer(const error& why, const std::string& node) {
  if (why.code != errc::unavailable) return failure_of(why);
  return {why, "is a node running at " + node + "? --node or PERDURE_NODE says where"};
}

void print_failure(const command_failure& failure, bool json) {
  if (json) {
    gateway::json_writer out;
    out.begin_object().text("code", to_string(failure.why.code));
    out.text("detail", failure.why.detail).boolean("retryable", retryable(failure.why.code));
    if (!failure.hint.empty()) out.text("hint", failure.hint);
    std::fprintf(stderr, "%s\n", out.end_object().str().c_str());
    return;
  }
  const std::string code(to_string(failure.why.code));
  std::fprintf(stderr, "%s %s\n", paint(style::error, code + ':', stream::err).c_str(),
               printable(failure.why.detail).c_str());
  if (!failure.hint.empty()) std::fprintf(stderr, "hint: %s\n", failure.hint.c_str());
}

entity_id parse_entity(const std::string& entity) {
  const auto slash = entity.find('/');
  if (slash == 0 || slash == std::string::npos || slash + 1 == entity.size()) {
    throw usage("expected an entity as type/id, e.g. cart/alice, got \"" + entity + '"', "");
  }
  return {entity.substr(0, slash), entity.substr(slash + 1)};
}

std::string entity_path(const std::string& entity) {
  const auto [type, id] = parse_entity(entity);
  return "/v1/entities/" + gateway::percent_encode(type) + '/' + gateway::percent_encode(id);
}

std::filesystem::path data_in(const std::string& directory) {
  std::filesystem::path data = directory;
  if (!std::filesystem::exists(data / "journal")) {
    throw usage(directory + " holds no data of a node", "");
  }
  return data;
}

std::string body_of(const std::string& argument) {
  if (argument == "-") {
    return {std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>()};
  }
  if (!argument.starts_with('@')) return argument;
  std::ifstream file(argument.substr(1), std::ios::binary);
  if (!file || std::filesystem::is_directory(argument.substr(1))) {
    throw usage("cannot read " + argument.substr(1), "");
  }
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace perdure::cli
