// The machine's state as a whole: put at a snapshot or a new run, saved, gone back in.

#include <algorithm>
#include <iterator>
#include <utility>

#include "entities/children.h"
#include "entities/machine.h"
#include "entities/payload.h"
#include "entities/texts.h"
#include "entities/turn.h"

namespace perdure::core {

// -- coming back ----------------------------------------------------------------------------------

std::optional<error> machine::restore(const carried_state& carried, const position& where) {
  try {
    instance_->load_state(carried.state);
  } catch (const std::exception& why) {
    return error{errc::internal, event_text(where.last_event) +
                                     ": the saved state cannot be decoded: " + why.what()};
  }
  drop_frames_outside();
  where_ = where;
  created_ = carried.created;
  reset_at_ = carried.reset_at;
  life_ = carried.life;
  timers_started_ = carried.timers_started;
  timetable_.clear();
  for (auto& each : carried.reminders) timetable_.set(each);
  for (auto& each : carried.delayed) timetable_.delay(each);
  activities_.clear();
  outbox_.clear();
  for (auto& each : carried.outbox) outbox_.emplace(each.number, each);
  inbox_.clear();
  for (auto& each : carried.inbox) inbox_.emplace(each.sender, each);
  children_ = carried.children;
  attributes_ = carried.attributes;
  main_ = carried.main ? std::make_unique<started_main>(*carried.main) : nullptr;
  window_ = {};
  for (auto& each : carried.idempotency) window_.add(each, ends_with(each));
  status_ = carried.status;
  paused_ = carried.paused;
  at_continue_point_ = false;
  settled_.clear();
  if (rare_) rare_->held.clear();
  state_size_ = measured_state_size_ = carried.state.size();
  carried_bytes_ = size_of(carried);
  return std::nullopt;
}

/// The event whose end is to answer a message of a restored window; 0: it has been answered.
event_number machine::ends_with(const keyed_message& carried) const {
  if (carried.outcome) return 0;
  if (carried.is_update) return carried.event;
  const auto began = carried.joined != 0 ? carried.joined : carried.event;
  return main_ && !main_->outcome && main_->started == began ? began : 0;
}

void machine::begin_life(timestamp life) {
  if (where_.last_event == 0) life_ = life;
}

// -- going back -----------------------------------------------------------------------------------

namespace {

/// Returns the record of a signal as it was taken, or nothing: it is none.
std::optional<record> signal_of(record& step) {
  if (!std::holds_alternative<signal_received>(step.what) &&
      !std::holds_alternative<signal_delayed>(step.what)) {
    return std::nullopt;
  }
  auto signal = std::move(step);
  signal.settles.clear();
  signal.commands.clear();
  signal.state_digest.reset();
  return signal;
}

/// Keeps in `started` the messages that start children which have not ended, after `step`.
void note_children(std::vector<outgoing>& started, const record& step) {
  if (auto* reply = std::get_if<reply_received>(&step.what)) {
    std::erase_if(started, [&](auto& each) {
      return each.number == reply->message && !goes_on(each, reply->outcome);
    });
  }
  for (auto& each : step.commands) {
    auto* sent = std::get_if<message_sent>(&each);
    if (!sent || !sent->message.starts_child()) continue;
    std::erase_if(started, [&](auto& old) { return old.target == sent->message.target; });
    started.push_back(sent->message);
  }
}

}  // namespace

record machine::reset(std::vector<record> history, event_number to, std::string reason,
                      timestamp now, timestamp life) {
  record step;
  step.run = history.back().run + 1;
  step.event = history.back().last_event() + 1;
  step.time = std::max(now, history.back().time);
  if (life != timestamp{}) step.life = life;
  run_reset made{to, std::move(reason), {}, {}, {}};
  std::vector<outgoing> started;
  for (auto& each : history) {
    if (each.event > to) {
      note_children(started, each);
      if (auto signal = signal_of(each)) made.signals.push_back(std::move(*signal));
      continue;
    }
    // The run may itself begin with a reset: what it went back to comes first, then what it did.
    if (auto* before = std::get_if<run_reset>(&each.what)) {
      auto older = std::exchange(before->history, {});
      std::ranges::move(older, std::back_inserter(made.history));
    }
    made.history.push_back(std::move(each));
  }
  for (auto& each : started) add_child(made.children, each);
  for (auto& each : made.children) each.undone = true;
  step.what = std::move(made);
  return step;
}

std::optional<error> machine::replay_reset(const record& step, const run_reset& what) {
  for (auto& each : what.history) {
    if (auto why = replay(each)) return why;
  }
  where_ = {step.run, step.event, step.last_event(), step.time, 0};
  reset_at_ = step.life ? step.time : std::max(step.time, life() + duration{1});
  life_ = step.life.value_or(timestamp{});
  // All are due by now, or as late as they were: so they come in the order in which they came.
  for (auto& each : what.signals) {
    if (auto* received = std::get_if<signal_received>(&each.what)) {
      timetable_.delay({each.event, received->method, received->params, each.time});
    } else if (auto* delayed = std::get_if<signal_delayed>(&each.what)) {
      timetable_.delay({each.event, delayed->method, delayed->params, delayed->due});
    }
    note_taken(each);
  }
  for (auto& each : what.children) {
    drop_undone(children_, each.entity);
    children_.push_back(each);
  }
  // What is sent again may have begun what runs.
  for (auto& [number, each] : outbox_) each.adopts = each.starts_child();
  if (main_ && !main_->outcome) set_deadlines(*main_, step.time);
  return std::nullopt;
}

// -- what is carried ------------------------------------------------------------------------------

bytes machine::state() const {
  auto saved = canonical(instance_->save_state()).value();
  state_size_ = measured_state_size_ = saved.size();
  return saved;
}

bool machine::state_is_small() const {
  const auto limit = limits_.copied_state_bytes;
  // The estimate only grows between measurements: measure before believing that it is too large.
  if (state_size_ > limit && measured_state_size_ <= limit) state();
  return state_size_ <= limit;
}

std::vector<outgoing> machine::outbox_entries() const {
  std::vector<outgoing> all;
  for (auto& [number, each] : outbox_) all.push_back(each);
  return all;
}

std::vector<taken_messages> machine::inbox_entries() const {
  std::vector<taken_messages> all;
  for (auto& [sender, each] : inbox_) all.push_back(each);
  return all;
}

carried_state machine::carry() const {
  carried_state all;
  all.state = state();
  all.created = created_;
  all.reset_at = reset_at_;
  all.life = life_;
  all.timers_started = timers_started_;
  for (auto& [name, each] : reminders()) all.reminders.push_back(each);
  all.delayed = delayed();
  all.idempotency = window_.entries();
  all.outbox = outbox_entries();
  all.inbox = inbox_entries();
  all.children = children_;
  all.attributes = attributes_.get();
  all.status = status_;
  all.paused = paused_;
  if (main_) all.main = *main_;
  return all;
}

}  // namespace perdure::core
