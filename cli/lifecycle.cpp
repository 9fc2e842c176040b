#include <algorithm>
#include <chrono>

#include <CLI/CLI.hpp>

#include "cli/commands.h"
#include "cli/print.h"
#include "cli/session.h"
#include "gateway/problem.h"
#include "gateway/time_text.h"

namespace perdure::cli {

namespace {

using gateway::json_document;
using steady = std::chrono::steady_clock;

constexpr duration longest_wait{600'000};  // Of one request; the node allows no more.
constexpr duration grace{5'000};           // The node's answer comes first.

void add_entity(CLI::App& command, std::string& into) {
  command.add_option("entity", into, "Which entity, as type/id")->required();
}

std::string with_reason(const std::string& reason) {
  if (reason.empty()) return {};
  gateway::json_writer body;
  return body.begin_object().text("reason", reason).end_object().take();
}

void print_receipt(const session& node, const gateway::http_response& response,
                   const std::string& before) {
  if (node.json()) return print_line(response.body);
  auto receipt = json_document::parse(response.body).value();
  const bool replayed = response.header("Idempotency-Replayed") == "true";
  print_line(before + " event " + receipt.shown("event") + " of run " + receipt.shown("run") +
             (replayed ? ", as before" : ""));
}

/// Asks for the results of the main until they come, or the time is over, and prints them.
void print_result(session& node, const std::string& entity) {
  const auto until = steady::now() + node.timeout();
  while (true) {
    const auto left = std::chrono::duration_cast<duration>(until - steady::now());
    const auto wait = std::clamp(left, duration{0}, longest_wait);
    auto response = node.transport().fetch(
        {.path = entity_path(entity) + "/result?timeout=" + gateway::format_duration(wait)},
        wait + grace);
    if (!response) throw no_answer(response.error(), node.node());
    if (response->succeeded()) {
      auto results = json_document::parse(response->body);
      return node.json() || !results ? print_line(response->body) : print_json(*results);
    }
    const auto why = gateway::read_problem(response->status, response->body);
    if (why.code != errc::timeout || left <= wait) throw failure_of(why);
  }
}

struct change_arguments {
  std::string entity;
  std::string reason;
};

/// A command that is a POST to one of an entity's resources, with a reason.
CLI::App* add_change(CLI::App& app, const globals& chosen, const std::string& verb,
                     const std::string& description, const std::string& told) {
  auto given = std::make_shared<change_arguments>();
  auto* command = app.add_subcommand(verb, description);
  add_entity(*command, given->entity);
  if (verb != "resume") command->add_option("--reason", given->reason, "Recorded in its history");
  command->callback([given, verb, told, &chosen] {
    session node(chosen);
    auto response = node.send({.verb = gateway::http_verb::post,
                               .path = entity_path(given->entity) + '/' + verb,
                               .body = with_reason(given->reason)});
    print_receipt(node, response, given->entity + ' ' + told);
  });
  return command;
}

struct start_arguments {
  std::string entity;
  std::string body;
  std::string key;
  std::string wait = "accepted";
  std::vector<std::pair<const char*, std::string>> options{{"delay", ""},
                                                           {"id-conflict", ""},
                                                           {"id-reuse", ""},
                                                           {"run-timeout", ""},
                                                           {"execution-timeout", ""}};
};

void start(const start_arguments& given, session& node) {
  gateway::http_message what{gateway::http_verb::post,
                             entity_path(given.entity) + "?wait=accepted",
                             {{"Content-Type", "application/json"}},
                             body_of(given.body)};
  for (auto& [name, value] : given.options) {
    if (value.empty()) continue;
    what.path += '&' + std::string(name) + '=' + gateway::percent_encode(value);
  }
  if (!given.key.empty()) what.headers.emplace_back("Idempotency-Key", given.key);
  auto response = node.send(std::move(what));
  if (given.wait == "result") return print_result(node, given.entity);
  print_receipt(node, response, given.entity + " started by");
}

}  // namespace

void add_start(CLI::App& app, const globals& chosen) {
  auto given = std::make_shared<start_arguments>();
  auto* command = app.add_subcommand("start", "Start the main of an entity");
  add_entity(*command, given->entity);
  command->add_option("body", given->body, "Parameters as JSON; @FILE reads a file, - stdin");
  command->add_option("--key", given->key, "Idempotency key: the same one counts once");
  command->add_option("--wait", given->wait, "What to wait for")
      ->check(CLI::IsMember({"accepted", "result"}))
      ->capture_default_str();
  auto& options = given->options;
  command->add_option("--delay", options[0].second, "It begins this much later, e.g. 90s");
  command->add_option("--id-conflict", options[1].second, "While one runs")
      ->check(CLI::IsMember({"reject", "use-existing", "terminate-existing"}));
  command->add_option("--id-reuse", options[2].second, "When one has ended")
      ->check(CLI::IsMember({"allow", "after-failure", "reject"}));
  command->add_option("--run-timeout", options[3].second, "For one run");
  command->add_option("--execution-timeout", options[4].second, "For all runs of this start");
  command->footer(R"(Example: perdure start order/17 '{"account":"alice"}' --wait result)");
  command->callback([given, &chosen] {
    session node(chosen);
    start(*given, node);
  });
}

void add_result(CLI::App& app, const globals& chosen) {
  auto entity = std::make_shared<std::string>();
  auto* command = app.add_subcommand("result", "Wait for the result of an entity's main");
  add_entity(*command, *entity);
  command->footer("Example: perdure result order/17 --timeout 1h");
  command->callback([entity, &chosen] {
    session node(chosen);
    print_result(node, *entity);
  });
}

void add_cancel(CLI::App& app, const globals& chosen) {
  add_change(app, chosen, "cancel", "Ask the main of an entity to stop", "is asked to stop by")
      ->footer("Example: perdure cancel order/17 --reason 'sold out'");
}

void add_pause(CLI::App& app, const globals& chosen) {
  add_change(app, chosen, "pause", "Run nothing of an entity until it is resumed", "paused by")
      ->footer("Example: perdure pause order/17 --reason audit");
}

void add_resume(CLI::App& app, const globals& chosen) {
  add_change(app, chosen, "resume", "Go on with an entity that is paused or parked", "resumed by")
      ->footer("Example: perdure resume order/17");
}

void add_reset(CLI::App& app, const globals& chosen) {
  struct arguments : change_arguments {
    std::uint64_t event = 0;
  };
  auto given = std::make_shared<arguments>();
  auto* command =
      app.add_subcommand("reset", "Undo what an entity did after an event, but signals");
  add_entity(*command, given->entity);
  command->add_option("--event", given->event, "The last one kept, of the current run")->required();
  command->add_option("--reason", given->reason, "Recorded in its history");
  command->footer("Example: perdure reset order/17 --event 12 --reason 'charged twice'");
  command->callback([given, &chosen] {
    session node(chosen);
    auto response = node.send(
        {.verb = gateway::http_verb::post,
         .path = entity_path(given->entity) + "/reset?event=" + std::to_string(given->event),
         .body = with_reason(given->reason)});
    print_receipt(node, response, given->entity + " reset by");
  });
}

void add_terminate(CLI::App& app, const globals& chosen) {
  auto given = std::make_shared<change_arguments>();
  auto* command = app.add_subcommand("terminate", "End an entity at once");
  add_entity(*command, given->entity);
  command->add_option("--reason", given->reason, "Recorded in its history");
  command->footer("Example: perdure terminate cart/alice --reason 'closed by its owner'");
  command->callback([given, &chosen] {
    session node(chosen);
    auto path = entity_path(given->entity);
    if (!given->reason.empty()) path += "?reason=" + gateway::percent_encode(given->reason);
    auto response = node.send({.verb = gateway::http_verb::del, .path = path});
    if (node.json()) return print_line(response.body);
    auto receipt = json_document::parse(response.body).value();
    print_line(given->entity + " ended by event " + receipt.shown("event"));
  });
}

}  // namespace perdure::cli
