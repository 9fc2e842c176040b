#include "entities/idempotency.h"

#include <utility>

namespace perdure::core {

const keyed_message* idempotency_window::find(std::string_view key) const {
  auto found = by_key_.find(key);
  return found == by_key_.end() ? nullptr : found->second;
}

void idempotency_window::add(keyed_message taken) {
  const auto event = taken.event;
  if (taken.joined != 0) ++joined_;
  auto place = by_event_.emplace_hint(by_event_.end(), event, std::move(taken));
  by_key_.emplace(place->second.key, &place->second);
}

void idempotency_window::settle(event_number event, const update_outcome& outcome) {
  auto found = by_event_.find(event);
  if (found != by_event_.end()) found->second.outcome = outcome;
  if (joined_ == 0) return;
  for (auto& [number, each] : by_event_) {
    if (each.joined == event) each.outcome = outcome;
  }
}

void idempotency_window::prune(timestamp oldest, std::size_t most) {
  for (auto each = by_event_.begin(); each != by_event_.end();) {
    const auto& taken = each->second;
    if (taken.time >= oldest && by_event_.size() <= most) return;
    const bool unfinished = taken.is_update && !taken.outcome;
    if (unfinished) {
      ++each;
      continue;
    }
    if (taken.joined != 0) --joined_;
    by_key_.erase(taken.key);
    each = by_event_.erase(each);
  }
}

std::vector<keyed_message> idempotency_window::entries() const {
  std::vector<keyed_message> all;
  all.reserve(by_event_.size());
  for (auto& [event, taken] : by_event_) all.push_back(taken);
  return all;
}

}  // namespace perdure::core
