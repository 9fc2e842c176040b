#pragma once

/// Applies a payload codec to all that users put into a record or a carried state.

#include <perdure/errors.h>
#include <perdure/payload_codec.h>

#include <optional>

#include "entities/record.h"

namespace perdure::persistence {

/// Replaces each payload by what is stored for it.
void seal(core::record& step, const payload_codec& with);
void seal(core::carried_state& carried, const payload_codec& with);

/// Replaces what is stored by the payloads. Errors: internal, with what the codec says.
std::optional<error> unseal(core::record& step, const payload_codec& with);
std::optional<error> unseal(core::carried_state& carried, const payload_codec& with);

}  // namespace perdure::persistence
