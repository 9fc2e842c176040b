/// perdure-simulation: runs seeds, and makes a small one of what fails.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <chrono>

#include "world.h"

int main(int count, char** given) {
  using namespace perdure::simulation;
  std::uint64_t first = 1, many = 100;
  bool verbose = false;
  for (int i = 1; i < count; ++i) {
    if (!std::strcmp(given[i], "--first")) first = std::strtoull(given[++i], nullptr, 10);
    if (!std::strcmp(given[i], "--seeds")) many = std::strtoull(given[++i], nullptr, 10);
    if (!std::strcmp(given[i], "-v")) verbose = true;
  }
  std::uint64_t failed = 0, steps = 0, records = 0;
  for (auto seed = first; seed < first + many; ++seed) {
    auto found = run(make_script(seed), canary::none, verbose);
    steps += found.steps; records += found.records;
    if (verbose) for (auto& line : found.history) std::printf("%s\n", line.c_str());
    if (found.wrong) { ++failed; std::printf("%llu: %s\n", (unsigned long long)seed, found.wrong->c_str()); }
  }
  std::printf("%llu seeds, %llu failed, %llu steps, %llu records\n", (unsigned long long)many, (unsigned long long)failed, (unsigned long long)steps, (unsigned long long)records);
  return failed != 0;
}
