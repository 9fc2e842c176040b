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

/// Returns a line for each element of a list, or "none".
std::string listed(const json_document& entity, std::string_view member,
                   std::string (*line)(const json_document&)) {
  std::string text;
  for (auto& each : elements_of(entity, member)) text += (text.empty() ? "" : "; ") + line(each);
  return text.empty() ? "none" : text;
}

std::string name_of(const json_document& entity) {
  return entity.shown("type") + '/' + entity.shown("id");
}

std::string timer_line(const json_document& timer) {
  return timer.shown("name") + " (" + timer.shown("kind") + ") due " + timer.shown("due");
}

std::string handler_line(const json_document& handler) {
  return handler.shown("method") + " since event " + handler.shown("startedBy");
}

std::string activity_line(const json_document& activity) {
  auto text = activity.shown("name") + " of event " + activity.shown("event");
  const auto attempt = activity.shown("attempt");
  if (activity.shown("running") == "true") {
    text += ", attempt " + attempt + " under way";
  } else {
    text += attempt == "0" ? ", waits for a worker" : ", " + attempt + " attempts";
  }
  if (auto next = activity.shown("nextTry"); !next.empty()) text += ", next at " + next;
  if (auto why = activity.shown("lastFailure"); !why.empty()) text += ", failed: " + why;
  return text;
}

std::string message_line(const json_document& message) {
  auto* to = message.find("to");
  auto text = message.shown("kind") + " to " + (to == nullptr ? "" : name_of(*to)) + ", " +
              message.shown("attempts") + " attempts";
  if (auto why = message.shown("lastFailure"); !why.empty()) text += ", failed: " + why;
  return text;
}

std::string attributes_of(const json_document& entity) {
  std::string text;
  if (auto* all = entity.find("attributes"); all != nullptr && all->members() != nullptr) {
    for (auto& [name, value] : *all->members()) {
      text += (text.empty() ? "" : ", ") + name + " = " + value.dump();
    }
  }
  return text.empty() ? "none" : text;
}

std::string main_of(const json_document& entity) {
  auto* main = entity.find("main");
  if (main == nullptr) return "none";
  auto text = main->shown("method") + " since event " + main->shown("started");
  if (auto* parent = entity.find("parent")) text += ", child of " + name_of(*parent);
  if (auto due = main->shown("due"); !due.empty()) text += ", begins at " + due;
  for (auto& [name, words] : {std::pair{"runDeadline", ", run until "},
                              std::pair{"executionDeadline", ", all runs until "}}) {
    if (auto until = main->shown(name); !until.empty()) text += words + until;
  }
  if (auto* result = main->find("result")) text += ", result " + result->dump();
  if (auto* failure = main->find("failure")) text += ", failed: " + failure->shown("detail");
  return text;
}

void print_description(const json_document& entity) {
  const auto status = entity.shown("status");
  print_line(paint(style::bold, printable(entity.shown("type") + '/' + entity.shown("id"))) + "  " +
             paint(style_of_status(status), status));
  print_fields(
      {{"run", entity.shown("run")},
       {"events", entity.shown("events") + ", " + entity.shown("runEvents") + " in this run"},
       {"bytes", entity.shown("bytes")},
       {"created", entity.shown("created")},
       {"last active", entity.shown("lastActive")},
       {"main", main_of(entity)},
       {"attributes", attributes_of(entity)},
       {"activities", listed(entity, "activities", activity_line)},
       {"messages", listed(entity, "messages", message_line)},
       {"children", listed(entity, "children", name_of)},
       {"timers", listed(entity, "timers", timer_line)},
       {"suspended", listed(entity, "suspended", handler_line)},
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

// -- list ----------------------------------------------------------------------------------------

namespace {

struct list_arguments {
  std::string type;
  std::string status;
  std::string where;
  std::string after;
  std::uint64_t limit = 100;
  bool all = false;
  bool count = false;
};

std::string list_path(const list_arguments& given, const std::string& after) {
  auto path =
      std::string("/v1/entities?") +
      (given.count ? "count=true" : "limit=" + std::to_string(given.all ? 1'000 : given.limit));
  auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) path += '&' + std::string(name) + '=' + gateway::percent_encode(value);
  };
  add("type", given.type);
  add("status", given.status);
  add("where", given.where);
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
      ->check(CLI::IsMember(
          {"running", "paused", "completed", "failed", "cancelled", "terminated", "parked"}));
  command->add_option("--where", given->where,
                      R"(Whose attributes are such: status = "paid" and total > 1000)");
  auto* after =
      command->add_option("--after", given->after, "Only those behind this one, as type/id");
  auto* limit = command->add_option("--limit", given->limit, "Most entities");
  limit->check(CLI::Range(1, 1'000))->capture_default_str();
  auto* all = command->add_flag("--all", given->all, "Every page");
  command->add_flag("--count", given->count, "How many there are, instead")
      ->excludes(after)
      ->excludes(limit)
      ->excludes(all);
  command->footer(R"(Example: perdure list --type order --where 'status = "paid"' --count)");
  command->callback([given, &chosen] {
    session node(chosen);
    if (!given->count) return list(*given, node);
    auto counted = node.get(list_path(*given, ""));
    print_line(node.json() ? counted.dump() : counted.shown("count"));
  });
}

}  // namespace perdure::cli
