#pragma once

/// Bytes that no contract explains, for JSON.

#include <string>

#include <perdure/capnp_compat.h>
#include <perdure/types.h>

#include <kj/encoding.h>

namespace perdure::gateway {

inline std::string to_base64(bytes_view data) {
  const auto text =
      kj::encodeBase64(kj::arrayPtr(reinterpret_cast<const kj::byte*>(data.data()), data.size()));
  return {text.begin(), text.size()};
}

}  // namespace perdure::gateway
