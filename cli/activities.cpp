#include <CLI/CLI.hpp>

#include "cli/commands.h"
#include "cli/print.h"
#include "cli/session.h"

namespace perdure::cli {

namespace {

gateway::http_message tell(const std::string& token, const std::string& what, std::string body) {
  return {gateway::http_verb::post,
          "/v1/activities/" + gateway::percent_encode(token) + '/' + what,
          {{"Content-Type", "application/json"}},
          std::move(body)};
}

}  // namespace

void add_complete(CLI::App& app, const globals& chosen) {
  struct arguments {
    std::string token;
    std::string body;
  };
  auto given = std::make_shared<arguments>();
  auto* command = app.add_subcommand("complete", "Hand in the results of an activity");
  command->add_option("token", given->token, "Names the activity")->required();
  command->add_option("body", given->body, "Results as JSON; @FILE reads a file, - stdin");
  command->footer(R"(Example: perdure complete "$TOKEN" '{"approved":true}')");
  command->callback([given, &chosen] {
    session node(chosen);
    auto response = node.send(tell(given->token, "complete", body_of(given->body)));
    print_line(node.json() ? response.body : "completed");
  });
}

void add_fail(CLI::App& app, const globals& chosen) {
  struct arguments {
    std::string token;
    std::string type;
    std::string message;
    std::string again_after;
    bool for_good = false;
  };
  auto given = std::make_shared<arguments>();
  auto* command = app.add_subcommand("fail", "Tell that an attempt of an activity failed");
  command->add_option("token", given->token, "Names the attempt")->required();
  command->add_option("--message", given->message, "What happened");
  command->add_option("--type", given->type, "What the application calls it");
  auto* again = command->add_option("--again-after", given->again_after, "Next attempt, e.g. 5m");
  command->add_flag("--for-good", given->for_good, "No further attempt")->excludes(again);
  command->footer(R"(Example: perdure fail "$TOKEN" --type card_declined --for-good)");
  command->callback([given, &chosen] {
    session node(chosen);
    gateway::json_writer body;
    body.begin_object().text("type", given->type).text("message", given->message);
    body.boolean("retryable", !given->for_good);
    if (!given->again_after.empty()) body.text("nextDelay", given->again_after);
    auto response = node.send(tell(given->token, "fail", body.end_object().take()));
    print_line(node.json() ? response.body : "noted");
  });
}

}  // namespace perdure::cli
