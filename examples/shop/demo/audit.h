#pragma once

/// Holds a running shop against a ledger: every cart, balance and stock level, and, in the
/// histories of its entities, every single message.

#include <cstddef>
#include <string>
#include <unordered_map>
#include <vector>

#include <perdure/call.h>
#include <perdure/types.h>

#include "examples/shop/demo/ledger.h"

namespace shop::demo {

struct audit {
  std::size_t compared = 0;
  std::vector<std::string> differences;  ///< In words, one a line.
};

/// Asks the shop for everything that the ledger knows.
audit compare(perdure::caller& shop, const ledger& expected);

/// Returns what differs at one entity, in words; nothing when it is as the ledger says.
std::string difference(perdure::caller& shop, const ledger& expected,
                       const perdure::entity_id& entity);

/// Idempotency keys, and how often each stands in a history.
using key_counts = std::unordered_map<std::string, std::size_t>;

/// Reads the histories of everything that the ledger knows from the shop at `url`. Throws when it
/// does not answer.
key_counts keys_in_histories(const std::string& url, const ledger& expected);

}  // namespace shop::demo
