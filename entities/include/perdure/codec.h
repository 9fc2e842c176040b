#pragma once

/// The codec runtime under generated sources; nothing else includes it. Generated code lists each
/// struct's fields three times (`measure`, `write`, `read`), and the templates of `wire_write.h`
/// and `wire_read.h` do the rest by the fields' C++ types.

#include <string_view>

#include <perdure/call.h>
#include <perdure/value.h>
#include <perdure/wire_read.h>
#include <perdure/wire_write.h>

namespace perdure::wire {

/// Decodes the results of an update or a query; none where it was only accepted.
template <class T>
result<T> results_of(answer from) {
  if (from.results.empty()) return T{};
  try {
    return decode<T>(from.results);
  } catch (const failure& why) {
    return why.why();
  }
}

/// The results of an update without results.
inline result<nothing> no_results(answer) { return nothing{}; }

/// Throws `std::logic_error`: the method is not one of the contract's of that kind.
[[noreturn]] void not_in_contract(std::string_view contract, std::string_view method);

/// Throws `std::logic_error`: the member function is not one of the contract's signals.
[[noreturn]] void not_a_signal(std::string_view contract, std::string_view reminder);

}  // namespace perdure::wire
