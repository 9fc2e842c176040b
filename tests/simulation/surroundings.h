#pragma once

/// What the parts of a simulation share: time, chance, the journal, the model, and the trace.

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "dice.h"
#include "ledger.h"
#include "persistence/memory_journal.h"
#include "script.h"

namespace perdure::simulation {

/// Two times: one that passes, by which things take as long as they do, and what the clock on the
/// wall says, which jumps.
struct clocks {
  timestamp passed{std::chrono::hours{24 * 365 * 50}};
  duration ahead{0};

  timestamp wall() const { return passed + ahead; }
  /// When the clock on the wall will say so, as things stand.
  timestamp to_passed(timestamp wall) const {
    return wall == timestamp::max() ? timestamp::max() : std::max(passed, wall - ahead);
  }
};

/// A digest of all that happens, and, when asked for, lines for people.
class trace {
public:
  explicit trace(bool keeps_lines) : keeps_lines_(keeps_lines) {}

  template <class Text>
  void note(std::uint64_t a, std::uint64_t b, const clocks& at, Text text) {
    digest_ = mixed(mixed(digest_, a), mixed(b, at.passed.time_since_epoch().count()));
    if constexpr (!std::is_null_pointer_v<Text>) {
      if (keeps_lines_) keep(at, text());
    }
  }

  std::uint64_t digest() const { return digest_; }
  const std::deque<std::string>& lines() const { return lines_; }

private:
  static constexpr std::size_t most = 4'000;

  void keep(const clocks& at, std::string text) {
    const auto since = (at.passed - clocks{}.passed).count();
    lines_.push_back(std::to_string(since) + " ms  " + std::move(text));
    if (lines_.size() > most) lines_.pop_front();
  }

  bool keeps_lines_;
  std::uint64_t digest_ = 0;
  std::deque<std::string> lines_;
};

/// Faults that are put into the simulated node on purpose, to see that they are found.
enum class canary : std::uint8_t {
  none,
  answers_early,   ///< The outlet answers before the commit is durable.
  forgets_outbox,  ///< What an entity that was read again has to send is not sent.
};

struct shared {
  const script& plan;
  canary bird;
  clocks time;
  dice chance;
  trace seen;
  simulation::ledger model;
  persistence::memory_journal store;
  bool calm = false;  ///< No more faults.

  shared(const script& what, canary put, bool keeps_lines, persistence::memory_options options)
      : plan(what), bird(put), chance(mixed(what.seed, 2)), seen(keeps_lines), store(options) {}

  bool befalls(fault which, std::uint32_t scale = 1000) {
    return !calm && plan.has(which) && chance.chance(plan.of(which) * scale / 1000);
  }
  template <class Text>
  void note(std::uint64_t a, std::uint64_t b, Text text) {
    seen.note(a, b, time, std::move(text));
  }
};

}  // namespace perdure::simulation
