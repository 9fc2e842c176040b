#pragma once

/// Finds the lines on which a contract declares things. Requests to plugins of `capnp` carry no
/// line numbers, so the text is read again, as far as it takes: scopes, declarations and comments.

#include <map>
#include <string>
#include <string_view>

namespace perdure::compiler {

class source_lines {
public:
  /// Nothing is known: every line is 0.
  source_lines() = default;

  /// Reads the text of a contract.
  explicit source_lines(std::string_view text);

  /// Returns the line of a declaration by its path of names, e.g. "Cart.addItem" or
  /// "Order.status.paid", or "$namespace" for the file's; that of what encloses it where it is not
  /// found; 0 where nothing is known.
  unsigned find(std::string_view path) const;

private:
  std::map<std::string, unsigned, std::less<>> lines_;
};

}  // namespace perdure::compiler
