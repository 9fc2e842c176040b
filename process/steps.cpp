// How a step leaves for the journal, and what happens once it is there.

#include <algorithm>
#include <utility>

#include "entities/payload.h"
#include "persistence/codec.h"
#include "persistence/sealing.h"
#include "process/entity_process.h"
#include "process/visit.h"

namespace perdure::process {

namespace {

persistence::entity_status to_status(const core::machine& machine) {
  using persistence::entity_status;
  if (machine.is_paused() && !machine.has_ended()) return entity_status::paused;
  return static_cast<entity_status>(machine.status());
}

std::string suspended_names(const core::machine& machine) {
  std::string names;
  for (auto& each : machine.suspended()) {
    auto* method = machine.contract().find(each.method());
    if (!names.empty()) names += ", ";
    names += std::string(method ? method->name : "?") + " (event " +
             std::to_string(each.started_by()) + ")";
  }
  return names;
}

}  // namespace

void entity_process::submit(core::record step, std::vector<reply> replies,
                            std::vector<effect> effects) {
  answer_ended(step, replies);
  append work;
  work.snapshot = maybe_snapshot(step);
  mark_state(step);
  std::optional<core::attributes> attributes;
  // A run begins with all of them: the records that set them may go.
  const bool begins_run = step.event == machine_->where().run_began;
  static const core::attributes none;
  if (machine_->attributes() != (extras_ ? extras_->known_attributes : none) ||
      (begins_run && !machine_->attributes().empty())) {
    attributes = machine_->attributes();
    know_attributes();
  }
  machine_->add_run_bytes(persistence::size_of_record(who_, step, attributes));
  auto after = summary();
  after.last_active = step.time;
  bytes encoded;
  if (shared_.codec) {
    auto sealed = step;
    persistence::seal(sealed, *shared_.codec);
    encoded = persistence::encode_record(who_, sealed, after, attributes);
  } else {
    encoded = persistence::encode_record(who_, step, after, attributes);
  }
  bytes_since_snapshot_ += encoded.size();
  bytes_since_digest_ += encoded.size();
  add_effects(step, effects);
  work.step = {owner_.shard,          owner_.epoch,      who_, step.event, std::move(after),
               std::move(attributes), std::move(encoded)};
  work.replies = std::move(replies);
  work.effects = std::move(effects);
  gate_.submitted(step.last_event());
  act(std::move(work));
}

/// Those who wait for what has ended in this step.
void entity_process::answer_ended(const core::record& step, std::vector<reply>& replies) {
  if (!extras_ || extras_->waiting.empty()) return;
  for (auto& each : step.commands) {
    if (auto* ended = std::get_if<core::update_ended>(&each)) {
      answer_waiting(ended->update, ended->outcome, step.run, replies);
    } else if (auto* main = std::get_if<core::main_ended>(&each)) {
      answer_waiting(machine_->main()->started, main->outcome, step.run, replies);
    }
  }
  auto* begun = std::get_if<core::run_continued>(&step.what);
  if (begun && begun->replaces) {
    while (!extras_->waiting.empty() && extras_->waiting.begin()->first < step.event) {
      answer_waiting(extras_->waiting.begin()->first, core::machine::replaced(), step.run, replies);
    }
  }
}

/// What is to happen outside once the step is durable.
void entity_process::add_effects(const core::record& step, std::vector<effect>& effects) {
  const auto life = machine_->life();
  if (auto* ended = std::get_if<core::activity_ended>(&step.what)) {
    effects.push_back(activity_recorded{life, ended->activity});
  }
  auto number = step.event;
  for (auto& each : step.commands) {
    ++number;
    if (std::holds_alternative<core::activity_scheduled>(each)) {
      auto pending = machine_->activities().find(number);
      if (pending != machine_->activities().end()) {
        effects.push_back(schedule_activity{life, pending->second});
      }
    } else if (auto* cancelled = std::get_if<core::activity_cancelled>(&each)) {
      const bool waits = machine_->activities().contains(cancelled->activity);
      effects.push_back(cancel_activity{life, cancelled->activity, waits});
    } else if (auto* sent = std::get_if<core::message_sent>(&each)) {
      if (extras().outbox.posted(sent->message)) effects.push_back(send_of(sent->message));
    }
  }
  if (!extras_) return;
  for (auto& each : std::exchange(extras_->replaced, {})) effects.push_back(std::move(each));
  for (auto& each : std::exchange(extras_->settling, {})) {
    const auto last = extras_->outbox.settled(each.receiver, each.message);
    effects.push_back(tell_entity{std::move(each.receiver), forget{who_, life, last}});
  }
}

/// Lets replay find out whether the code still computes this state: every few steps, and no more
/// often than steps have said as much as the state does, so that large states cost little.
void entity_process::mark_state(core::record& step) {
  const bool due = ++steps_since_digest_ >= shared_.limits.digest_every_steps &&
                   bytes_since_digest_ >= machine_->state_size();
  if (!step.state_digest) {
    if (!due || machine_->has_ended()) return;
    step.state_digest = core::digest(machine_->state());
  }
  steps_since_digest_ = 0;
  bytes_since_digest_ = 0;
}

std::unique_ptr<persistence::snapshot> entity_process::maybe_snapshot(core::record& step) {
  const auto last = step.last_event();
  if (last < snapshot_event_ + shared_.limits.snapshot_every_events ||
      bytes_since_snapshot_ < snapshot_bytes_ || !machine_->quiescent() || machine_->has_ended() ||
      std::holds_alternative<core::run_continued>(step.what)) {
    return nullptr;
  }
  auto taken = std::make_unique<persistence::snapshot>(snapshot_of(last));
  if (const auto size = machine_->state_size();
      size >= shared_.limits.state_bytes_warning && !std::exchange(warned_of_size_, true)) {
    act(complain{false, to_string(who_) + " has a state of " + std::to_string(size) +
                            " bytes; it is refused messages at " +
                            std::to_string(shared_.limits.machine.state_bytes)});
  }
  step.state_digest = taken->state_digest;
  snapshot_event_ = last;
  bytes_since_snapshot_ = 0;
  return taken;
}

persistence::snapshot entity_process::snapshot_of(event_number last) {
  persistence::snapshot taken{who_, machine_->where().run, last, machine_->run_events(),
                              0,    machine_->carry()};
  taken.state_digest = core::digest(taken.carried.state);
  snapshot_bytes_ = core::size_of(taken.carried);
  if (shared_.codec) persistence::seal(taken.carried, *shared_.codec);
  return taken;
}

void entity_process::maybe_continue_as_new() {
  if (stage_ != stage::serving || machine_->has_ended()) return;
  if (!machine_->at_continue_point() && !machine_->is_large()) return;
  if (!machine_->can_continue()) {
    if (!std::exchange(warned_, true)) {
      act(complain{false, to_string(who_) +
                              " cannot continue as new, its history grows: suspended in " +
                              suspended_names(*machine_)});
    }
    return;
  }
  warned_ = false;
  auto step = machine_->continue_as_new(now());
  snapshot_event_ = step.event;
  snapshot_bytes_ = core::size_of(std::get<core::run_continued>(step.what).carried);
  bytes_since_snapshot_ = 0;
  act(count{figure::continued});
  submit(std::move(step), {});
}

persistence::entity_summary entity_process::summary() const {
  auto& where = machine_->where();
  return {to_status(*machine_),
          where.run,
          where.run_began,
          where.last_event,
          where.run_bytes,
          machine_->created(),
          where.last_time,
          machine_->next_due(),
          !machine_->activities().empty() || !machine_->outbox().empty(),
          machine_->has_unsettled_senders()};
}

void entity_process::know_attributes() {
  if (!extras_ && machine_->attributes().empty()) return;
  extras().known_attributes = machine_->attributes();
}

}  // namespace perdure::process
