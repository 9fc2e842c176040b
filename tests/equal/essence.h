#pragma once

/// What two histories of an entity have in common when the same has happened: without bookkeeping,
/// which has its own time on a node, and with the events numbered anew.

#include <map>
#include <string>
#include <vector>

#include <perdure/types.h>

#include "entities/record.h"

namespace equal {

using history_of = std::map<perdure::entity_id, std::vector<perdure::core::record>>;

/// Returns the histories' essence. It refers to other entities by numbers, so all are needed.
history_of essence_of(const history_of& all);

/// Returns the first difference, as people read it; empty: there is none.
std::string difference(const history_of& kit, const history_of& node);

/// Returns how many steps of it are no bookkeeping.
std::size_t real_steps(const std::vector<perdure::core::record>& of);

/// Returns the text with all numbers of events taken out.
std::string without_numbers(std::string text);

}  // namespace equal
