#include "entities/record.h"

namespace perdure::core {

// Not defaulted in the class: records hold themselves here.
bool operator==(const run_reset& a, const run_reset& b) {
  return a.to == b.to && a.reason == b.reason && a.history == b.history && a.signals == b.signals &&
         a.children == b.children;
}

std::uint64_t size_of(const carried_state& carried) {
  std::uint64_t size = carried.state.size();
  for (auto& each : carried.idempotency) {
    size += 64 + each.key.size() + (each.outcome ? each.outcome->results.size() : 0);
  }
  for (auto& each : carried.delayed) size += 32 + each.params.size();
  for (auto& each : carried.reminders) size += 32 + each.params.size();
  for (auto& each : carried.outbox) size += 64 + each.params.size();
  size += 64 * carried.inbox.size();
  if (carried.main) size += carried.main->params.size();
  return size;
}

}  // namespace perdure::core
