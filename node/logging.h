#pragma once

/// Where a node's log goes: to stderr, one line an entry, as text for people or JSON for machines.
/// Payloads, ids of entities aside, are never logged.

#include <string>

namespace perdure {

/// Makes the process log from `level` on ("trace" to "off"), in "text" or "json".
void configure_logging(const std::string& level, const std::string& format);

}  // namespace perdure
