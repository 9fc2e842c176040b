#pragma once

/// What the benchmarks share: how long they run, where they may write, how a figure is reported.
///
/// A benchmark is a function that takes a `run` and reports figures to it. The table and the JSON
/// file are made of what was reported, in that order; a figure with an aim says whether it is met.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <perdure/types.h>

#include "runtime/defaults.h"

namespace perdure::bench {

/// What a figure should be.
struct aim {
  enum class side { at_least, at_most };
  side which = side::at_least;
  double bound = 0;
};

inline aim at_least(double bound) { return {aim::side::at_least, bound}; }
inline aim at_most(double bound) { return {aim::side::at_most, bound}; }

struct figure {
  std::string name;
  double value = 0;
  std::string unit;
  std::optional<aim> wanted;

  bool met() const;
};

/// One run of the program: its options, and the figures so far.
class run {
public:
  /// REQUIRES: `scratch` is an empty folder on the disk to be measured.
  run(bool is_tiny, std::filesystem::path scratch, std::filesystem::path shop);

  /// Returns `full`, or `tiny` when the benchmarks are only tried out.
  std::size_t size(std::size_t full, std::size_t tiny) const { return is_tiny_ ? tiny : full; }
  bool is_tiny() const { return is_tiny_; }
  /// The program perdure-shop.
  const std::filesystem::path& shop() const { return shop_; }
  /// Returns a new, empty folder.
  std::filesystem::path folder(std::string_view name) const;

  /// Reports a figure, and prints it.
  void report(std::string name, double value, std::string unit, std::optional<aim> wanted = {});
  /// Returns the value of a figure reported before. REQUIRES: there is one of this name.
  double reported(std::string_view name) const;
  const std::vector<figure>& figures() const { return figures_; }

private:
  bool is_tiny_;
  std::filesystem::path scratch_;
  std::filesystem::path shop_;
  std::vector<figure> figures_;
};

/// Writes the figures, with date and machine, as one JSON document.
void write_json(const run& what, const std::filesystem::path& path);

/// Times of single operations.
class latencies {
public:
  void add(std::chrono::nanoseconds time) { times_.push_back(time); }
  /// Returns the `share` quantile in microseconds, e.g. 0.5 for the median; 0 without any time.
  double micros(double share);
  std::size_t count() const { return times_.size(); }

private:
  std::vector<std::chrono::nanoseconds> times_;
};

/// Measures from its construction on.
class stopwatch {
public:
  std::chrono::nanoseconds elapsed() const { return std::chrono::steady_clock::now() - began_; }
  double seconds() const { return std::chrono::duration<double>(elapsed()).count(); }

private:
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

class system_clock final : public runtime::wall_clock {
public:
  timestamp now() const override {
    return std::chrono::floor<duration>(std::chrono::system_clock::now());
  }
};

/// Memory of a process, in bytes, from /proc. `resident` counts pages of mapped files too.
struct memory {
  std::uint64_t resident = 0;
  std::uint64_t anonymous = 0;
};
memory memory_of(int process);
memory memory_of_this();

/// Returns the disk space taken by everything under `folder`, in bytes.
std::uint64_t disk_usage(const std::filesystem::path& folder);

/// Runs a program to its end and returns what it printed. Throws std::runtime_error when it fails.
std::string output_of(const std::vector<std::string>& command);

// -- the benchmarks, one file each ----------------------------------------------------------------

/// Bytes of the record that a counter's signal leaves in the journal.
std::size_t record_bytes();

void raw_lmdb(run& r);      ///< What the disk gives to LMDB alone.
void signals(run& r);       ///< Durable signals in process: many entities, one, few callers.
void http(run& r);          ///< The shop through HTTP, loaded by wrk.
void cold_queries(run& r);  ///< Queries that activate an entity from its snapshot.
void dormant(run& r);       ///< A shop of a million carts, started again.
void active(run& r);        ///< Memory of entities that are awake.
void activities(run& r);    ///< Updates that call the world.
void fan_out(run& r);       ///< A million activities, by a thousand children.
void timers(run& r);        ///< How late they fire, and a million of them.

/// Waits until a shop answers at `url`; throws std::runtime_error after half a minute.
void wait_until_ready(const std::string& url);

// -- parts that run in a fresh process ------------------------------------------------------------

/// Writes entities with a snapshot and a tail of events, and ends the process.
[[noreturn]] void write_cold(const std::filesystem::path& folder, std::size_t entities);
/// Prints the bytes of memory that an awake entity takes.
void measure_active(const std::filesystem::path& folder, std::size_t entities);
/// Opens the data in `folder` and prints the memory this takes, in bytes.
void measure_asleep(const std::filesystem::path& folder);

}  // namespace perdure::bench
