#include "entities/machine.h"

#include <algorithm>
#include <type_traits>
#include <utility>

#include "entities/children.h"
#include "entities/difference.h"
#include "entities/payload.h"
#include "entities/texts.h"
#include "entities/turn.h"

namespace perdure::core {

machine::machine(const entity_type& type, const entity_id& who, const machine_limits& limits)
    : type_(type), self_(who), limits_(limits), instance_(type.make()) {
  instance_->machine_ = this;
}

machine::~machine() {
  drop_frames_outside();
  turn outside(*this);
  instance_.reset();
}

// -- coming back ----------------------------------------------------------------------------------

std::optional<error> machine::replay(const record& step) {
  if (auto* reset = std::get_if<run_reset>(&step.what)) return replay_reset(step, *reset);
  if (auto* continued = std::get_if<run_continued>(&step.what)) {
    const position before{step.run, step.event, step.event - 1, step.time, 0};
    if (auto why = restore(continued->carried, before)) return why;
  }
  if (step.event != where_.last_event + 1) {
    return error{errc::internal, "history has a gap: " + event_text(where_.last_event) +
                                     " is followed by " + event_text(step.event)};
  }
  record mine{step.run,         step.event,   step.time, step.what, step.once, step.from,
              step.traceparent, step.settles, {},        {},        step.life};
  drop_settled(step);
  if (!notes_) notes_ = std::make_unique<replay_notes>(replay_notes{{}, where_.last_event, {}});
  if (std::holds_alternative<run_continued>(step.what)) notes_->agreed = where_.last_event;
  std::optional<error> why;
  {
    turn again(*this, mine, &step);
    why = execute(mine, false);
  }
  if (notes_->broken) return with_advice(std::move(*notes_->broken));
  if (why) return refusal_in_replay(step, *why, contract(), notes_->called);
  if (auto found = difference(step, mine, contract(), notes_->called)) return found;
  advance(step);
  if (step.state_digest) {
    const auto now = digest(state());
    if (now != *step.state_digest) {
      return state_difference(notes_->agreed, step.last_event(), *step.state_digest, now);
    }
    notes_->agreed = step.last_event();
  }
  return std::nullopt;
}

// -- steps ----------------------------------------------------------------------------------------

record machine::begin(input what, timestamp now) const {
  record step;
  step.run = where_.run;
  step.event = where_.last_event + 1;
  step.time = std::max(now, where_.last_time);
  step.what = std::move(what);
  if (step.event == 1 && life_ != timestamp{}) step.life = life_;
  return step;
}

outcome machine::take(record step, bool refusable) {
  notes_.reset();
  step.settles = settled_;
  {
    turn here(*this, step, nullptr);
    if (auto why = execute(step, refusable)) {
      return refused{std::move(*why), std::exchange(state_lost_, false)};
    }
  }
  settled_.clear();
  advance(step);
  return accepted{std::move(step)};
}

std::optional<error> machine::execute(record& step, bool refusable) {
  if (where_.last_event == 0) {
    created_ = step.time;
    life_ = step.life.value_or(timestamp{});
  }
  const bool is_held = paused_ && (std::holds_alternative<activity_ended>(step.what) ||
                                   std::holds_alternative<reply_received>(step.what));
  auto why = std::visit([&](auto& what) { return run(step, what, refusable); }, step.what);
  if (!why && !is_held) run_ready();
  return why;
}

/// What had been learnt of messages before the step: what it may do depends on how many are left.
void machine::drop_settled(const record& step) {
  for (auto each : step.settles) {
    if (outbox_.erase(each)) continue;
    inbox_.erase_if([&](auto& taken) { return taken.second.event == each; });
  }
}

void machine::advance(const record& step) {
  if (std::holds_alternative<run_continued>(step.what)) {
    where_.run = step.run;
    where_.run_began = step.event;
    where_.run_bytes = 0;
  }
  note_taken(step);
  auto number = step.event;
  for (auto& each : step.commands) apply(step, ++number, each);
  where_.last_event = step.last_event();
  where_.last_time = step.time;
}

/// Remembers what must not be taken twice.
void machine::note_taken(const record& step) {
  const bool is_update = std::holds_alternative<update_accepted>(step.what);
  const bool joins = is_join(step);
  const bool is_start = joins || std::holds_alternative<main_started>(step.what) ||
                        std::holds_alternative<run_continued>(step.what);
  const auto ends_with = is_update || is_start ? answered_by_end_of(step) : 0;
  if (step.once) {
    const auto method = std::visit(
        [&](auto& in) -> std::uint16_t {
          if constexpr (requires { in.method; }) return in.method;
          return is_start && main_ ? main_->method : 0;
        },
        step.what);
    window_.add({step.once->key, step.once->digest, step.event, step.run, step.time, is_update,
                 std::nullopt, method, joins ? main_->started : 0},
                ends_with);
    window_.prune(step.time - limits_.idempotency_time, limits_.idempotency_keys);
  }
  if (step.from) {
    auto& taken = inbox_[step.from->sender];
    if (taken.life != step.from->life) taken = {step.from->sender, step.from->life, 0, {}, 0};
    taken.last = step.from->number;
    taken.event = step.event;
    if (is_update || is_start) {
      taken.requests.push_back({step.from->number, ends_with, step.run, is_start,
                                joins ? main_->outcome : std::nullopt});
    }
  }
}

/// What began with an event has ended: so it will be answered, whoever asks again.
void machine::conclude(event_number began, const update_outcome& how, timestamp now) {
  window_.conclude(began, how, now);
  for (auto& [sender, taken] : inbox_) {
    for (auto& each : taken.requests) {
      if (each.event == began) each.outcome = how;
    }
  }
}

void machine::apply(const record& step, event_number number, const command& what) {
  std::visit(
      [&](auto& each) {
        using kind = std::decay_t<decltype(each)>;
        if constexpr (std::is_same_v<kind, reminder_set>) {
          if (!has_ended()) timetable_.set(each.set);
        } else if constexpr (std::is_same_v<kind, reminder_cancelled>) {
          timetable_.cancel(each.name);
        } else if constexpr (std::is_same_v<kind, update_ended>) {
          conclude(each.update, each.outcome, step.time);
        } else if constexpr (std::is_same_v<kind, activity_scheduled>) {
          activities_.emplace(number,
                              pending_activity{number, step.time, each.activities, each.activity,
                                               each.params, each.options, each.traceparent});
        } else if constexpr (std::is_same_v<kind, activity_cancelled>) {
          auto found = activities_.find(each.activity);
          // One that is waited for all the same ends by its outcome.
          if (found != activities_.end() &&
              (has_ended() || found->second.options.on_cancel != cancellation::wait)) {
            activities_.erase(found);
          }
        } else if constexpr (std::is_same_v<kind, message_sent>) {
          outbox_.emplace(number, each.message);
          if (each.message.starts_child() && !has_ended()) add_child(children_, each.message);
        } else if constexpr (std::is_same_v<kind, attribute_set>) {
          if (each.value)
            attributes_.insert_or_assign(each.name, *each.value);
          else
            attributes_.erase(each.name);
        } else if constexpr (std::is_same_v<kind, main_ended>) {
          main_->outcome = each.outcome;
          conclude(main_->started, each.outcome, step.time);
        }
      },
      what);
}

// -- time -----------------------------------------------------------------------------------------

result<std::optional<record>> machine::fire(timestamp now) {
  if (paused_) return std::optional<record>();
  now = std::max(now, where_.last_time);
  auto due = timetable_.due_at(now, handlers_, main_.get());
  if (!due) return std::optional<record>();
  if (auto gone = missing_method_of(*due)) return std::move(*gone);
  // An unattended handler's failure is part of the step.
  auto taken = take(begin(std::move(*due), now), false);
  if (auto* refusal = std::get_if<refused>(&taken)) return std::move(refusal->why);
  return std::optional(std::move(std::get<accepted>(taken).step));
}

bool machine::has_delayed_due(timestamp now) const {
  return !paused_ && timetable_.has_delayed_due(std::max(now, where_.last_time));
}

std::optional<timestamp> machine::next_due() const {
  if (paused_) return std::nullopt;
  return timetable_.next_due(handlers_, main_.get());
}

/// Timers, reminders and delayed signals, with those that the step at hand has set.
std::size_t machine::timer_count() const {
  std::size_t set_now = 0;
  if (turn_) {
    set_now =
        static_cast<std::size_t>(std::ranges::count_if(turn_->step().commands, [&](auto& each) {
          auto* reminder = std::get_if<reminder_set>(&each);
          return reminder && !reminders().contains(reminder->set.name);
        }));
  }
  return timetable_.size() + set_now +
         static_cast<std::size_t>(std::ranges::count_if(
             handlers_.waiting(), [](auto& each) { return each.timer != 0; }));
}

std::vector<waiter> machine::timers() const {
  std::vector<waiter> all;
  for (auto& each : handlers_.waiting()) {
    if (each.timer) all.push_back(each);
  }
  return all;
}

// -- questions ------------------------------------------------------------------------------------

result<bytes> machine::query(std::uint16_t method, bytes_view params, timestamp now) {
  auto* asked = contract().find(method);
  if (!asked || asked->kind != method_kind::query) {
    return error{errc::unknown_method,
                 to_string(self_) + " has no query @" + std::to_string(method)};
  }
  turn here(*this, std::max(now, where_.last_time));
  try {
    return instance_->run_query(*asked, params);
  } catch (const rejected& why) {
    return error{errc::rejected, why.what()};
  } catch (const failure& why) {
    return why.why();
  } catch (const std::exception& why) {
    return error{errc::internal, to_string(self_) + " " + std::string(asked->name) + " threw (" +
                                     std::string(asked->source) + "): " + why.what()};
  } catch (...) {
    return error{errc::internal, to_string(self_) + " threw what is no std::exception"};
  }
}

}  // namespace perdure::core
