// perdure-bench: runs the benchmarks, prints a table beside the aims, writes JSON.

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "bench/harness.h"
#include "examples/shop/demo/shop_process.h"

namespace {

using namespace perdure::bench;

/// In the order in which they must run: the later ones compare themselves with raw LMDB.
const std::vector<std::pair<std::string, std::function<void(run&)>>> all{
    {"raw", raw_lmdb},          {"signals", signals}, {"http", http},
    {"cold", cold_queries},     {"dormant", dormant}, {"active", active},
    {"activities", activities}, {"fan-out", fan_out}, {"timers", timers}};

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Measures Perdure beside raw LMDB on the same disk."};
  bool is_tiny = false;
  std::string shop, json, scratch = ".";
  std::vector<std::string> only, child;
  app.add_flag("--tiny", is_tiny, "Try every benchmark out in seconds; the figures mean nothing");
  app.add_option("--shop", shop, "The program perdure-shop");
  app.add_option("--json", json, "Write the figures to this file");
  app.add_option("--scratch", scratch, "Folder on the disk to be measured")->capture_default_str();
  app.add_option("--only", only,
                 "Run these: raw signals http cold dormant active activities fan-out timers");
  auto write_cold_option = app.add_option("--write-cold", child)->expected(2)->group("");
  auto active_option = app.add_option("--measure-active", child)->expected(2)->group("");
  auto asleep_option = app.add_option("--measure-asleep", child)->expected(1)->group("");
  CLI11_PARSE(app, argc, argv);
  try {
    if (*write_cold_option) write_cold(child[0], std::stoul(child[1]));
    if (*active_option) return measure_active(child[0], std::stoul(child[1])), 0;
    if (*asleep_option) return measure_asleep(child[0]), 0;

    shop::demo::temporary_folder folder(scratch);
    run r(is_tiny, folder.path(), shop);
    for (auto& [name, benchmark] : all) {
      bool chosen = only.empty() || name == "raw" || std::ranges::find(only, name) != only.end();
      if (chosen) benchmark(r);
    }
    if (!json.empty()) write_json(r, json);
  } catch (const std::exception& failed) {
    std::fprintf(stderr, "perdure-bench: %s\n", failed.what());
    return 1;
  }
}
