#include "entities/handlers.h"

#include <algorithm>
#include <utility>

namespace perdure::core {

void handlers::wait(waiter where) {
  where.number = next_number_++;
  waiting_.push_back(std::move(where));
}

const handler* handlers::main() const {
  auto found = std::ranges::find_if(running_, &handler::is_main);
  return found == running_.end() ? nullptr : &*found;
}

std::optional<waiter> handlers::extract(timer_number timer) {
  auto found = std::ranges::find(waiting_, timer, &waiter::timer);
  if (found == waiting_.end()) return std::nullopt;
  return extract(&*found);
}

std::optional<waiter> handlers::extract_call(event_number call) {
  auto found = std::ranges::find(waiting_, call, &waiter::call);
  if (found == waiting_.end()) return std::nullopt;
  return extract(&*found);
}

std::optional<waiter> handlers::extract_ready() {
  for (std::size_t i = 0; i < waiting_.size(); ++i) {
    if (!waiting_[i].condition) continue;
    try {
      if ((*waiting_[i].condition)()) return extract_at(i);
    } catch (...) {
      waiting_[i].to->thrown = std::current_exception();
      return extract_at(i);
    }
  }
  return std::nullopt;
}

waiter* handlers::find_cancelled() {
  auto found = std::ranges::find_if(
      waiting_, [](auto& each) { return !each.told_to_stop && each.scope->is_cancelled(); });
  return found == waiting_.end() ? nullptr : &*found;
}

waiter handlers::extract(const waiter* which) {
  return extract_at(static_cast<std::size_t>(which - waiting_.data()));
}

std::vector<handler> handlers::extract_finished() {
  std::vector<handler> finished;
  std::erase_if(running_, [&](handler& each) {
    if (!each.done()) return false;
    finished.push_back(std::move(each));
    return true;
  });
  return finished;
}

handler handlers::extract_last() {
  auto last = std::move(running_.back());
  running_.pop_back();
  return last;
}

void handlers::roll_back(std::uint64_t next_waiter) {
  std::erase_if(waiting_, [&](const waiter& w) { return w.number >= next_waiter; });
}

waiter handlers::extract_at(std::size_t index) {
  auto extracted = waiting_[index];
  waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(index));
  return extracted;
}

}  // namespace perdure::core
