#pragma once

/// What is to happen to one entity at a time: reminders and delayed signals, which it holds; the
/// timers of coroutines and the deadlines of the main, which it is shown.

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <perdure/types.h>

#include "entities/handlers.h"
#include "entities/record.h"

namespace perdure::core {

class timetable {
public:
  using reminder_map = std::map<std::string, reminder, std::less<>>;

  const reminder_map& reminders() const { return reminders_; }
  const std::vector<delayed_signal>& delayed() const { return delayed_; }
  /// Of both together.
  std::size_t size() const { return reminders_.size() + delayed_.size(); }

  void set(const reminder& what) { reminders_.insert_or_assign(what.name, what); }
  void cancel(std::string_view name);
  void delay(delayed_signal what) { delayed_.push_back(std::move(what)); }
  /// Nothing: there is none.
  std::optional<reminder> extract_reminder(std::string_view name);
  std::optional<delayed_signal> extract_delayed(event_number accepted);
  void clear();

  bool has_delayed_due(timestamp now) const;

  /// Returns the input of the earliest that is due at `now`; of several due at one time, those that
  /// began to wait first: timers, reminders, delayed signals, the delayed start, deadlines.
  std::optional<input> due_at(timestamp now, const handlers& running,
                              const started_main* main) const;
  /// Returns the earliest time at which anything is due.
  std::optional<timestamp> next_due(const handlers& running, const started_main* main) const;

private:
  reminder_map reminders_;
  std::vector<delayed_signal> delayed_;  ///< In order of their acceptance.
};

/// Counts the time-outs of a main from `begins`, or from its delayed beginning where that is later.
void set_deadlines(started_main& main, timestamp begins);

}  // namespace perdure::core
