#pragma once

/// The list of an entity's children.

#include <vector>

#include "entities/record.h"

namespace perdure::core {

/// The child may be adopted no more: it is started again, or listed anew.
inline void drop_undone(std::vector<child>& children, const entity_id& which) {
  std::erase_if(children, [&](auto& each) { return each.undone && each.entity == which; });
}

/// Adds the child that `message` starts, unless it is nobody's; one that it adopts gives its place.
inline void add_child(std::vector<child>& children, const outgoing& message) {
  drop_undone(children, message.target);
  if (message.start.on_parent_close == parent_close::abandon) return;
  children.push_back({message.number, message.target, message.start.on_parent_close});
}

/// Whether the child of `message` goes on when that was answered by `how`. An accepted start is the
/// beginning of a child, any other answer to one its end.
inline bool goes_on(const outgoing& message, const call_outcome& how) {
  return message.kind == message_kind::start && !how.why &&
         message.start.on_parent_close != parent_close::abandon;
}

}  // namespace perdure::core
