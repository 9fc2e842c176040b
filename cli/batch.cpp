#include <CLI/CLI.hpp>

#include "cli/commands.h"
#include "cli/print.h"
#include "cli/session.h"

namespace perdure::cli {

namespace {

using gateway::json_document;

struct batch_arguments {
  std::string action;
  std::string type;
  std::string signal;
  std::string params;
  std::string status;
  std::string where;
  std::string reason;
  std::string key;
  std::uint64_t limit = 10'000;
};

std::string body_for(const batch_arguments& given) {
  gateway::json_writer json;
  json.begin_object().text("type", given.type).text("action", given.action);
  auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) json.text(name, value);
  };
  add("signal", given.signal);
  add("status", given.status);
  add("where", given.where);
  add("reason", given.reason);
  if (const auto params = body_of(given.params); !params.empty()) {
    auto read = json_document::parse(params);
    if (!read) throw command_failure{read.error(), "", 2};
    json.raw("params", read->dump());
  }
  return json.number("limit", static_cast<std::int64_t>(given.limit)).end_object().take();
}

void print_outcome(const json_document& outcome) {
  print_line(outcome.shown("done") + " of " + outcome.shown("matched") + " done");
  table failures({"ENTITY", "CODE", "WHY"});
  if (auto* failed = outcome.find("failed"); failed != nullptr && failed->elements() != nullptr) {
    for (auto& each : *failed->elements()) {
      failures.add(
          {each.shown("type") + '/' + each.shown("id"), each.shown("code"), each.shown("detail")});
    }
  }
  if (!failures.empty()) failures.print();
  if (outcome.find("more") != nullptr) {
    print_line(paint(style::dim, "there are more: the same again goes on with them"));
  }
}

void batch(const batch_arguments& given, session& node) {
  gateway::http_message what{gateway::http_verb::post,
                             "/v1/batch",
                             {{"Content-Type", "application/json"}},
                             body_for(given)};
  if (!given.key.empty()) what.headers.emplace_back("Idempotency-Key", given.key);
  const auto response = node.send(std::move(what));
  const auto outcome = json_document::parse(response.body).value();
  if (node.json()) {
    print_line(response.body);
  } else {
    print_outcome(outcome);
  }
  if (outcome.shown("done") != outcome.shown("matched")) {
    throw command_failure{{errc::failed, "not every entity could be treated"}};
  }
}

}  // namespace

void add_batch(CLI::App& app, const globals& chosen) {
  auto given = std::make_shared<batch_arguments>();
  auto* command = app.add_subcommand("batch", "Do one thing with many entities");
  command->add_option("action", given->action, "signal, cancel, terminate, pause or resume")
      ->required()
      ->check(CLI::IsMember({"signal", "cancel", "terminate", "pause", "resume"}));
  command->add_option("type", given->type, "Entities of this type")->required();
  command->add_option("signal", given->signal, "Which signal");
  command->add_option("params", given->params,
                      "Its parameters as JSON; @FILE reads a file, - stdin");
  command->add_option("--where", given->where, R"(Whose attributes are such: status = "paid")");
  command->add_option("--status", given->status, "Of this status; any that has not ended");
  command->add_option("--reason", given->reason, "Recorded in each history");
  command->add_option("--limit", given->limit, "Most entities")
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
  command->add_option("--key", given->key, "Idempotency key: a signal counts once in each entity");
  command->footer(R"(Example: perdure batch cancel order --where 'status = "placed"')");
  command->callback([given, &chosen] {
    session node(chosen);
    batch(*given, node);
  });
}

}  // namespace perdure::cli
