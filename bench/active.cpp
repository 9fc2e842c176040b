// Memory of entities that are awake: what the heap of a fresh process grows by.

#include <malloc.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <thread>

#include "bench/counter_engine.h"
#include "bench/harness.h"

namespace perdure::bench {

void measure_active(const std::filesystem::path& folder, std::size_t entities) {
  counter_engine counters(folder);
  std::atomic<std::size_t> answered = 0;
  auto wake = [&](std::size_t first, std::size_t last) {
    answered = first;
    for (auto i = first; i < last; ++i) {
      counters.add(i, [&](result<answer>) { ++answered; });
      while (answered + 1'000 < i) std::this_thread::sleep_for(std::chrono::microseconds{50});
    }
    while (answered < last) std::this_thread::sleep_for(std::chrono::milliseconds{1});
    counters.store().flush();
    malloc_trim(0);
  };
  // The first thousand pay for queues and caches that all share.
  wake(0, 1'000);
  auto before = memory_of_this().anonymous;
  wake(1'000, 1'000 + entities);
  auto grown = memory_of_this().anonymous - before;
  std::printf("%zu\n", static_cast<std::size_t>(grown / entities));
}

void active(run& r) {
  auto entities = r.size(100'000, 2'000);
  auto printed = output_of({"/proc/self/exe", "--measure-active", r.folder("active").string(),
                            std::to_string(entities)});
  r.report("memory of an active entity", std::stod(printed), "bytes", at_most(2'000));
}

}  // namespace perdure::bench
