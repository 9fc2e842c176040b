#pragma once

/// What is wrong with contracts, in the form that editors and build tools understand:
/// `file:line: error: what is wrong; what to write instead`.

#include <set>
#include <string>
#include <tuple>

#include "entities/compiler/schemas.h"

namespace perdure::compiler {

class diagnostics {
public:
  explicit diagnostics(const schemas& from) : from_(from) {}

  /// Adds an error at a declaration. The same error is kept once.
  void error(const place& where, const std::string& what);

  bool empty() const { return errors_.empty(); }

  /// Returns all errors, each on a line, in order of files and lines.
  std::string text() const;

private:
  const schemas& from_;
  std::set<std::tuple<std::string, unsigned, std::string>> errors_;
};

}  // namespace perdure::compiler
