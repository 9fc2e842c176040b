#pragma once

/// What can be said of an encoded payload without its contract. A payload is a Cap'n Proto message
/// of one segment: an 8-byte segment table, then the words.

#include <cstdint>

#include <perdure/errors.h>
#include <perdure/types.h>

namespace perdure::core {

/// Returns the payload in Cap'n Proto's canonical form: equal values have equal bytes, whoever
/// encoded them and whichever version of the contract added fields since. Errors: malformed.
result<bytes> canonical(bytes_view payload);

/// Returns XXH3-64 of `data`, continuing from `seed`.
std::uint64_t digest(bytes_view data, std::uint64_t seed = 0);

/// Returns the digest of what an idempotency key stands for: the same for equal parameters.
std::uint64_t meaning_of(std::uint16_t method, bytes_view params);

}  // namespace perdure::core
