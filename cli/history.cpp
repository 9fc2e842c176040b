#include <cstdio>
#include <future>
#include <thread>

#include <CLI/CLI.hpp>

#include "cli/commands.h"
#include "cli/print.h"
#include "cli/session.h"
#include "gateway/problem.h"

namespace perdure::cli {

namespace {

using gateway::json_document;

constexpr std::chrono::milliseconds pause_before_return{1'000};

struct history_arguments {
  std::string entity;
  std::uint64_t from = 1;
  std::uint64_t limit = 100;
  std::uint64_t run = 0;
  bool follow = false;
};

/// Everything of an event that has no column of its own.
std::string details_of(const json_document& event) {
  std::string text;
  for (auto& [name, value] : *event.members()) {
    if (name == "event" || name == "run" || name == "time" || name == "kind") continue;
    if (name == "method") {
      text += value.shown() + ' ';
    } else if (name == "params" || name == "results") {
      text += value.dump() + ' ';
    } else {
      text += name + '=' + value.shown() + ' ';
    }
  }
  return text;
}

void print_event(const std::string& json, bool as_json) {
  if (as_json) return print_line(json);
  auto event = json_document::parse(json);
  if (!event || event->members() == nullptr) return print_line(json);
  std::printf("%6s  %s  %-20s %s\n", event->shown("event").c_str(),
              paint(style::dim, event->shown("time")).c_str(), event->shown("kind").c_str(),
              printable(details_of(*event)).c_str());
}

void print_page(const history_arguments& given, session& node) {
  auto path = entity_path(given.entity) + "/history?from=" + std::to_string(given.from) +
              "&limit=" + std::to_string(given.limit);
  if (given.run != 0) path += "&run=" + std::to_string(given.run);
  const auto response = node.send({.path = path});
  if (node.json()) return print_line(response.body);
  auto page = json_document::parse(response.body).value();
  if (auto* events = page.find("events"); events != nullptr && events->elements() != nullptr) {
    for (auto& event : *events->elements()) print_event(event.dump(), false);
  }
  if (auto next = page.shown("next"); !next.empty()) {
    print_line(paint(style::dim, "more: --from " + next));
  }
}

/// Reads server-sent events from pieces of text and prints them.
class event_printer {
public:
  explicit event_printer(bool as_json) : as_json_(as_json) {}

  bool take(std::string_view piece) {
    pending_ += piece;
    for (auto end = pending_.find('\n'); end != std::string::npos; end = pending_.find('\n')) {
      line(pending_.substr(0, end));
      pending_.erase(0, end + 1);
    }
    std::fflush(stdout);
    return true;
  }

  /// The last event that was printed; "" before the first.
  const std::string& last() const { return last_; }
  /// Forgets half a line of a stream that broke.
  void begin() { pending_.clear(); }

private:
  void line(const std::string& text) {
    if (text.starts_with("id: ")) id_ = text.substr(4);
    if (!text.starts_with("data: ")) return;
    print_event(text.substr(6), as_json_);
    last_ = id_;
  }

  bool as_json_;
  std::string pending_;
  std::string id_;
  std::string last_;
};

/// One connection of a stream. Returns the status it ended with, nothing when it broke.
result<gateway::http_response> follow_once(session& node, const std::string& path,
                                           event_printer& printer) {
  gateway::http_message what{.path = path, .headers = {{"Accept", "text/event-stream"}}};
  if (!printer.last().empty()) what.headers.emplace_back("Last-Event-ID", printer.last());
  printer.begin();
  std::promise<result<gateway::http_response>> ended;
  node.transport().follow(
      std::move(what), [&](std::string_view piece) { return printer.take(piece); },
      [&](auto response) { ended.set_value(std::move(response)); });
  return ended.get_future().get();
}

void follow(const history_arguments& given, session& node) {
  event_printer printer(node.json());
  const auto path = entity_path(given.entity) + "/history?from=" + std::to_string(given.from);
  bool told = false;
  while (true) {
    auto ended = follow_once(node, path, printer);
    if (ended && ended->status == 204) return;  // The entity has ended, and all was told.
    if (ended && !ended->succeeded()) {
      auto why = gateway::read_problem(ended->status, ended->body);
      if (!retryable(why.code)) throw failure_of(why);
    }
    if (!ended && printer.last().empty()) throw no_answer(ended.error(), node.node());
    if (!std::exchange(told, true)) std::fprintf(stderr, "the stream ended; trying again\n");
    std::this_thread::sleep_for(pause_before_return);
  }
}

}  // namespace

void add_history(CLI::App& app, const globals& chosen) {
  auto given = std::make_shared<history_arguments>();
  auto* command = app.add_subcommand("history", "Show what happened to an entity");
  command->add_option("entity", given->entity, "Which entity, as type/id")->required();
  command->add_option("--from", given->from, "First event")->capture_default_str();
  auto* limit = command->add_option("--limit", given->limit, "Most events");
  limit->check(CLI::Range(1, 1'000))->capture_default_str();
  auto* run = command->add_option("--run", given->run, "Events of this run only");
  command->add_flag("--follow", given->follow, "Go on as events happen, until interrupted")
      ->excludes(limit)
      ->excludes(run);
  command->footer("Example: perdure history cart/alice --follow");
  command->callback([given, &chosen] {
    session node(chosen);
    if (given->follow) return follow(*given, node);
    print_page(*given, node);
  });
}

}  // namespace perdure::cli
