#include "entities/payload_reader.h"

#include <cstring>

namespace perdure::core {

namespace {

[[noreturn]] void malformed(std::string detail) {
  throw failure{error{errc::malformed, std::move(detail)}};
}

}  // namespace

payload_reader::payload_reader(bytes_view payload, unsigned passes) {
  constexpr std::size_t word = sizeof(capnp::word);
  std::uint32_t table[2];
  if (payload.size() < 2 * word || payload.size() % word != 0) {
    malformed("a payload is at least two words of 8 bytes, got " + std::to_string(payload.size()) +
              " bytes");
  }
  std::memcpy(table, payload.data(), sizeof(table));
  auto size = payload.size() / word - 1;
  if (table[0] != 0) malformed("a payload has one segment");
  if (table[1] != size) {
    malformed("the payload's segment table says " + std::to_string(table[1]) + " words, it has " +
              std::to_string(size));
  }
  auto* data = payload.data() + word;
  if (reinterpret_cast<std::uintptr_t>(data) % word != 0) {
    aligned_.resize(size);
    std::memcpy(aligned_.data(), data, size * word);
    data = reinterpret_cast<const std::byte*>(aligned_.data());
  }
  words_ = kj::arrayPtr(reinterpret_cast<const capnp::word*>(data), size);
  capnp::ReaderOptions limits;
  // Cap'n Proto counts the tag of a struct list twice.
  limits.traversalLimitInWords = passes * (2 * size + empty_elements_max);
  limits.nestingLimit = nesting_max;
  reader_.emplace(kj::arrayPtr(&words_, 1), limits);
}

bytes to_payload(kj::ArrayPtr<const capnp::word> words) {
  auto content = words.asBytes();
  std::uint32_t table[2] = {0, static_cast<std::uint32_t>(words.size())};
  bytes payload(sizeof(table) + content.size());
  std::memcpy(payload.data(), table, sizeof(table));
  std::memcpy(payload.data() + sizeof(table), content.begin(), content.size());
  return payload;
}

std::string to_text(const kj::Exception& why) {
  auto text = std::string(why.getDescription().cStr());
  // "expected x; [the words for people]": the words alone, where there are any.
  if (auto words = text.rfind("; "); text.starts_with("expected ") && words != text.npos) {
    return text.substr(words + 2);
  }
  return text;
}

}  // namespace perdure::core
