#include "entities/compiler/diagnostics.h"

namespace perdure::compiler {

void diagnostics::error(const place& where, const std::string& what) {
  errors_.emplace(from_.path_of(where.file), from_.line_of(where), what);
}

std::string diagnostics::text() const {
  std::string text;
  for (auto& [path, line, what] : errors_) {
    text += path;
    if (line != 0) text += ':' + std::to_string(line);
    text += ": error: " + what + '\n';
  }
  return text;
}

}  // namespace perdure::compiler
