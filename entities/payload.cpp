#include "entities/payload.h"

#include "entities/payload_reader.h"
// The compatibility header, first in there, comes before Cap'n Proto's.
#include <capnp/any.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace perdure::core {

result<bytes> canonical(bytes_view payload) {
  // Measured, copied and compared with the form.
  constexpr unsigned passes = 4;
  try {
    payload_reader opened{payload, passes};
    if (opened.message().isCanonical()) return bytes(payload.begin(), payload.end());
    payload_reader again{payload, passes};
    return to_payload(again.message().getRoot<capnp::AnyStruct>().canonicalize());
  } catch (const failure& why) {
    return why.why();
  } catch (const kj::Exception& why) {
    return error{errc::malformed, "damaged payload: " + to_text(why)};
  }
}

std::uint64_t digest(bytes_view data, std::uint64_t seed) {
  return XXH3_64bits_withSeed(data.data(), data.size(), seed);
}

std::uint64_t meaning_of(std::uint16_t method, bytes_view params) {
  auto same_for_equal = canonical(params);
  return digest(same_for_equal ? bytes_view(*same_for_equal) : params, method);
}

}  // namespace perdure::core
