#pragma once

/// The keys that payloads are encrypted with.

#include <memory>
#include <string>
#include <vector>

#include <perdure/aead_codec.h>

namespace guide {

/// Encrypts with `newest`; reads what was encrypted with `before`, too.
inline std::shared_ptr<const perdure::payload_codec> vault(const std::string& newest,
                                                           const std::string& before) {
  using codec = perdure::aead_codec;
  return std::make_shared<codec>(std::vector{codec::key_of(2, newest), codec::key_of(1, before)});
}

}  // namespace guide
