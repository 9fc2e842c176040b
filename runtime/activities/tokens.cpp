#include "runtime/activities/tokens.h"

#include <sodium.h>

#include <array>
#include <cstddef>
#include <span>
#include <stdexcept>
#include <utility>

namespace perdure::runtime {

namespace {

constexpr std::string_view purpose = "perdure activity token 1";
constexpr std::size_t longest = 4096;  // Types and ids are far shorter.
constexpr int alphabet = sodium_base64_VARIANT_URLSAFE_NO_PADDING;

void put(bytes& to, std::uint64_t value, std::size_t width) {
  for (std::size_t i = 0; i < width; ++i) to.push_back(static_cast<std::byte>(value >> (8 * i)));
}

void put(bytes& to, std::string_view text) {
  put(to, text.size(), 2);
  const auto view = as_bytes_view(text);
  to.insert(to.end(), view.begin(), view.end());
}

/// Reads what `put` wrote; past the end, nothing but failure.
class reader {
public:
  explicit reader(bytes_view from) : left_(from) {}

  std::uint64_t number(std::size_t width) {
    std::uint64_t value = 0;
    const auto taken = take(width);
    for (std::size_t i = 0; i < taken.size(); ++i) {
      value |= std::to_integer<std::uint64_t>(taken[i]) << (8 * i);
    }
    return value;
  }
  std::string text() { return std::string(as_text(take(number(2)))); }
  bool ended_well() const { return good_ && left_.empty(); }

private:
  bytes_view take(std::size_t count) {
    good_ = good_ && count <= left_.size();
    if (!good_) return {};
    const auto taken = left_.first(count);
    left_ = left_.subspan(count);
    return taken;
  }

  bytes_view left_;
  bool good_ = true;
};

const unsigned char* raw(bytes_view data) {
  return reinterpret_cast<const unsigned char*>(data.data());
}

using seal_bytes = std::array<std::byte, crypto_auth_BYTES>;

seal_bytes sign(bytes_view content, bytes_view secret) {
  bytes all;
  const auto use = as_bytes_view(purpose);
  all.reserve(use.size() + content.size());
  all.insert(all.end(), use.begin(), use.end());
  all.insert(all.end(), content.begin(), content.end());
  seal_bytes made;
  crypto_auth(reinterpret_cast<unsigned char*>(made.data()), raw(all), all.size(), raw(secret));
  return made;
}

void put_activity(bytes& to, const entity_id& entity, timestamp life, event_number activity) {
  put(to, static_cast<std::uint64_t>(life.time_since_epoch().count()), 8);
  put(to, activity, 8);
  put(to, entity.type);
  put(to, entity.id);
}

}  // namespace

token_mint::token_mint(bytes secret) : secret_(std::move(secret)) {
  if (secret_.size() != crypto_auth_KEYBYTES) {
    throw std::invalid_argument("the secret that signs tokens has " +
                                std::to_string(secret_.size()) + " bytes; it must have 32");
  }
  if (sodium_init() < 0) throw std::runtime_error("libsodium does not start");
}

std::string token_mint::seal(const named_attempt& what) const {
  bytes content;
  put(content, what.attempt, 4);
  put_activity(content, what.entity, what.life, what.activity);
  const auto made = sign(content, secret_);
  content.insert(content.end(), made.begin(), made.end());
  std::string text(sodium_base64_ENCODED_LEN(content.size(), alphabet), '\0');
  sodium_bin2base64(text.data(), text.size(), raw(content), content.size(), alphabet);
  text.pop_back();  // The zero at its end.
  return text;
}

std::optional<named_attempt> token_mint::open(std::string_view token) const {
  if (token.empty() || token.size() > longest) return std::nullopt;
  bytes all(token.size());
  std::size_t size = 0;
  const char* end = nullptr;
  if (sodium_base642bin(reinterpret_cast<unsigned char*>(all.data()), all.size(), token.data(),
                        token.size(), nullptr, &size, &end, alphabet) != 0 ||
      end != token.data() + token.size() || size < crypto_auth_BYTES) {
    return std::nullopt;
  }
  const auto content = bytes_view(all).first(size - crypto_auth_BYTES);
  const auto told = bytes_view(all).subspan(content.size(), crypto_auth_BYTES);
  const auto made = sign(content, secret_);
  if (sodium_memcmp(made.data(), told.data(), made.size()) != 0) return std::nullopt;

  reader from{content};
  named_attempt what;
  what.attempt = static_cast<std::uint32_t>(from.number(4));
  what.life = timestamp{duration{static_cast<std::int64_t>(from.number(8))}};
  what.activity = from.number(8);
  what.entity.type = from.text();
  what.entity.id = from.text();
  if (!from.ended_well()) return std::nullopt;
  return what;
}

std::string activity_key(const entity_id& entity, timestamp life, event_number activity) {
  bytes content;
  put_activity(content, entity, life, activity);
  std::array<unsigned char, 16> digest;
  crypto_generichash(digest.data(), digest.size(), raw(content), content.size(), nullptr, 0);
  std::string text(2 * digest.size() + 1, '\0');
  sodium_bin2hex(text.data(), text.size(), digest.data(), digest.size());
  text.pop_back();
  return text;
}

}  // namespace perdure::runtime
