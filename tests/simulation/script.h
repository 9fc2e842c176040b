#pragma once

/// What a seed stands for: how likely each fault is, and what is done, in order. Made whole before
/// anything runs, so that parts of it can be left out.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dice.h"
#include "peer.h"

namespace perdure::simulation {

/// What can go wrong. Each seed has some of them, in a measure of its own.
enum class fault : std::uint8_t {
  node_crash,
  put_away,      ///< An entity leaves memory at a bad time.
  storage_full,  ///< Commits are refused.
  unknown,       ///< Nobody knows whether a commit was written.
  late_commits,
  slow_courier,
  lost_notes,
  lost_snapshots,
  clock_jumps,
  pauses,
  wrong_build,
  resets,
  terminations,
  cancellations,
  starts_anew,
  short_retention,
  absent_workers,
  failing_attempts,
  last = failing_attempts,
};
inline constexpr std::size_t faults = static_cast<std::size_t>(fault::last) + 1;
std::string_view to_string(fault which);

enum class deed : std::uint8_t {
  poke,
  poke_late,
  ask,
  start,
  look,
  look_back,
  describe,
  await_ask,
  await_result,
  terminate,
  cancel,
  pause,
  resume,
  reset,
  // Of the node.
  put_away,
  put_idle_away,
  crash,
  refuse_commits,
  forget_derived,
  jump,
  deploy_wrong,
  deploy_right,
  collect,
  last = collect,
};
std::string_view to_string(deed which);

struct operation {
  deed what = deed::poke;
  std::uint32_t whom = 0;    ///< Number of a peer.
  std::uint32_t gap = 0;     ///< So many steps after the one before.
  std::uint64_t chance = 0;  ///< What else is left to it.
  instructions plan;
};

/// What is small and what is large in a seed's world.
struct measures {
  std::uint32_t peers = 3;
  std::uint64_t continue_after = 4'096;
  std::uint64_t snapshot_every = 256;
  std::uint64_t digest_every = 8;
  std::size_t copied_state_bytes = 8 * 1024;
  std::size_t mailbox = 1'000;
  std::uint32_t group = 8;    ///< Steps in a commit.
  std::uint32_t haste = 100;  ///< How often time passes while there is something to do.
  std::uint32_t writer_haste = 500;
};

struct script {
  std::uint64_t seed = 0;
  measures sizes;
  std::array<std::uint32_t, faults> measure{};  ///< 0: does not happen; to 1000.
  std::vector<operation> operations;

  std::uint32_t of(fault which) const { return measure[static_cast<std::size_t>(which)]; }
  bool has(fault which) const { return of(which) > 0; }
};

/// Returns what `seed` stands for.
script make_script(std::uint64_t seed);

/// Which of its operations and faults are left.
struct cut {
  std::vector<bool> without_operations;
  std::array<bool, faults> without_faults{};
};
script without(script whole, const cut& what);

/// "3 pause b"
std::string describe(const operation& what);

}  // namespace perdure::simulation
