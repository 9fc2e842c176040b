#pragma once

/// Encrypts payloads with XChaCha20-Poly1305 (libsodium), a fresh random nonce each: who has the
/// disk, but not the key, can neither read nor change them unnoticed.
///
/// Keys are rotated by naming them: everything is encrypted with the first key, and decrypted with
/// whichever it names.

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include <perdure/payload_codec.h>

namespace perdure {

class aead_codec final : public payload_codec {
public:
  struct key {
    std::uint32_t number = 0;  ///< Stored beside what was encrypted with it; never used again.
    std::array<std::byte, 32> secret{};
  };

  /// Throws std::invalid_argument without keys, and where two have one number.
  explicit aead_codec(std::vector<key> keys);
  ~aead_codec() override;

  /// Reads a key from 64 hexadecimal digits, e.g. of `openssl rand -hex 32`. Throws
  /// std::invalid_argument for anything else.
  static key key_of(std::uint32_t number, std::string_view hex);

  bytes encode(bytes_view plain) const override;
  bytes decode(bytes_view stored) const override;

private:
  std::vector<key> keys_;
};

}  // namespace perdure
