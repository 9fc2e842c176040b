#pragma once

/// Which entities there are: what the list, the count and batches choose from.

#include <map>
#include <string>
#include <vector>

#include "runtime/engine.h"

namespace perdure::gateway {

/// Why entities are parked. Parked entities are few, and known to the engine and not to the
/// journal.
using parked_entities = std::map<entity_id, error>;

parked_entities find_parked(const runtime::engine& engine);

/// A choice of entities.
struct entity_choice {
  persistence::list_filter filter;
  bool parked = false;     ///< Parked ones alone; `filter.status` is of no use then.
  bool not_ended = false;  ///< Whatever their status, but not those that have ended.
};

/// What a client says about its choice; null where it says nothing.
struct choice_texts {
  const std::string* type = nullptr;
  const std::string* status = nullptr;
  const std::string* where = nullptr;
  const std::string* after = nullptr;  ///< "type/id", as a page's `next` says.
};

/// Errors: unknown_type; malformed, naming what is wrong.
result<entity_choice> parse_choice(const runtime::engine& engine, const choice_texts& from);

/// Returns the entities of the choice, in order of (type, id): those after `filter.after`, at most
/// `filter.limit`. Blocks for the time of reading the index.
std::vector<persistence::listed_entity> find_entities(runtime::engine& engine,
                                                      const entity_choice& choice);

/// Returns how many there are in all. Blocks as `find_entities`.
std::uint64_t count_entities(runtime::engine& engine, const entity_choice& choice);

}  // namespace perdure::gateway
