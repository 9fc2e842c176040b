#include "tests/architecture/rules.h"

#include <algorithm>
#include <map>
#include <optional>
#include <regex>
#include <set>
#include <string_view>

namespace perdure::architecture {

namespace {

constexpr std::size_t columns_max = 100;

bool is_under(std::string_view path, std::string_view folder) {
  return path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/';
}

bool is_under_any(std::string_view path, const std::vector<std::string_view>& places) {
  return std::ranges::any_of(places,
                             [&](auto place) { return path == place || is_under(path, place); });
}

std::string at(const source_file& file, std::size_t line, const std::string& what) {
  return file.path + ':' + std::to_string(line + 1) + ": " + what;
}

/// Calls `each(line, name)` for every include of a C++ file.
template <class F>
void for_each_include(const source_file& file, F each) {
  static const std::regex include(R"(^\s*#\s*include\s*[<"]([^">]+)[>"])");
  if (!file.is_cpp()) return;
  std::smatch found;
  for (std::size_t i = 0; i < file.lines.size(); ++i) {
    if (std::regex_search(file.lines[i], found, include)) each(i, found[1].str());
  }
}

// -- direction -----------------------------------------------------------------------------------

/// Layers from the bottom up. Folders of the same height do not know each other.
const std::map<std::string, int, std::less<>> layers{
    {"entities", 0}, {"sharding", 1}, {"persistence", 2}, {"process", 3},
    {"testing", 4},  {"runtime", 4},  {"gateway", 5},     {"node", 6},
    {"cli", 7},      {"examples", 7}, {"schedules", 1},   {"encryption", 1}};

std::string top_folder(std::string_view path) {
  return std::string(path.substr(0, path.find('/')));
}

/// Returns the layer that a public header <perdure/...> lives in.
std::map<std::string, std::string> public_headers(const source_tree& tree) {
  std::map<std::string, std::string> home;
  for (auto& file : tree.files) {
    auto include = file.path.find("/include/perdure/");
    if (include != std::string::npos) {
      home.emplace(file.path.substr(include + std::string_view("/include/").size()),
                   top_folder(file.path));
    }
  }
  return home;
}

// -- includes ------------------------------------------------------------------------------------

struct include_rule {
  std::vector<std::string_view> headers;  ///< Exact names, or beginnings that end with '/'.
  std::vector<std::string_view> allowed;  ///< Folders and files where they may stand.
  std::vector<std::string_view> banned;   ///< When not empty: the rule holds only here.
  std::string_view reason;
};

const std::vector<include_rule>& include_rules() {
  static const std::vector<include_rule> rules{
      {{"caf/"},
       {"runtime", "tests/runtime"},
       {},
       "actors are the runtime's; everything else talks to perdure::runtime::engine"},
      {{"lmdb.h"},
       {"persistence/lmdb", "tests/persistence", "bench"},
       {},
       "LMDB stays behind persistence/journal.h"},
      {{"capnp/"},
       {"entities/compiler", "entities/json.cpp", "entities/json_decode.cpp",
        "entities/json_schema.cpp", "entities/json_schemas.cpp", "entities/json_schemas.h",
        "entities/payload.cpp", "entities/payload_reader.cpp", "entities/payload_reader.h",
        "entities/include/perdure/codec.h", "entities/include/perdure/wire_read.h",
        "entities/include/perdure/capnp_compat.h", "persistence/codec.cpp",
        "persistence/codec_wire.h", "tests/contract", "tests/entities", "tests/persistence"},
       {},
       "Cap'n Proto stays in generated code and codecs; pass perdure::bytes or value structs"},
      {{"date/"},
       {"schedules/time_zone.cpp"},
       {},
       "what the time zone database says changes: ask it through schedules/time_zone.h, and record "
       "it"},
      {{"kj/async.h", "kj/async-io.h", "kj/async-queue.h", "kj/compat/", "kj/timer.h"},
       {"gateway", "tests/gateway", "tests/crash", "tests/cli"},
       {},
       "event loops and HTTP are the gateway's"},
      {{"thread",
        "mutex",
        "shared_mutex",
        "condition_variable",
        "semaphore",
        "latch",
        "barrier",
        "stop_token",
        "fstream",
        "filesystem",
        "random",
        "ctime",
        "time.h",
        "pthread.h",
        "unistd.h",
        "fcntl.h",
        "sys/",
        "netinet/",
        "arpa/",
        "netdb.h",
        "poll.h",
        "kj/async",
        "kj/thread.h",
        "kj/mutex.h",
        "kj/filesystem.h",
        "kj/timer.h",
        "spdlog/",
        "prometheus/",
        "CLI/"},
       {"entities/compiler"},
       {"entities", "process"},
       "the core is pure: time, randomness, files and threads come in from outside"},
      {{"thread", "mutex", "shared_mutex", "condition_variable", "stop_token", "fstream",
        "filesystem", "ctime", "unistd.h", "sys/", "kj/", "spdlog/", "prometheus/"},
       {},
       {"testing"},
       "a test is one thread and virtual time"},
  };
  return rules;
}

bool matches(std::string_view header, std::string_view pattern) {
  return header == pattern || (pattern.ends_with('/') && header.starts_with(pattern));
}

// -- calls ---------------------------------------------------------------------------------------

struct call_rule {
  std::string pattern;                    ///< Over code without comments and literals.
  std::vector<std::string_view> allowed;  ///< Folders and files where it may stand.
  std::string_view instead;
};

const std::vector<call_rule>& call_rules() {
  static const std::vector<call_rule> rules{
      {R"(\bsystem_clock::now\b|\bgettimeofday\b|\btime\((NULL|nullptr|0)\))",
       {"node", "bench"},
       "take a wall_clock (runtime/defaults.h) through the constructor"},
      {R"(\bsteady_clock::now\b|\bhigh_resolution_clock\b|\bclock_gettime\b)",
       {"runtime", "gateway", "node", "persistence", "cli", "examples", "tests", "bench"},
       "the core knows only the time of the event being handled"},
      {R"(\bs?rand\()",
       {},
       "a seeded std::mt19937_64, its seed printed; in an entity, its own random()"},
      {R"(\brandom_device\b)",
       {"node", "gateway", "cli", "examples", "tests", "bench"},
       "randomness comes in through the constructor"},
      {R"(\bthis_thread::sleep_|\busleep\(|\bnanosleep\()",
       // An engine that drains blocks by contract, and has nothing else to do.
       {"tests", "bench", "cli", "examples", "runtime/engine.cpp", "runtime/housekeeping.cpp"},
       "a timer of the event loop, or a delayed message: a sleeping thread serves nobody"},
      {R"(\bcaf::infinite\b)", {}, "a finite time-out: a request to a dead actor never returns"},
      {R"(\.await\()",
       // Where there are no actors, the word is free.
       {"gateway", "cli", "examples", "tests", "bench"},
       ".then(: await lets an actor handle nothing else meanwhile"},
      {R"(\bMDB_(WRITEMAP|DUPSORT)\b)", {}, "the default mode: see docs/design.md, The journal"},
      {R"(\.detach\(\))",
       {"gateway"},
       "a thread that is joined; in kj, a task set that reports failures"},
  };
  return rules;
}

/// Whether a line is wide because of a text, which clang-format cannot break.
bool is_text(std::string_view line, std::string_view code) {
  auto begin = line.find_first_not_of(' ');
  bool is_comment = line.substr(begin == line.npos ? 0 : begin).starts_with("//");
  auto code_alone = std::ranges::count_if(code, [](char c) { return c != ' '; });
  return !is_comment && begin + static_cast<std::size_t>(code_alone) < columns_max / 2;
}

}  // namespace

violations check_direction(const source_tree& tree) {
  violations found;
  auto homes = public_headers(tree);
  for (auto& file : tree.files) {
    auto from = layers.find(top_folder(file.path));
    if (from == layers.end()) continue;
    for_each_include(file, [&](std::size_t line, const std::string& name) {
      auto home = homes.find(name);
      auto to = layers.find(home == homes.end() ? top_folder(name) : home->second);
      if (to == layers.end() || to->first == from->first || to->second < from->second) return;
      found.push_back(at(file, line,
                         from->first + "/ includes " + name + " of " + to->first +
                             "/; includes point downwards: move what is shared further down"));
    });
  }
  return found;
}

violations check_includes(const source_tree& tree) {
  violations found;
  for (auto& file : tree.files) {
    for_each_include(file, [&](std::size_t line, const std::string& name) {
      for (auto& rule : include_rules()) {
        if (!rule.banned.empty() && !is_under_any(file.path, rule.banned)) continue;
        if (is_under_any(file.path, rule.allowed)) continue;
        if (std::ranges::any_of(rule.headers, [&](auto h) { return matches(name, h); })) {
          found.push_back(at(file, line, "includes " + name + ": " + std::string(rule.reason)));
        }
      }
    });
  }
  return found;
}

violations check_calls(const source_tree& tree) {
  violations found;
  for (auto& rule : call_rules()) {
    std::regex pattern(rule.pattern);
    for (auto& file : tree.files) {
      if (is_under_any(file.path, rule.allowed)) continue;
      for (std::size_t i = 0; i < file.code.size(); ++i) {
        std::smatch call;
        if (!std::regex_search(file.code[i], call, pattern)) continue;
        found.push_back(at(
            file, i, call[0].str() + " is not used here; instead: " + std::string(rule.instead)));
      }
    }
  }
  return found;
}

violations check_columns(const source_tree& tree) {
  violations found;
  for (auto& file : tree.files) {
    for (std::size_t i = 0; i < file.code.size(); ++i) {
      auto& line = file.lines[i];
      if (columns(line) <= columns_max || is_text(line, file.code[i])) continue;
      found.push_back(
          at(file, i,
             std::to_string(columns(line)) + " columns; at most " + std::to_string(columns_max)));
    }
  }
  return found;
}

violations check_readmes(const source_tree& tree) {
  std::set<std::string> described;
  for (auto& file : tree.files) {
    if (file.path.ends_with("/README.md"))
      described.insert(file.path.substr(0, file.path.rfind('/')));
  }
  violations found;
  for (auto& folder : tree.folders) {
    // Public headers are described where they are built; a part's tests, by tests/README.md.
    if (folder.empty() || folder == "cmake" || folder.find("include") != std::string::npos ||
        is_under(folder, "tests") || is_under(folder, "docs")) {
      continue;
    }
    if (!described.contains(folder)) {
      found.push_back(folder + "/: says nowhere what it is; add a README.md of a few lines");
    }
  }
  return found;
}

}  // namespace perdure::architecture
