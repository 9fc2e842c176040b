#include <CLI/CLI.hpp>

#include "cli/commands.h"
#include "cli/print.h"
#include "cli/session.h"

namespace perdure::cli {

namespace {

/// What the three kinds of messages have in common.
struct message_arguments {
  std::string entity;
  std::string method;
  std::string body;
  std::string key;
};

void add_arguments(CLI::App& command, message_arguments& into) {
  command.add_option("entity", into.entity, "Which entity, as type/id")->required();
  command.add_option("method", into.method, "Which method of its contract")->required();
  command.add_option("body", into.body, "Parameters as JSON; @FILE reads a file, - stdin");
}

gateway::http_message message_of(const message_arguments& from, const std::string& kind,
                                 const std::string& query) {
  gateway::http_message what{
      gateway::http_verb::post,
      entity_path(from.entity) + '/' + kind + '/' + gateway::percent_encode(from.method) + query,
      {},
      body_of(from.body)};
  what.headers.emplace_back("Content-Type", "application/json");
  if (!from.key.empty()) what.headers.emplace_back("Idempotency-Key", from.key);
  return what;
}

void print_results(const session& node, const gateway::http_response& response) {
  auto document = gateway::json_document::parse(response.body);
  if (node.json() || !document) return print_line(response.body);
  print_json(*document);
}

bool was_replayed(const gateway::http_response& response) {
  return response.header("Idempotency-Replayed") == "true";
}

}  // namespace

void add_signal(CLI::App& app, const globals& chosen) {
  struct arguments : message_arguments {
    std::string delay;
  };
  auto given = std::make_shared<arguments>();
  auto* command = app.add_subcommand("signal", "Send a durable one-way message");
  add_arguments(*command, *given);
  command->add_option("--key", given->key, "Idempotency key: the same one counts once");
  command->add_option("--delay", given->delay, "Deliver it this much later, e.g. 90s");
  command->footer(R"(Example: perdure signal cart/alice addItem '{"sku":"tea","quantity":2}')");
  command->callback([given, &chosen] {
    session node(chosen);
    auto query = given->delay.empty() ? "" : "?delay=" + gateway::percent_encode(given->delay);
    auto response = node.send(message_of(*given, "signals", query));
    if (node.json()) return print_line(response.body);
    auto receipt = gateway::json_document::parse(response.body).value();
    print_line("event " + receipt.shown("event") + " of run " + receipt.shown("run") +
               (was_replayed(response) ? ", as before under this key" : ""));
  });
}

void add_update(CLI::App& app, const globals& chosen) {
  struct arguments : message_arguments {
    std::string wait = "result";
  };
  auto given = std::make_shared<arguments>();
  auto* command = app.add_subcommand("update", "Send a durable request and print its results");
  add_arguments(*command, *given);
  command->add_option("--key", given->key, "Idempotency key: the same one counts once");
  command->add_option("--wait", given->wait, "What to wait for")
      ->check(CLI::IsMember({"result", "accepted"}))
      ->capture_default_str();
  command->footer(R"(Example: perdure update cart/alice checkout '{"account":"alice"}')");
  command->callback([given, &chosen] {
    session node(chosen);
    const bool accepted = given->wait == "accepted";
    auto response = node.send(message_of(*given, "updates", accepted ? "?wait=accepted" : ""));
    if (!accepted || node.json()) return print_results(node, response);
    auto receipt = gateway::json_document::parse(response.body).value();
    print_line("accepted as event " + receipt.shown("event") + "; the same with --key " +
               receipt.shown("requestId") + " waits for the results");
  });
}

void add_query(CLI::App& app, const globals& chosen) {
  struct arguments : message_arguments {
    std::uint64_t at = 0;
    std::vector<std::string> parameters;
  };
  auto given = std::make_shared<arguments>();
  auto* command = app.add_subcommand("query", "Ask a read-only question");
  add_arguments(*command, *given);
  command->add_option("--at", given->at, "Answer from the state as it was after this event")
      ->check(CLI::PositiveNumber);
  command->add_option("--param", given->parameters, "A parameter as name=value, instead of a body")
      ->type_name("NAME=VALUE");
  command->footer("Example: perdure query cart/alice total --at 17");
  command->callback([given, &chosen] {
    session node(chosen);
    std::string query = given->at == 0 ? "" : "at=" + std::to_string(given->at);
    for (auto& parameter : given->parameters) {
      const auto equals = parameter.find('=');
      if (equals == std::string::npos) {
        throw command_failure{
            {errc::malformed, "--param: expected name=value, got " + parameter}, "", 2};
      }
      query += (query.empty() ? "" : "&") + gateway::percent_encode(parameter.substr(0, equals)) +
               '=' + gateway::percent_encode(parameter.substr(equals + 1));
    }
    auto what = message_of(*given, "queries", query.empty() ? "" : '?' + query);
    if (!given->parameters.empty()) {
      if (!given->body.empty()) {
        throw command_failure{{errc::malformed, "give a body or --param, not both"}, "", 2};
      }
      what.verb = gateway::http_verb::get;
    }
    print_results(node, node.send(std::move(what)));
  });
}

}  // namespace perdure::cli
