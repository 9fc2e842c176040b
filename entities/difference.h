#pragma once

/// What a replay did otherwise than the history says, in words for the developer who changed the
/// code: what was recorded, what the code does now, the first place where the two differ, and the
/// page of the guide that says what to do. All errors here are `nondeterministic`.

#include <cstdint>
#include <optional>
#include <string>

#include <perdure/contract.h>
#include <perdure/errors.h>
#include <perdure/types.h>

#include "entities/describe.h"
#include "entities/record.h"

namespace perdure::core {

/// What a machine learns while it replays, for the words of a difference.
struct replay_notes {
  known_interfaces called;      ///< By the handlers that ran.
  event_number agreed = 0;      ///< Up to here, the state is known to be what it was.
  std::optional<error> broken;  ///< What the code cannot do with the recorded step.
};

/// Compares the commands of a step with the recorded ones; nothing where the code did what history
/// says. What it answers may differ, as its contract gains fields and its messages better words:
/// whoever asked has the answer of then. `of`: the entity's contract.
std::optional<error> difference(const record& recorded, const record& now, const contract& of,
                                const known_interfaces& known);

/// The recorded step was accepted then, and the code refuses it.
error refusal_in_replay(const record& recorded, const error& why, const contract& of,
                        const known_interfaces& known);

/// The commands agree up to event `at`, but the state has another digest than the recorded one. It
/// was known to be right at event `agreed`.
error state_difference(event_number agreed, event_number at, std::uint64_t recorded,
                       std::uint64_t now);

/// Likewise, where both states are there: names the first field that differs. `at`: the event that
/// recorded it.
error state_difference(event_number at, bytes_view recorded, bytes_view now, const contract& of);

/// Returns `why`, with the page of the guide that says what to do.
error with_advice(error why);

}  // namespace perdure::core
