#include "entities/handlers.h"

#include <algorithm>
#include <utility>

namespace perdure::core {

void handlers::wait(waiter where) {
  where.number = next_number_++;
  waiting_.push_back(std::move(where));
}

std::optional<waiter> handlers::take(timer_number timer) {
  for (std::size_t i = 0; i < waiting_.size(); ++i) {
    if (waiting_[i].timer == timer) return take_at(i);
  }
  return std::nullopt;
}

std::optional<waiter> handlers::take_ready() {
  for (std::size_t i = 0; i < waiting_.size(); ++i) {
    if (waiting_[i].condition && (*waiting_[i].condition)()) return take_at(i);
  }
  return std::nullopt;
}

std::vector<handler> handlers::take_finished() {
  std::vector<handler> finished;
  std::erase_if(running_, [&](handler& each) {
    if (!each.done()) return false;
    finished.push_back(std::move(each));
    return true;
  });
  return finished;
}

void handlers::roll_back(std::size_t handler_count, std::uint64_t next_waiter) {
  std::erase_if(waiting_, [&](const waiter& w) { return w.number >= next_waiter; });
  while (running_.size() > handler_count) running_.pop_back();
}

void handlers::clear() {
  waiting_.clear();
  while (!running_.empty()) running_.pop_back();
}

waiter handlers::take_at(std::size_t index) {
  auto taken = waiting_[index];
  waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(index));
  return taken;
}

}  // namespace perdure::core
