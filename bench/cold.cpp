// Queries to entities that are not in memory: each is activated from its snapshot and up to 256
// events behind it.

#include <unistd.h>

#include <cstdlib>
#include <future>
#include <stdexcept>

#include "bench/counter_engine.h"
#include "bench/harness.h"

namespace perdure::bench {

void write_cold(const std::filesystem::path& folder, std::size_t entities) {
  counter_engine counters(folder);
  // A signal is two events, itself and the reminder it moves: 128 make a snapshot, the rest a tail.
  for (std::size_t i = 0; i < entities; ++i) {
    auto signals = 128 + i % 128;
    std::promise<void> last;
    for (std::size_t n = 1; n <= signals; ++n) {
      counters.add(i, [&last, is_last = n == signals](result<answer>) {
        if (is_last) last.set_value();
      });
    }
    last.get_future().wait();
  }
  counters.store().flush();
  // No orderly end: putting the entities away could leave a snapshot without a tail.
  _exit(EXIT_SUCCESS);
}

void cold_queries(run& r) {
  auto folder = r.folder("cold");
  auto entities = r.size(1'000, 5);
  output_of({"/proc/self/exe", "--write-cold", folder.string(), std::to_string(entities)});

  counter_engine counters(folder);
  latencies times;
  for (std::size_t i = 0; i < entities; ++i) {
    stopwatch one;
    counters.value(i).value();
    times.add(one.elapsed());
  }
  if (counters.engine().stats().activations < entities) {
    throw std::runtime_error("the queries found entities that were awake");
  }
  r.report("cold query, snapshot + tail <= 256 events, p50", times.micros(0.5), "us", at_most(200));
  r.report("  p99", times.micros(0.99), "us");
}

}  // namespace perdure::bench
