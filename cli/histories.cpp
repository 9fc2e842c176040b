#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <limits>

#include <unistd.h>

#include <CLI/CLI.hpp>

#include <perdure/history.h>

#include "cli/commands.h"
#include "cli/print.h"
#include "cli/session.h"
#include "persistence/lmdb/lmdb_journal.h"
#include "sharding/shard.h"

namespace perdure::cli {

namespace {

struct export_arguments {
  std::string data;
  std::string target = ".";
  std::string type;
  std::vector<std::string> entities;
};

/// "order-o%2F1.history": the id with what a file name cannot hold written as %XX; a long one cut,
/// with its hash behind.
std::string file_of(const entity_id& entity) {
  std::string name = entity.type + '-';
  for (const char c : entity.id) {
    if (std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_' || c == '.') {
      name += c;
      continue;
    }
    constexpr const char* digits = "0123456789ABCDEF";
    const auto code = static_cast<unsigned char>(c);
    name += '%';
    name += digits[code >> 4];
    name += digits[code & 15];
  }
  // A file's name has at most 255 bytes.
  constexpr std::size_t longest = 200;
  if (name.size() > longest) {
    char hash[20];
    std::snprintf(hash, sizeof hash, "-%016llx",
                  static_cast<unsigned long long>(sharding::hash_of(entity)));
    name = name.substr(0, longest) + hash;
  }
  return name + ".history";
}

/// All of a type, page by page.
std::vector<entity_id> all_of(const persistence::journal& from, const std::string& type) {
  std::vector<entity_id> all;
  persistence::list_filter filter;
  filter.type = type;
  filter.limit = 1'000;
  while (true) {
    auto page = from.list(filter);
    for (auto& each : page) all.push_back(std::move(each.entity));
    if (page.size() < filter.limit) return all;
    filter.after = all.back();
  }
}

void run_export(const export_arguments& chosen, bool json) {
  persistence::lmdb_options options;
  options.directory = data_in(chosen.data);
  options.background = false;
  auto journal = persistence::open_lmdb_journal(options);
  if (!journal) throw command_failure{journal.error()};
  auto& from = **journal;
  std::vector<entity_id> wanted;
  for (auto& each : chosen.entities) wanted.push_back(parse_entity(each));
  if (!chosen.type.empty()) {
    for (auto& each : all_of(from, chosen.type)) wanted.push_back(std::move(each));
  }
  std::filesystem::create_directories(chosen.target);
  for (auto& entity : wanted) {
    // The present run: what an activation without a snapshot would replay.
    auto known = from.find(entity);
    if (!known) throw command_failure{{errc::entity_not_found, to_string(entity)}};
    auto steps =
        from.history(entity, known->run_began, std::numeric_limits<std::size_t>::max(), known->run);
    if (!steps) throw command_failure{steps.error()};
    const auto file = std::filesystem::path(chosen.target) / file_of(entity);
    auto schema = from.schema(entity.type).value_or(bytes{});
    auto saved = save_history(file, history(entity, std::move(*steps), std::move(schema)));
    if (!saved) throw command_failure{saved.error()};
    if (!json) print_line(file.string());
  }
  if (json) print_line("{\"exported\": " + std::to_string(wanted.size()) + "}");
}

}  // namespace

void add_export(CLI::App& app, const globals& chosen) {
  auto given = std::make_shared<export_arguments>();
  auto* command =
      app.add_subcommand("export", "Write histories of entities to files, one for each");
  command->add_option("entities", given->entities, "TYPE/ID ...");
  command->add_option("--type", given->type, "All entities of this type");
  command->add_option("--data", given->data, "The data of a node that is stopped, or a backup")
      ->required()
      ->envname("PERDURE_DATA");
  command->add_option("--to", given->target, "Folder for the files")->capture_default_str();
  command->footer("Example: perdure export order/o1 --data ./perdure-data --to histories");
  command->callback([given, &chosen] {
    if (given->entities.empty() && given->type.empty()) {
      throw command_failure{{errc::malformed, "name entities, or a --type"}, "", 2};
    }
    run_export(*given, chosen.json);
  });
}

void add_replay(CLI::App& app, const globals&) {
  auto program = std::make_shared<std::string>();
  auto files = std::make_shared<std::vector<std::string>>();
  auto* command = app.add_subcommand(
      "replay", "Take the steps of exported histories again with a node's program, and compare");
  command->add_option("program", *program, "The program, e.g. ./perdure-shop")->required();
  command->add_option("files", *files, "Histories")->required();
  command->footer("Example: perdure replay ./perdure-shop histories/*.history");
  command->callback([program, files] {
    std::vector<std::string> words{*program};
    for (auto& each : *files) words.push_back("--replay=" + each);
    std::vector<char*> arguments;
    for (auto& each : words) arguments.push_back(each.data());
    arguments.push_back(nullptr);
    execvp(program->c_str(), arguments.data());
    throw command_failure{
        {errc::malformed, *program + " cannot be run: " + std::strerror(errno)}, "", 2};
  });
}

}  // namespace perdure::cli
