#pragma once

/// Value structs, which `capnpc-perdure` generates from a contract's structs, and their payloads.
///
/// A payload is a Cap'n Proto message of one segment behind its 8-byte segment table. `encode`
/// writes the canonical form: equal values have equal bytes, whichever version of the contract
/// wrote them. `decode` reads payloads of older and newer versions of the contract: what the
/// payload does not have takes its default, what the contract does not know is passed over.

#include <perdure/errors.h>
#include <perdure/types.h>

namespace perdure {

namespace wire {

/// Sizes of a struct in words.
struct shape {
  std::uint16_t data = 0;
  std::uint16_t pointers = 0;
};

class section;
class pointers;
class reader;

}  // namespace wire

/// How values of type T are encoded; specialized by generated headers.
template <class T>
struct codec;

/// Returns the payload of `value`. Throws `failure{too_large}` for what Cap'n Proto cannot hold.
template <class T>
bytes encode(const T& value) {
  return codec<T>::encode(value);
}

/// Returns the value of a payload, however hostile its bytes. Throws `failure{malformed}`.
template <class T>
T decode(bytes_view payload) {
  return codec<T>::decode(payload);
}

/// The payload of a struct without fields: what a method without parameters is called with.
bytes empty_payload();

}  // namespace perdure
