#include <filesystem>

#include <CLI/CLI.hpp>

#include "cli/commands.h"
#include "cli/print.h"
#include "cli/session.h"
#include "persistence/lmdb/lmdb_journal.h"

namespace perdure::cli {

namespace {

std::string place_of(const persistence::verify_report::finding& found) {
  std::string place = found.record == 0 ? "" : "record " + std::to_string(found.record);
  if (found.entity) place += (place.empty() ? "" : ", ") + to_string(*found.entity);
  if (found.event != 0) place += " event " + std::to_string(found.event);
  return place;
}

void print_report(const persistence::verify_report& report) {
  print_fields(
      {{"records", std::to_string(report.records)},
       {"entities", std::to_string(report.entities)},
       {"bytes", std::to_string(report.bytes)},
       {"shards", std::to_string(report.shard_count)},
       {"index", report.index_checked ? std::to_string(report.index_rows) + " rows agree"
                                      : "not checked: a node is running, or there is none"}});
  for (auto& found : report.findings)
    print_line(paint(style::error, place_of(found)) + ": " + found.what);
  print_line(report.sound()
                 ? paint(style::good, "sound")
                 : paint(style::error, std::to_string(report.findings_count) + " findings"));
}

void print_report_json(const persistence::verify_report& report) {
  gateway::json_writer json;
  json.begin_object().boolean("sound", report.sound());
  json.wide("records", report.records)
      .wide("entities", report.entities)
      .wide("bytes", report.bytes);
  json.number("shards", report.shard_count).boolean("indexChecked", report.index_checked);
  json.wide("indexRows", report.index_rows).wide("findingsCount", report.findings_count);
  json.key("findings").begin_array();
  for (auto& found : report.findings) {
    json.begin_object().wide("record", found.record).wide("event", found.event);
    if (found.entity) json.text("entity", to_string(*found.entity));
    json.text("what", found.what).end_object();
  }
  print_line(json.end_array().end_object().str());
}

std::string as_json_text(const std::string& text) {
  std::string json;
  gateway::append_json_text(json, text);
  return json;
}

}  // namespace

void add_verify(CLI::App& app, const globals& chosen) {
  auto data = std::make_shared<std::string>();
  auto* command = app.add_subcommand("verify", "Check every record of a data directory");
  command->add_option("--data", *data, "The directory; a node may be running on it")
      ->required()
      ->envname("PERDURE_DATA");
  command->footer("Example: perdure verify --data ./perdure-data");
  command->callback([data, &chosen] {
    auto report = persistence::verify_lmdb_journal(data_in(*data));
    if (!report) throw command_failure{report.error()};
    if (chosen.json) {
      print_report_json(*report);
    } else {
      print_report(*report);
    }
    if (!report->sound()) throw command_failure{{errc::internal, "the data is damaged"}};
  });
}

namespace {

/// The data of a node that is stopped.
void copy_files(const std::string& data, const std::string& target) {
  persistence::lmdb_options options;
  options.directory = data_in(data);
  options.background = false;
  auto journal = persistence::open_lmdb_journal(options);
  if (!journal) {
    throw command_failure{journal.error(), "without --data, the node that runs copies its data"};
  }
  auto copied = (*journal)->backup(target);
  if (!copied) throw command_failure{copied.error()};
}

/// The data of a node that runs, by the node.
void have_copied(const std::string& target, session& node) {
  gateway::json_writer body;
  body.begin_object().text("target", target).end_object();
  node.send({.verb = gateway::http_verb::post, .path = "/v1/backup", .body = body.take()});
}

}  // namespace

void add_backup(CLI::App& app, const globals& chosen) {
  struct arguments {
    std::string data;
    std::string target;
  };
  auto given = std::make_shared<arguments>();
  auto* command = app.add_subcommand("backup", "Copy the data of a node, running or stopped");
  command->add_option("--data", given->data, "The directory of a node that is stopped")
      ->check(CLI::ExistingDirectory);
  command
      ->add_option("target", given->target,
                   "A directory that does not exist yet; of a running node, on its machine")
      ->required();
  command->footer("Example: perdure backup --node http://127.0.0.1:7070 /backups/monday");
  command->callback([given, &chosen] {
    const auto target = std::filesystem::absolute(given->target).string();
    if (given->data.empty()) {
      session node(chosen);
      have_copied(target, node);
    } else {
      copy_files(given->data, target);
    }
    if (chosen.json) return print_line(R"({"target":)" + as_json_text(target) + '}');
    print_line("copied to " + target + "; a node starts from it with --data");
  });
}

}  // namespace perdure::cli
