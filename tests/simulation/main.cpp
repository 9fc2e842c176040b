/// perdure-simulation: runs seeds, makes a small script of what fails, and says how to repeat it.

#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "shrink.h"
#include "world.h"

namespace {

using namespace perdure::simulation;

struct wanted {
  std::uint64_t first = 1;
  std::uint64_t seeds = 1'000;
  std::uint64_t reports = 10;
  std::size_t lines = 60;
  std::uint32_t jobs = 1;
  canary put = canary::none;
};

/// Runs every `jobs`th seed. Returns how many failed.
std::uint64_t run_some(const wanted& what, std::uint32_t job) {
  std::uint64_t failed = 0;
  std::uint64_t reported = 0;
  std::set<std::string> kinds;
  for (auto seed = what.first + job; seed < what.first + what.seeds; seed += what.jobs) {
    const auto found = run(make_script(seed), what.put);
    if (!found.wrong) continue;
    ++failed;
    std::printf("seed %llu: %s\n", static_cast<unsigned long long>(seed), found.wrong->c_str());
    if (reported < what.reports && kinds.insert(kind_of(*found.wrong)).second) {
      ++reported;
      std::fputs(report(seed, what.put, *found.wrong, what.lines).c_str(), stdout);
    }
    std::fflush(stdout);
  }
  return failed;
}

/// Each job is a process of its own: one that dies takes no other with it.
bool run_all(const wanted& what) {
  const auto began = std::chrono::steady_clock::now();
  bool good = true;
  if (what.jobs == 1) {
    good = run_some(what, 0) == 0;
  } else {
    std::vector<pid_t> children;
    for (std::uint32_t job = 0; job < what.jobs; ++job) {
      const auto child = fork();
      if (child == 0) _exit(run_some(what, job) == 0 ? 0 : 1);
      children.push_back(child);
    }
    for (auto child : children) {
      int status = 0;
      waitpid(child, &status, 0);
      good = good && WIFEXITED(status) && WEXITSTATUS(status) == 0;
    }
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  std::printf("%llu seeds from %llu in %.1f s: %s\n", static_cast<unsigned long long>(what.seeds),
              static_cast<unsigned long long>(what.first), took.count(),
              good ? "all is well" : "some failed");
  return good;
}

}  // namespace

int main(int count, char** given) {
  CLI::App app{"Simulates a node, seed by seed"};
  wanted what;
  std::optional<std::uint64_t> seed;
  std::string without_faults;
  std::string operations;
  int put = 0;
  bool makes_small = false;
  app.add_option("--first", what.first, "The first seed");
  app.add_option("--seeds", what.seeds, "How many");
  app.add_option("--jobs", what.jobs, "Processes at a time")->check(CLI::Range(1, 64));
  app.add_option("--reports", what.reports, "How many failures are made small");
  app.add_option("--lines", what.lines, "Of what happened, in a report");
  app.add_option("--canary", put, "Puts a fault into the simulated node")->check(CLI::Range(0, 2));
  app.add_option("--seed", seed, "Runs this one, and tells all that happens");
  app.add_option("--without", without_faults, "Faults that do not happen in it");
  app.add_option("--operations", operations, "The operations of it that are done");
  app.add_flag("--small", makes_small, "Makes it small");
  CLI11_PARSE(app, count, given);
  what.put = static_cast<canary>(put);
  if (!seed) return run_all(what) ? 0 : 1;
  const auto left = read_cut(*seed, without_faults, operations);
  if (!left) {
    std::fputs("no such faults, or operations\n", stderr);
    return 2;
  }
  const auto found = run(without(make_script(*seed), *left), what.put, true);
  if (makes_small && found.wrong) {
    std::fputs(report(*seed, what.put, *found.wrong, what.lines).c_str(), stdout);
    return 1;
  }
  for (auto& line : found.history) std::puts(line.c_str());
  std::printf("%s; %llu steps, digest %016llx\n", found.wrong.value_or("all is well").c_str(),
              static_cast<unsigned long long>(found.steps),
              static_cast<unsigned long long>(found.digest));
  return found.wrong ? 1 : 0;
}
