#pragma once

/// The types that travel between CAF actors.

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/type_id.hpp>

#include "runtime/entity_actor.h"

// Local only: holds pointers and callbacks, and is refused by CAF's middleman.
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(perdure::runtime::entity_mail)
