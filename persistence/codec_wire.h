#pragma once

/// What the codec's parts share: the generated structs, and small conversions. For
/// persistence/*.cpp alone.

#include <perdure/capnp_compat.h>

#include <capnp/message.h>
#include <capnp/serialize.h>

#include <cstdint>
#include <limits>
#include <string>

#include <perdure/types.h>

#include "persistence/event.capnp.h"

namespace perdure::persistence::codec {

template <class... Fs>
struct overloaded : Fs... {
  using Fs::operator()...;
};

inline std::int64_t millis(timestamp time) { return time.time_since_epoch().count(); }
inline timestamp time_of(std::int64_t millis) { return timestamp{duration{millis}}; }

/// `Extra.life` where no life begins: its default.
inline constexpr std::int64_t no_life = std::numeric_limits<std::int64_t>::min();

/// Thrown while decoding, and turned into an error where the decoding began.
struct damaged {
  std::string what;
};

}  // namespace perdure::persistence::codec
