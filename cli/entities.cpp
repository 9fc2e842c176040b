#include <CLI/CLI.hpp>

#include "cli/commands.h"
#include "cli/print.h"
#include "cli/session.h"

namespace perdure::cli {

namespace {

using gateway::json_document;

const json_document::array& elements_of(const json_document& document, std::string_view member) {
  static const json_document::array none;
  auto* found = document.find(member);
  return found != nullptr && found->elements() != nullptr ? *found->elements() : none;
}

std::string or_none(std::string text) { return text.empty() ? "none" : text; }

void print_description(const json_document& entity) {
  const auto status = entity.shown("status");
  print_line(paint(style::bold, printable(entity.shown("type") + '/' + entity.shown("id"))) + "  " +
             paint(style_of_status(status), status));
  std::string timers, suspended;
  for (auto& timer : elements_of(entity, "timers")) {
    timers += (timers.empty() ? "" : "; ") + timer.shown("name") + " (" + timer.shown("kind") +
              ") due " + timer.shown("due");
  }
  for (auto& handler : elements_of(entity, "suspended")) {
    suspended += (suspended.empty() ? "" : "; ") + handler.shown("method") + " since event " +
                 handler.shown("startedBy");
  }
  print_fields(
      {{"run", entity.shown("run")},
       {"events", entity.shown("events") + ", " + entity.shown("runEvents") + " in this run"},
       {"bytes", entity.shown("bytes")},
       {"created", entity.shown("created")},
       {"last active", entity.shown("lastActive")},
       {"timers", or_none(timers)},
       {"suspended", or_none(suspended)},
       {"idempotency keys", entity.shown("idempotencyKeys")},
       {"shard", entity.shown("shard") + ", epoch " + entity.shown("epoch")}});
  if (auto* parked = entity.find("parked")) {
    print_line(paint(style::error, "  parked: " + parked->shown("code")) + ' ' +
               printable(parked->shown("detail")));
  }
  if (auto* state = entity.find("state")) {
    print_line("  " + paint(style::dim, "state"));
    print_json(*state, 2);
  }
}

}  // namespace

void add_describe(CLI::App& app, const globals& chosen) {
  auto entity = std::make_shared<std::string>();
  auto* command = app.add_subcommand("describe", "Show what there is to know of an entity");
  command->add_option("entity", *entity, "Which entity, as type/id")->required();
  command->footer("Example: perdure describe cart/alice");
  command->callback([entity, &chosen] {
    session node(chosen);
    auto response = node.send({.path = entity_path(*entity)});
    if (node.json()) return print_line(response.body);
    print_description(json_document::parse(response.body).value());
  });
}

void add_terminate(CLI::App& app, const globals& chosen) {
  struct arguments {
    std::string entity;
    std::string reason;
  };
  auto given = std::make_shared<arguments>();
  auto* command = app.add_subcommand("terminate", "End an entity for good");
  command->add_option("entity", given->entity, "Which entity, as type/id")->required();
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

// -- list ----------------------------------------------------------------------------------------

namespace {

struct list_arguments {
  std::string type;
  std::string status;
  std::string after;
  std::uint64_t limit = 100;
  bool all = false;
};

std::string list_path(const list_arguments& given, const std::string& after) {
  auto path = "/v1/entities?limit=" + std::to_string(given.all ? 1'000 : given.limit);
  auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) path += '&' + std::string(name) + '=' + gateway::percent_encode(value);
  };
  add("type", given.type);
  add("status", given.status);
  add("after", after);
  return path;
}

void print_page(const json_document& page, bool first) {
  table rows({"ENTITY", "STATUS", "RUN", "EVENTS", "LAST ACTIVE"});
  for (auto& entity : elements_of(page, "entities")) {
    rows.add({entity.shown("type") + '/' + entity.shown("id"), entity.shown("status"),
              entity.shown("run"), entity.shown("events"), entity.shown("lastActive")});
  }
  if (!rows.empty() || first) rows.print();
}

void list(const list_arguments& given, session& node) {
  auto after = given.after;
  std::string json;
  for (bool first = true; first || !after.empty(); first = false) {
    const auto page = node.get(list_path(given, after));
    after = page.shown("next");
    if (!node.json()) {
      print_page(page, first);
    } else if (!given.all) {
      return print_line(page.dump());
    } else {
      for (auto& entity : elements_of(page, "entities"))
        json += (json.empty() ? "" : ",") + entity.dump();
    }
    if (!given.all) break;
  }
  if (node.json()) {
    print_line(R"({"entities":[)" + json + "]}");
  } else if (!after.empty()) {
    print_line(paint(style::dim, "more: --after " + printable(after) + ", or --all"));
  }
}

}  // namespace

void add_list(CLI::App& app, const globals& chosen) {
  auto given = std::make_shared<list_arguments>();
  auto* command = app.add_subcommand("list", "List entities");
  command->add_option("--type", given->type, "Of this type only");
  command->add_option("--status", given->status, "Of this status only")
      ->check(CLI::IsMember({"running", "parked", "terminated"}));
  command->add_option("--after", given->after, "Only those behind this one, as type/id");
  command->add_option("--limit", given->limit, "Most entities")
      ->check(CLI::Range(1, 1'000))
      ->capture_default_str();
  command->add_flag("--all", given->all, "Every page");
  command->footer("Example: perdure list --type cart --status running --all");
  command->callback([given, &chosen] {
    session node(chosen);
    list(*given, node);
  });
}

}  // namespace perdure::cli
