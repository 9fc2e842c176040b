#pragma once

/// An engine with counters on an LMDB journal: what the benchmarks in process run on.

#include <filesystem>
#include <memory>
#include <string>

#include "bench/harness.h"
#include "examples/counter/counter.h"
#include "persistence/journal.h"
#include "runtime/engine.h"

namespace perdure::bench {

class counter_engine {
public:
  /// Opens or creates the data in `folder` and begins to serve.
  explicit counter_engine(const std::filesystem::path& folder, runtime::engine_limits limits = {});

  /// Sends "add 1" to counter `number`.
  void add(std::size_t number, completion done);

  /// Asks counter `number` for its value, and waits.
  result<answer> value(std::size_t number);

  runtime::engine& engine() { return engine_; }
  persistence::journal& store() { return *store_; }

private:
  request prepare(std::size_t number, const method& what, bytes params) const;

  const contract& contract_;
  const method& add_;
  const method& value_;
  bytes one_;
  system_clock wall_;
  std::unique_ptr<persistence::journal> store_;
  runtime::engine engine_;
};

}  // namespace perdure::bench
