#include <perdure/aead_codec.h>

#include <sodium.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <string>
#include <utility>

namespace perdure {

namespace {

// What is stored: the key's number, the nonce, then what libsodium makes of the payload.
constexpr std::size_t number_bytes = sizeof(std::uint32_t);
constexpr std::size_t nonce_bytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t tag_bytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;
constexpr std::size_t head_bytes = number_bytes + nonce_bytes;

const unsigned char* raw(const std::byte* data) {
  return reinterpret_cast<const unsigned char*>(data);
}
unsigned char* raw(std::byte* data) { return reinterpret_cast<unsigned char*>(data); }

}  // namespace

aead_codec::aead_codec(std::vector<key> keys) : keys_(std::move(keys)) {
  if (sodium_init() < 0) throw std::runtime_error("libsodium cannot be initialized");
  if (keys_.empty()) throw std::invalid_argument("encryption needs a key");
  auto numbers = keys_;
  std::ranges::sort(numbers, {}, &key::number);
  if (std::ranges::adjacent_find(numbers, {}, &key::number) != numbers.end()) {
    throw std::invalid_argument("two keys of the encryption have the same number");
  }
}

aead_codec::~aead_codec() {
  for (auto& each : keys_) sodium_memzero(each.secret.data(), each.secret.size());
}

aead_codec::key aead_codec::key_of(std::uint32_t number, std::string_view hex) {
  key made{number, {}};
  std::size_t read = 0;
  const char* end = nullptr;
  const int code = sodium_hex2bin(raw(made.secret.data()), made.secret.size(), hex.data(),
                                  hex.size(), nullptr, &read, &end);
  if (code != 0 || read != made.secret.size() || end != hex.data() + hex.size()) {
    throw std::invalid_argument("a key has 64 hexadecimal digits");
  }
  return made;
}

bytes aead_codec::encode(bytes_view plain) const {
  auto& with = keys_.front();
  bytes stored(head_bytes + plain.size() + tag_bytes);
  std::memcpy(stored.data(), &with.number, number_bytes);
  auto* nonce = raw(stored.data() + number_bytes);
  randombytes_buf(nonce, nonce_bytes);
  crypto_aead_xchacha20poly1305_ietf_encrypt(raw(stored.data() + head_bytes), nullptr,
                                             raw(plain.data()), plain.size(), raw(stored.data()),
                                             number_bytes, nullptr, nonce, raw(with.secret.data()));
  return stored;
}

bytes aead_codec::decode(bytes_view stored) const {
  if (stored.size() < head_bytes + tag_bytes) {
    throw std::runtime_error("a payload is not encrypted, or damaged");
  }
  std::uint32_t number = 0;
  std::memcpy(&number, stored.data(), number_bytes);
  auto with = std::ranges::find(keys_, number, &key::number);
  if (with == keys_.end()) {
    throw std::runtime_error("a payload is encrypted with key " + std::to_string(number) +
                             ", which is not among those given");
  }
  bytes plain(stored.size() - head_bytes - tag_bytes);
  const int code = crypto_aead_xchacha20poly1305_ietf_decrypt(
      raw(plain.data()), nullptr, nullptr, raw(stored.data() + head_bytes),
      stored.size() - head_bytes, raw(stored.data()), number_bytes,
      raw(stored.data() + number_bytes), raw(with->secret.data()));
  if (code != 0) throw std::runtime_error("a payload was changed, or its key is another one");
  return plain;
}

}  // namespace perdure
