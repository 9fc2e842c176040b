#include "entities/timetable.h"

#include <algorithm>
#include <utility>

namespace perdure::core {

namespace {

/// Calls `offer(due, make)` for everything that has a time; `make()` returns its input.
template <class Offer>
void offer_all(const timetable& from, const handlers& running, const started_main* main,
               Offer offer) {
  for (auto& each : running.waiting()) {
    if (each.timer) offer(each.due, [&]() -> input { return timer_fired{each.timer}; });
  }
  for (auto& [name, each] : from.reminders()) {
    offer(each.due, [&]() -> input { return reminder_fired{name}; });
  }
  for (auto& each : from.delayed()) {
    offer(each.due, [&]() -> input { return delayed_signal_due{each.accepted}; });
  }
  if (!main || main->outcome) return;
  if (main->due) offer(*main->due, []() -> input { return main_due{}; });
  if (main->run_deadline) {
    offer(*main->run_deadline, []() -> input { return deadline_passed{true}; });
  }
  if (main->execution_deadline) {
    offer(*main->execution_deadline, []() -> input { return deadline_passed{false}; });
  }
}

}  // namespace

void timetable::cancel(std::string_view name) {
  auto found = reminders_.find(name);
  if (found != reminders_.end()) reminders_.erase(found);
}

std::optional<reminder> timetable::extract_reminder(std::string_view name) {
  auto found = reminders_.find(name);
  if (found == reminders_.end()) return std::nullopt;
  auto extracted = std::move(found->second);
  reminders_.erase(found);
  return extracted;
}

std::optional<delayed_signal> timetable::extract_delayed(event_number accepted) {
  auto found = std::ranges::find(delayed_, accepted, &delayed_signal::accepted);
  if (found == delayed_.end()) return std::nullopt;
  auto extracted = std::move(*found);
  delayed_.erase(found);
  return extracted;
}

void timetable::clear() {
  reminders_.clear();
  delayed_.clear();
}

bool timetable::has_delayed_due(timestamp now) const {
  return std::ranges::any_of(delayed_, [&](auto& each) { return each.due <= now; });
}

std::optional<input> timetable::due_at(timestamp now, const handlers& running,
                                       const started_main* main) const {
  const auto first = next_due(running, main);
  if (!first || *first > now) return std::nullopt;
  std::optional<input> chosen;
  offer_all(*this, running, main, [&](timestamp due, auto make) {
    if (due == *first && !chosen) chosen = make();
  });
  return chosen;
}

std::optional<timestamp> timetable::next_due(const handlers& running,
                                             const started_main* main) const {
  std::optional<timestamp> first;
  offer_all(*this, running, main, [&](timestamp due, const auto&) {
    if (!first || due < *first) first = due;
  });
  return first;
}

void set_deadlines(started_main& main, timestamp begins) {
  begins = std::max(begins, main.due.value_or(begins));
  if (main.options.run_timeout > no_limit) {
    main.run_deadline = later(begins, main.options.run_timeout);
  }
  if (main.options.execution_timeout > no_limit) {
    main.execution_deadline = later(begins, main.options.execution_timeout);
  }
}

}  // namespace perdure::core
