#pragma once

/// Opens a payload for Cap'n Proto's readers, with limits against hostile bytes: pointers may nest
/// 64 deep, and no more may be traversed than an honest payload of that size needs. Internal to
/// this folder; kj::Exception may come out of everything read through it.

#include <perdure/capnp_compat.h>
// The compatibility header comes first.
#include <capnp/message.h>
#include <capnp/serialize.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <perdure/errors.h>
#include <perdure/types.h>

namespace perdure::core {

/// How many elements without any content a payload may have beyond its words. They cost nothing in
/// the payload and memory when decoded, so the writer and the reader know the same bound.
inline constexpr std::size_t empty_elements_max = 64 * 1024;

/// How deep structs and lists may nest, as Cap'n Proto's readers count.
inline constexpr unsigned nesting_max = 64;

class payload_reader {
public:
  /// Throws `failure{malformed}` where the framing is wrong. `passes` tells how often the whole is
  /// going to be read. REQUIRES: `payload` outlives the reader.
  explicit payload_reader(bytes_view payload, unsigned passes = 1);

  capnp::MessageReader& message() { return *reader_; }

private:
  std::vector<std::uint64_t> aligned_;
  kj::ArrayPtr<const capnp::word> words_;
  std::optional<capnp::SegmentArrayMessageReader> reader_;
};

/// Returns the payload made of one segment's words.
bytes to_payload(kj::ArrayPtr<const capnp::word> words);

/// Returns what `why` says without its source locations.
std::string to_text(const kj::Exception& why);

}  // namespace perdure::core
