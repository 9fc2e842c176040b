#include "entities/idempotency.h"

#include <algorithm>
#include <utility>

namespace perdure::core {

namespace {

constexpr auto event_of = [](const auto& each) { return each.first; };

}  // namespace

const keyed_message* idempotency_window::find(std::string_view key, timestamp oldest) const {
  auto found = by_key_.find(key);
  if (found == by_key_.end()) return nullptr;
  auto& known = *found->second;
  return known.ends_with == 0 && known.message.time < oldest ? nullptr : &known.message;
}

void idempotency_window::add(keyed_message taken, event_number ends_with) {
  if (auto known = by_key_.find(taken.key); known != by_key_.end()) erase(known->second);
  auto& to = ends_with == 0 ? aging_ : open_;
  const auto added = to.insert(to.end(), {std::move(taken), ends_with});
  by_key_.emplace(added->message.key, added);
  if (ends_with == 0) return;
  awaited_.emplace(std::ranges::upper_bound(awaited_, ends_with, {}, event_of), ends_with, added);
}

void idempotency_window::conclude(event_number event, const update_outcome& outcome,
                                  timestamp now) {
  const auto ended = std::ranges::equal_range(awaited_, event, {}, event_of);
  for (auto& [number, which] : ended) conclude(which, outcome, now);
  awaited_.erase(ended.begin(), ended.end());
}

void idempotency_window::conclude_all(const update_outcome& outcome, timestamp now) {
  while (!open_.empty()) conclude(open_.begin(), outcome, now);
  awaited_.clear();
}

void idempotency_window::conclude(place which, const update_outcome& outcome, timestamp now) {
  which->ends_with = 0;
  which->message.outcome = outcome;
  which->message.time = now;
  aging_.splice(aging_.end(), open_, which);
}

void idempotency_window::erase(place which) {
  by_key_.erase(which->message.key);
  if (which->ends_with == 0) {
    aging_.erase(which);
    return;
  }
  std::erase_if(awaited_, [&](auto& each) { return each.second == which; });
  open_.erase(which);
}

void idempotency_window::prune(timestamp oldest, std::size_t most) {
  while (!aging_.empty() && (aging_.front().message.time < oldest || size() > most)) {
    erase(aging_.begin());
  }
}

std::vector<keyed_message> idempotency_window::entries() const {
  std::vector<keyed_message> all;
  all.reserve(size());
  for (auto* part : {&aging_, &open_}) {
    for (auto& each : *part) all.push_back(each.message);
  }
  return all;
}

}  // namespace perdure::core
