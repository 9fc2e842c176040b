#include <algorithm>
#include <string>
#include <vector>

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
  std::string after;
  std::uint64_t limit = 0;  ///< 0: none.
};

constexpr std::uint64_t most_at_once = 10'000;

std::string body_for(const batch_arguments& given, const std::string& after, std::uint64_t limit) {
  gateway::json_writer json;
  json.begin_object().text("type", given.type).text("action", given.action);
  auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) json.text(name, value);
  };
  add("signal", given.signal);
  add("status", given.status);
  add("where", given.where);
  add("after", after);
  add("reason", given.reason);
  if (!given.params.empty()) {
    auto read = json_document::parse(given.params);
    if (!read) throw command_failure{read.error(), "", 2};
    json.raw("params", read->dump());
  }
  return json.number("limit", static_cast<std::int64_t>(limit)).end_object().take();
}

/// What became of all entities, over the requests that it took.
struct batch_outcome {
  std::uint64_t matched = 0;
  std::uint64_t done = 0;
  std::string next;
  std::vector<json_document> failed;

  void add(const json_document& part) {
    matched += std::stoull(part.shown("matched"));
    done += std::stoull(part.shown("done"));
    next = part.shown("next");
    for (auto& each : *part.find("failed")->elements()) failed.push_back(each);
  }
};

void print_json(const batch_outcome& outcome) {
  gateway::json_writer json;
  json.begin_object().wide("matched", outcome.matched).wide("done", outcome.done);
  if (!outcome.next.empty()) json.text("next", outcome.next);
  json.key("failed").begin_array();
  for (auto& each : outcome.failed) json.raw(each.dump());
  print_line(json.end_array().end_object().take());
}

void print_table(const batch_outcome& outcome) {
  print_line(std::to_string(outcome.done) + " of " + std::to_string(outcome.matched) + " done");
  table failures({"ENTITY", "CODE", "WHY"});
  for (auto& each : outcome.failed) {
    failures.add(
        {each.shown("type") + '/' + each.shown("id"), each.shown("code"), each.shown("detail")});
  }
  if (!failures.empty()) failures.print();
  if (!outcome.next.empty()) {
    print_line(paint(style::dim, "there are more: --after " + outcome.next + " goes on with them"));
  }
}

void batch(batch_arguments given, session& node) {
  given.params = body_of(given.params);
  batch_outcome all;
  all.next = given.after;
  do {
    const auto left = given.limit == 0 ? most_at_once : given.limit - all.matched;
    gateway::http_message what{gateway::http_verb::post,
                               "/v1/batch",
                               {{"Content-Type", "application/json"}},
                               body_for(given, all.next, std::min(left, most_at_once))};
    if (!given.key.empty()) what.headers.emplace_back("Idempotency-Key", given.key);
    all.add(json_document::parse(node.send(std::move(what)).body).value());
  } while (!all.next.empty() && (given.limit == 0 || all.matched < given.limit));
  if (node.json())
    print_json(all);
  else
    print_table(all);
  if (all.done != all.matched) {
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
  command->add_option("--limit", given->limit, "Most entities; all of them")
      ->check(CLI::PositiveNumber);
  command->add_option("--after", given->after, "Only those behind this one, in order of their ids");
  command->add_option("--key", given->key, "Idempotency key: a signal counts once in each entity");
  command->footer(R"(Example: perdure batch cancel order --where 'status = "placed"')");
  command->callback([given, &chosen] {
    session node(chosen);
    batch(*given, node);
  });
}

}  // namespace perdure::cli
