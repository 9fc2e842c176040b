#pragma once

/// Transforms what users put into entities (parameters, results, states) on its way to the journal
/// and back: for encryption or compression. What is around it, such as names, ids, times and the
/// texts of failures, is stored as it is.

#include <perdure/types.h>

namespace perdure {

/// Called from many threads at once.
class payload_codec {
public:
  virtual ~payload_codec() = default;

  /// Returns what is stored in place of `plain`.
  virtual bytes encode(bytes_view plain) const = 0;

  /// Returns what `encode` was given. Throws std::runtime_error, with a text for operators, where
  /// `stored` was damaged or is of a codec that is not this one.
  virtual bytes decode(bytes_view stored) const = 0;
};

}  // namespace perdure
