#pragma once

/// What the layers promise each other, as rules over the source tree. Each rule returns one line
/// per violation, "path:line: what is wrong and what to do instead"; no line means that it holds.
/// A rule that has to change is changed here, in the open, with its reason.

#include <string>
#include <vector>

#include "tests/architecture/source_tree.h"

namespace perdure::architecture {

using violations = std::vector<std::string>;

/// Includes point downwards: entities < sharding < persistence < runtime < gateway < node < cli and
/// examples. Tests and benchmarks may include anything.
violations check_direction(const source_tree& tree);

/// A library's headers are included only where the design puts it: CAF in runtime/, LMDB in
/// persistence/lmdb/, kj-http in gateway/, Cap'n Proto in codecs, and none of these, nor threads,
/// files or sockets, in entities/.
violations check_includes(const source_tree& tree);

/// Calls that have a better way here, with that way named.
violations check_calls(const source_tree& tree);

/// No line of C++ takes more than 100 columns, but for texts, which cannot be broken.
violations check_columns(const source_tree& tree);

/// Every folder says in a README.md what it is.
violations check_readmes(const source_tree& tree);

}  // namespace perdure::architecture
