#pragma once

/// Include this before any Cap'n Proto header.
///
/// Cap'n Proto below 1.0 leaves out `operator==(const char*, StringPtr)` in C++20 and trusts the
/// compiler to reverse the member. Compilers that implement P2468 (clang 16, g++ 13 and newer) do
/// not, and <capnp/blob.h> fails to compile. Declared first, these heal it.

#include <capnp/common.h>
#include <kj/string.h>

#if CAPNP_VERSION < 1000000

namespace kj {

// Not `b == a`: it would be rewritten into a call of itself.
inline bool operator==(const char* a, const StringPtr& b) { return StringPtr(a) == b; }
inline bool operator!=(const char* a, const StringPtr& b) { return !(StringPtr(a) == b); }

}  // namespace kj

#endif
