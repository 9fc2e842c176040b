#include "bench/harness.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <stdexcept>
#include <thread>

#include "gateway/http_transport.h"
#include "gateway/json_text.h"

namespace perdure::bench {

namespace fs = std::filesystem;

bool figure::met() const {
  if (!wanted) return true;
  return wanted->which == aim::side::at_least ? value >= wanted->bound : value <= wanted->bound;
}

run::run(bool is_tiny, fs::path scratch, fs::path shop)
    : is_tiny_(is_tiny), scratch_(std::move(scratch)), shop_(std::move(shop)) {
  std::printf("%-52s %14s  %-6s %14s\n", "", "measured", "", "aim");
}

fs::path run::folder(std::string_view name) const {
  auto made = scratch_ / name;
  fs::remove_all(made);
  fs::create_directories(made);
  return made;
}

void run::report(std::string name, double value, std::string unit, std::optional<aim> wanted) {
  figure made{std::move(name), value, std::move(unit), wanted};
  std::printf("%-52s %14.*f  %-6s", made.name.c_str(), made.value < 100 ? 1 : 0, made.value,
              made.unit.c_str());
  if (wanted) {
    std::printf(" %s %11.*f %s",
                wanted->which == aim::side::at_least ? ">=" : "<=", wanted->bound < 100 ? 1 : 0,
                wanted->bound,
                is_tiny_     ? ""
                : made.met() ? " met"
                             : " MISSED");
  }
  std::printf("\n");
  std::fflush(stdout);
  figures_.push_back(std::move(made));
}

double run::reported(std::string_view name) const {
  auto found = std::ranges::find(figures_, name, &figure::name);
  if (found == figures_.end()) throw std::logic_error("not measured yet: " + std::string(name));
  return found->value;
}

void write_json(const run& what, const fs::path& path) {
  utsname machine{};
  uname(&machine);
  char date[32];
  auto now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm parts{};
  std::strftime(date, sizeof date, "%FT%TZ", gmtime_r(&now, &parts));

  gateway::json_writer out;
  out.begin_object().text("date", date).boolean("tiny", what.is_tiny());
  out.text("kernel", machine.release).number("cores", std::thread::hardware_concurrency());
  out.key("figures").begin_array();
  for (auto& shown : what.figures()) {
    out.begin_object().text("name", shown.name).raw("value", std::to_string(shown.value));
    out.text("unit", shown.unit);
    if (shown.wanted) {
      bool least = shown.wanted->which == aim::side::at_least;
      out.raw(least ? "at_least" : "at_most", std::to_string(shown.wanted->bound));
      out.boolean("met", shown.met());
    }
    out.end_object();
  }
  out.end_array().end_object();
  fs::create_directories(fs::absolute(path).parent_path());
  std::ofstream file(path);
  file << out.str() << '\n';
  if (!file.flush()) throw std::runtime_error("cannot write " + path.string());
}

double latencies::micros(double share) {
  if (times_.empty()) return 0;
  auto place = static_cast<std::ptrdiff_t>(share * static_cast<double>(times_.size() - 1));
  auto chosen = times_.begin() + place;
  std::ranges::nth_element(times_, chosen);
  return static_cast<double>(chosen->count()) / 1'000;
}

memory memory_of(int process) {
  std::ifstream status("/proc/" + std::to_string(process) + "/status");
  memory found;
  for (std::string line; std::getline(status, line);) {
    auto kib = [&] { return std::stoull(line.substr(line.find(':') + 1)) * 1024; };
    if (line.starts_with("VmRSS:")) found.resident = kib();
    if (line.starts_with("RssAnon:")) found.anonymous = kib();
  }
  return found;
}

memory memory_of_this() { return memory_of(getpid()); }

std::uint64_t disk_usage(const fs::path& folder) {
  std::uint64_t used = 0;
  for (auto& entry : fs::recursive_directory_iterator(folder)) {
    struct stat about{};
    // Blocks, not sizes: an LMDB file is sparse.
    if (stat(entry.path().c_str(), &about) == 0 && S_ISREG(about.st_mode)) {
      used += static_cast<std::uint64_t>(about.st_blocks) * 512;
    }
  }
  return used;
}

void wait_until_ready(const std::string& url) {
  gateway::http_transport transport(gateway::http_address::parse(url).value(), 1);
  stopwatch waited;
  while (true) {
    auto answer = transport.fetch({.path = "/readyz"}, duration{1'000});
    if (answer && answer->succeeded()) return;
    if (waited.seconds() > 30) throw std::runtime_error("no answer from " + url);
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
}

std::string output_of(const std::vector<std::string>& command) {
  std::vector<char*> arguments;
  for (auto& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);

  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  pid_t child = 0;
  auto failed = posix_spawnp(&child, arguments[0], &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);

  std::string printed;
  char part[4096];
  for (ssize_t count; (count = read(ends[0], part, sizeof part)) > 0;) {
    printed.append(part, static_cast<std::size_t>(count));
  }
  close(ends[0]);
  if (failed != 0) throw std::runtime_error("cannot run " + command[0]);
  int status = 0;
  waitpid(child, &status, 0);
  if (status != 0) throw std::runtime_error(command[0] + " failed: " + printed);
  return printed;
}

}  // namespace perdure::bench
