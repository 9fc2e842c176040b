#pragma once

/// Assertions that stay on in release: a broken invariant of the journal must not reach the disk.

#include <cstdio>
#include <cstdlib>
#include <source_location>

namespace perdure::persistence {

/// Ends the process with `what` and the place when `holds` is false.
inline void check(bool holds, const char* what,
                  std::source_location where = std::source_location::current()) {
  if (holds) [[likely]]
    return;
  std::fprintf(stderr, "perdure: %s:%u: broken invariant: %s\n", where.file_name(),
               static_cast<unsigned>(where.line()), what);
  std::abort();
}

}  // namespace perdure::persistence
