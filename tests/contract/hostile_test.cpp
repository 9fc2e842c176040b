#include <doctest/doctest.h>

#include <cstring>
#include <random>

#include "entities/json.h"
#include "entities/payload.h"
#include "kitchen.h"

/// Whatever the bytes of a payload are, reading them ends with a value or with `malformed`, within
/// bounds of memory and time. Worth most under the sanitizers.

namespace {

using namespace kitchen_example;

/// Reads the payload in every way; only failures that say so may come out.
void read_everywhere(perdure::bytes_view payload, const perdure::core::json_codec& json) {
  try {
    auto value = perdure::decode<kitchen::state>(payload);
    // What could be read can be written, unless it says that it is too large.
    (void)perdure::encode(value);
  } catch (const perdure::failure& why) {
    auto code = why.why().code;
    CHECK((code == perdure::errc::malformed || code == perdure::errc::too_large));
  }
  if (auto form = perdure::core::canonical(payload)) {
    CHECK(perdure::core::canonical(*form).value() == *form);
  } else {
    CHECK(form.error().code == perdure::errc::malformed);
  }
  auto text = json.encode(perdure::codec<kitchen::state>::schema, payload);
  if (!text) CHECK(text.error().code == perdure::errc::internal);
}

const perdure::core::json_codec& json() {
  static const perdure::core::json_codec codec{kitchen::kitchen_contract::description()};
  return codec;
}

TEST_CASE("hostile: every truncation of a payload is refused or read") {
  auto payload = perdure::encode(state());
  for (std::size_t size = 0; size < payload.size(); ++size) {
    auto cut = std::span{payload}.first(size);
    CHECK_THROWS_AS(perdure::decode<kitchen::state>(cut), perdure::failure);
    perdure::bytes mended(cut.begin(), cut.begin() + static_cast<std::ptrdiff_t>(size / 8 * 8));
    if (mended.size() < 16) continue;
    auto words = static_cast<std::uint32_t>(mended.size() / 8 - 1);
    std::memcpy(mended.data() + 4, &words, sizeof(words));
    read_everywhere(mended, json());
  }
}

TEST_CASE("hostile: random changes of a payload are refused or read") {
  const auto seed = 20'240'817u;
  CAPTURE(seed);
  std::mt19937_64 random{seed};
  auto payload = perdure::encode(state());
  for (int round = 0; round < 20'000; ++round) {
    auto changed = payload;
    auto changes = 1 + random() % 4;
    for (std::size_t i = 0; i < changes; ++i) {
      // The segment table stays, or nothing behind it would be looked at.
      auto place = 8 + random() % (changed.size() - 8);
      switch (random() % 3) {
        case 0:
          changed[place] ^= static_cast<std::byte>(1u << random() % 8);
          break;
        case 1:
          changed[place] = static_cast<std::byte>(random());
          break;
        default: {
          // Pointers are where most can go wrong: one word becomes another.
          auto word = [&] { return 8 + random() % (changed.size() / 8 - 1) * 8; };
          std::memmove(changed.data() + word(), changed.data() + word(), 8);
        }
      }
    }
    read_everywhere(changed, json());
  }
}

TEST_CASE("hostile: random words are refused or read") {
  std::mt19937_64 random{7};
  for (int round = 0; round < 20'000; ++round) {
    std::vector<std::uint64_t> words(2 + random() % 30);
    for (auto& word : words) {
      // Small offsets and sizes make pointers that point somewhere.
      word = random() & 0x0003'0003'0000'007fu;
      if (random() % 4 == 0) word = random();
    }
    words[0] = static_cast<std::uint64_t>(words.size() - 1) << 32;
    read_everywhere(std::as_bytes(std::span{words}), json());
  }
}

TEST_CASE("hostile: a list that claims elements of no size does not cost memory") {
  // Root: one pointer, to a list of 2^29 - 1 structs without content.
  std::uint64_t words[] = {3ull << 32, 1ull << 48, 1 | 7ull << 32,
                           ((std::uint64_t{1} << 29) - 1) << 2};
  auto payload = std::as_bytes(std::span{words});
  CHECK_THROWS_AS(perdure::decode<kitchen::kitchen_contract::find_results>(payload),
                  perdure::failure);
  read_everywhere(payload, json());
}

TEST_CASE("hostile: a payload that contains itself is refused") {
  // Root with two data words' room: its pointers lead back to the root.
  std::uint64_t words[] = {3ull << 32, 2ull << 48, 0, 0};
  auto back = [](int offset) {
    return static_cast<std::uint64_t>(static_cast<std::uint32_t>(offset) << 2) | 4ull << 48;
  };
  words[2] = back(-1);
  words[3] = back(-2);
  auto payload = std::as_bytes(std::span{words});
  CHECK_THROWS_AS(perdure::decode<kitchen::tree>(payload), perdure::failure);
  CHECK_FALSE(perdure::core::canonical(payload));
}

TEST_CASE("hostile: damaged framing is named") {
  auto message_of = [](perdure::bytes_view payload) {
    try {
      perdure::decode<kitchen::state>(payload);
    } catch (const perdure::failure& why) {
      return why.why().detail;
    }
    return std::string("no error");
  };
  auto payload = perdure::empty_payload();
  CHECK(message_of({}) == "a payload is at least two words of 8 bytes, got 0 bytes");
  CHECK(message_of(std::span{payload}.first(15)) ==
        "a payload is at least two words of 8 bytes, got 15 bytes");
  payload[0] = std::byte{1};
  CHECK(message_of(payload) == "a payload has one segment");
  payload[0] = std::byte{0};
  payload[4] = std::byte{2};
  CHECK(message_of(payload) == "the payload's segment table says 2 words, it has 1");
}

TEST_CASE("hostile: random changes of a JSON text are refused or read") {
  std::mt19937_64 random{11};
  auto schema = perdure::codec<kitchen::state>::schema;
  auto text = json().encode(schema, perdure::encode(state())).value();
  for (int round = 0; round < 5'000; ++round) {
    auto changed = text;
    constexpr std::string_view alphabet = "{}[]:,\"\\0129-+.eEtfn u\x80\xff\x01";
    for (auto i = 1 + random() % 3; i > 0; --i) {
      changed[random() % changed.size()] = alphabet[random() % alphabet.size()];
    }
    auto payload = json().decode(schema, changed);
    if (payload) {
      CAPTURE(changed);
      CHECK(perdure::encode(perdure::decode<kitchen::state>(*payload)) == *payload);
    } else {
      CHECK(payload.error().code == perdure::errc::malformed);
    }
  }
}

}  // namespace
