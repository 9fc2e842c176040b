#include "runtime/live_entity.h"

#include <algorithm>
#include <string>
#include <utility>

#include <spdlog/spdlog.h>

#include "entities/payload.h"
#include "persistence/codec.h"

namespace perdure::runtime {

namespace {

/// What a snapshot would take, roughly: it is taken again when as much has been journaled since.
std::uint64_t size_of(const core::carried_state& carried) {
  std::uint64_t size = carried.state.size();
  for (auto& each : carried.idempotency) {
    size += 64 + each.key.size() + (each.outcome ? each.outcome->results.size() : 0);
  }
  for (auto& each : carried.delayed) size += 32 + each.params.size();
  for (auto& each : carried.reminders) size += 32 + each.params.size();
  return size;
}

/// Actor, machine, instance, slot and directory entry, as measured by `./dev bench`.
constexpr std::int64_t fixed_bytes = 2'500;

/// Fewer records than this are replayed faster than a snapshot is worth writing.
constexpr event_number records_worth_a_snapshot = 32;

core::message to_message(request& what) {
  return {what.method->ordinal, std::move(what.params), std::move(what.options.key),
          what.options.delay};
}

std::string suspended_names(const core::machine& machine) {
  std::string names;
  for (auto& each : machine.suspended()) {
    auto* method = machine.contract().find(each.method);
    if (!names.empty()) names += ", ";
    names += std::string(method ? method->name : "?") + " (event " +
             std::to_string(each.started_by) + ")";
  }
  return names;
}

}  // namespace

live_entity::live_entity(entity_services& services, const entity_type& type,
                         std::shared_ptr<entity_slot> slot, std::function<void()> again)
    : services_(services), type_(type), slot_(std::move(slot)), again_(std::move(again)) {
  load();
}

live_entity::~live_entity() {
  if (parked_) {
    --services_.parked;
    services_.on_parked(slot_->id, std::nullopt);
  }
  services_.active_bytes -= accounted_bytes_;
}

// -- coming and going -----------------------------------------------------------------------------

void live_entity::load() {
  machine_ = std::make_unique<core::machine>(type_, slot_->id, services_.machine_limits);
  snapshot_event_ = 0;
  bytes_since_snapshot_ = 0;
  auto found = services_.store.load(slot_->id);
  if (!found) {
    if (found.error().code != errc::entity_not_found) return park(found.error());
    submitted_ = 0;
    return account();
  }
  auto& [known, base, records] = *found;
  if (base) {
    const auto time = records.empty() ? known.last_active : records.front().time;
    const core::position where{base->run, known.run_began, base->event, time, 0};
    if (auto why = machine_->restore(base->carried, where)) return park(std::move(*why));
    snapshot_event_ = base->event;
    snapshot_bytes_ = size_of(base->carried);
  }
  for (auto& step : records) {
    if (auto why = machine_->replay(step)) return park(std::move(*why));
  }
  machine_->add_run_bytes(known.run_bytes);
  submitted_ = machine_->where().last_event;
  slot_->durable.store(submitted_, std::memory_order_release);
  account();
}

void live_entity::park(error why) {
  why.detail = to_string(slot_->id) + " is parked: " + why.detail;
  machine_.reset();
  ++services_.parked;
  services_.on_parked(slot_->id, why);
  parked_ = std::make_unique<error>(std::move(why));
  account();
}

void live_entity::reload() {
  if (reloading_) return;
  reloading_ = true;
  commit barrier;
  barrier.entity = slot_;
  barrier.reached = again_;
  services_.writer.submit(std::move(barrier));
}

void live_entity::commit_refused(error why) {
  if (!lost_) lost_ = std::make_unique<error>(std::move(why));
  reload();
}

void live_entity::barrier_reached() {
  if (!reloading_) return;
  reloading_ = false;
  load();
  // Updates that were to be accepted by steps that were not written are gone with them; those
  // accepted before go on.
  const auto known = std::move(lost_);
  const auto lost =
      known ? *known : error{errc::unavailable, "the update could not be written: try again"};
  for (auto gone = waiting_for_updates_.upper_bound(submitted_);
       gone != waiting_for_updates_.end();) {
    gone->second.done(lost);
    gone = waiting_for_updates_.erase(gone);
  }
  for (auto& each : std::exchange(held_, {})) deliver(std::move(each));
}

void live_entity::refuse_waiting(const error& why) {
  for (auto& [event, each] : std::exchange(waiting_for_updates_, {})) each.done(why);
  for (auto& each : std::exchange(held_, {})) each->refuse(why);
}

void live_entity::before_leaving() {
  if (!machine_ || reloading_ || !machine_->quiescent() || machine_->is_terminated()) return;
  if (submitted_ < snapshot_event_ + records_worth_a_snapshot) return;
  auto carried = machine_->carry();
  const auto digest = core::digest(carried.state);
  commit last;
  last.entity = slot_;
  last.reached = [&store = services_.store, slot = slot_,
                  taken =
                      persistence::snapshot{slot_->id, machine_->where().run, submitted_,
                                            machine_->run_events(), digest, std::move(carried)}] {
    if (slot->durable.load(std::memory_order_acquire) == taken.event) store.keep(taken);
  };
  services_.writer.submit(std::move(last));
}

void live_entity::account() {
  const auto now =
      fixed_bytes + (machine_ ? static_cast<std::int64_t>(3 * machine_->state_size()) : 0);
  services_.active_bytes += now - accounted_bytes_;
  accounted_bytes_ = now;
}

// -- deliveries -----------------------------------------------------------------------------------

void live_entity::deliver(delivery_ptr what) {
  if (reloading_) {
    held_.push_back(std::move(what));
    return;
  }
  if (parked_ && !std::holds_alternative<describe_message>(what->what))
    return what->refuse(*parked_);
  std::visit([&](auto& message) { take(message); }, what->what);
}

void live_entity::take(call_message& message) {
  auto& options = message.what.options;
  const auto now = services_.wall.now();
  switch (message.what.method->kind) {
    case method_kind::query:
      return options.at ? answer_past_query(message) : answer_query(message);
    case method_kind::signal:
      return settle(machine_->handle_signal(to_message(message.what), now), std::nullopt,
                    &services_.signals, std::move(message.done));
    case method_kind::update: {
      const auto wait_until =
          options.until_accepted ? std::nullopt : std::optional(deadline(options.patience));
      return settle(machine_->handle_update(to_message(message.what), now), wait_until,
                    &services_.updates, std::move(message.done));
    }
  }
}

void live_entity::take(terminate_message& message) {
  if (is_empty()) {
    return message.done(error{errc::entity_not_found, to_string(slot_->id) + " does not exist"});
  }
  settle(machine_->terminate(std::move(message.reason), services_.wall.now()), std::nullopt,
         nullptr, std::move(message.done));
}

void live_entity::take(wake_message& message) {
  const auto now = services_.wall.now();
  while (auto step = machine_->fire(now)) {
    ++services_.timers_fired;
    submit(std::move(*step), {});
    maybe_continue_as_new();
  }
  if (auto next = machine_->next_due(); next && *next <= now) {
    return message.done(error{errc::internal, "a timer is due and cannot be fired"});
  }
  after_durable(completion([done = std::move(message.done)](result<answer> outcome) {
                  done(outcome ? std::nullopt : std::optional(outcome.error()));
                }),
                answer{});
}

void live_entity::take(await_message& message) {
  auto* seen = machine_->window().find(message.key);
  if (!seen || !seen->is_update) {
    return message.done(
        error{errc::entity_not_found, "no update with the id \"" + message.key + "\" is known to " +
                                          to_string(slot_->id) +
                                          " (or it has left the idempotency window)"});
  }
  const core::repeated found{seen->event, seen->run, true, seen->outcome};
  answer_repeat(
      found, deadline(message.patience),
      completion([done = std::move(message.done), method = seen->method](result<answer> outcome) {
        if (!outcome) return done(std::move(outcome).error());
        done(update_state{outcome->event, outcome->run, method, std::move(outcome->results)});
      }));
}

void live_entity::take(describe_message& message) {
  entity_description about;
  about.entity = slot_->id;
  about.shard = slot_->shard;
  about.epoch = slot_->epoch;
  if (parked_) {
    about.status = "parked";
    about.parked = *parked_;
    if (auto known = services_.store.find(slot_->id)) about.summary = *known;
    return message.done(std::move(about));
  }
  if (is_empty()) {
    return message.done(error{errc::entity_not_found, to_string(slot_->id) + " does not exist"});
  }
  about.status = machine_->is_terminated() ? "terminated" : "running";
  about.summary = summary();
  about.state = machine_->state();
  about.idempotency_keys = machine_->window().size();
  for (auto& [name, each] : machine_->reminders())
    about.timers.push_back({name, "reminder", each.due});
  for (auto& each : machine_->delayed()) {
    about.timers.push_back(
        {std::string(machine_->contract().find(each.signal)->name), "delayed_signal", each.due});
  }
  for (auto& each : machine_->timers()) about.timers.push_back({"sleep", "timer", each.due});
  for (auto& each : machine_->suspended()) {
    about.suspended.push_back(
        {std::string(machine_->contract().find(each.method)->name), each.started_by});
  }
  after_durable(completion([done = std::move(message.done),
                            about = std::move(about)](result<answer> outcome) {
                  if (outcome)
                    done(about);
                  else
                    done(std::move(outcome).error());
                }),
                answer{});
}

// -- queries --------------------------------------------------------------------------------------

void live_entity::answer_query(call_message& message) {
  if (is_empty()) {
    return message.done(error{errc::entity_not_found, to_string(slot_->id) + " does not exist"});
  }
  auto found =
      machine_->query(message.what.method->ordinal, message.what.params, services_.wall.now());
  if (!found) return message.done(std::move(found).error());
  ++services_.queries;
  after_durable(std::move(message.done),
                answer{0, machine_->where().run, false, std::move(*found)});
}

void live_entity::answer_past_query(call_message& message) {
  auto found = services_.store.load(slot_->id, message.what.options.at);
  if (!found) return message.done(std::move(found).error());
  core::machine past{type_, slot_->id, services_.machine_limits};
  std::optional<error> why;
  if (auto& base = found->base) {
    why = past.restore(base->carried, {base->run, found->summary.run_began, base->event,
                                       found->summary.created, 0});
  }
  for (auto& step : found->records) {
    if (!why) why = past.replay(step);
  }
  if (why) return message.done(std::move(*why));
  auto answered =
      past.query(message.what.method->ordinal, message.what.params, past.where().last_time);
  if (!answered) return message.done(std::move(answered).error());
  ++services_.queries;
  message.done(answer{past.where().last_event, past.where().run, false, std::move(*answered)});
}

// -- steps ----------------------------------------------------------------------------------------

void live_entity::settle(core::outcome outcome, std::optional<timestamp> wait_until, counter* taken,
                         answerer done) {
  if (auto* refusal = std::get_if<core::refused>(&outcome)) {
    ++services_.refused;
    if (refusal->state_lost) reload();
    // What the refusal rests on may not be durable yet.
    return after_durable(std::move(done), std::move(refusal->why));
  }
  if (auto* seen = std::get_if<core::repeated>(&outcome)) {
    ++services_.replayed;
    return answer_repeat(*seen, seen->is_update ? wait_until : std::nullopt, std::move(done));
  }
  auto& step = std::get<core::accepted>(outcome).step;
  if (taken) ++*taken;
  std::vector<reply> replies;
  if (wait_until) {
    waiting_for_updates_.emplace(step.event, waiting_caller{std::move(done), false, *wait_until});
  } else {
    replies.push_back({std::move(done), answer{step.event, step.run, false, {}}});
  }
  submit(std::move(step), std::move(replies));
  maybe_continue_as_new();
}

void live_entity::answer_repeat(const core::repeated& seen, std::optional<timestamp> wait_until,
                                answerer done) {
  answer first{seen.event, seen.run, true, {}};
  if (!wait_until) return after_durable(std::move(done), std::move(first));
  if (!seen.outcome) {
    drop_impatient();
    waiting_for_updates_.emplace(seen.event, waiting_caller{std::move(done), true, *wait_until});
    return;
  }
  if (seen.outcome->how == core::update_outcome::kind::failed) {
    return after_durable(std::move(done), error{errc::failed, seen.outcome->message});
  }
  first.results = seen.outcome->results;
  after_durable(std::move(done), std::move(first));
}

void live_entity::answer_ended_updates(const core::record& step, std::vector<reply>& replies) {
  if (waiting_for_updates_.empty()) return;
  for (auto& each : step.commands) {
    auto* ended = std::get_if<core::update_ended>(&each);
    if (!ended) continue;
    auto [from, to] = waiting_for_updates_.equal_range(ended->update);
    for (; from != to; from = waiting_for_updates_.erase(from)) {
      auto& caller = from->second;
      if (ended->outcome.how == core::update_outcome::kind::completed) {
        replies.push_back({std::move(caller.done),
                           answer{ended->update, step.run, caller.repeat, ended->outcome.results}});
      } else {
        replies.push_back({std::move(caller.done), error{errc::failed, ended->outcome.message}});
      }
    }
  }
}

bool live_entity::can_be_put_away() {
  drop_impatient();
  return waiting_for_updates_.empty() && held_.empty() && !reloading_;
}

timestamp live_entity::deadline(duration patience) const {
  return patience == forever ? timestamp::max() : services_.wall.now() + patience;
}

void live_entity::drop_impatient() {
  const auto now = services_.wall.now();
  for (auto each = waiting_for_updates_.begin(); each != waiting_for_updates_.end();) {
    if (each->second.until >= now) {
      ++each;
      continue;
    }
    each->second.done(error{errc::timeout, "the update has not ended yet: it goes on, ask again"});
    each = waiting_for_updates_.erase(each);
  }
}

void live_entity::submit(core::record step, std::vector<reply> replies) {
  answer_ended_updates(step, replies);
  commit work;
  work.snapshot = maybe_snapshot(step);
  auto after = summary();
  after.last_active = step.time;
  auto encoded = persistence::encode_record(slot_->id, step, after);
  machine_->add_run_bytes(encoded.size());
  bytes_since_snapshot_ += encoded.size();
  work.entity = slot_;
  work.replies = std::move(replies);
  work.step = persistence::batch{slot_->shard, slot_->epoch,     slot_->id,
                                 step.event,   std::move(after), std::move(encoded)};
  submitted_ = step.last_event();
  services_.writer.submit(std::move(work));
  account();
}

persistence::entity_summary live_entity::summary() const {
  auto& where = machine_->where();
  return {machine_->is_terminated() ? persistence::entity_status::terminated
                                    : persistence::entity_status::running,
          where.run,
          where.run_began,
          where.last_event,
          where.run_bytes,
          machine_->created(),
          where.last_time,
          machine_->next_due()};
}

void live_entity::after_durable(answerer done, result<answer> what) {
  if (slot_->durable.load(std::memory_order_acquire) >= submitted_ && !reloading_) {
    return done(std::move(what));
  }
  commit barrier;
  barrier.entity = slot_;
  barrier.needs = submitted_;
  barrier.replies.push_back({std::move(done), std::move(what)});
  services_.writer.submit(std::move(barrier));
}

std::unique_ptr<persistence::snapshot> live_entity::maybe_snapshot(core::record& step) {
  const auto last = step.last_event();
  if (last < snapshot_event_ + services_.limits.snapshot_every_events ||
      bytes_since_snapshot_ < snapshot_bytes_ || !machine_->quiescent() ||
      machine_->is_terminated() || std::holds_alternative<core::run_continued>(step.what)) {
    return nullptr;
  }
  persistence::snapshot taken{slot_->id, machine_->where().run, last, machine_->run_events(),
                              0,         machine_->carry()};
  taken.state_digest = core::digest(taken.carried.state);
  if (const auto size = taken.carried.state.size();
      size >= services_.limits.state_bytes_warning && !std::exchange(warned_of_size_, true)) {
    spdlog::warn("{} has a state of {} bytes; it is refused messages at {}", to_string(slot_->id),
                 size, services_.limits.state_bytes);
  }
  step.state_digest = taken.state_digest;
  snapshot_event_ = last;
  snapshot_bytes_ = size_of(taken.carried);
  bytes_since_snapshot_ = 0;
  return std::make_unique<persistence::snapshot>(std::move(taken));
}

void live_entity::maybe_continue_as_new() {
  const auto& limits = services_.limits;
  if (machine_->is_terminated() ||
      (machine_->run_events() < limits.continue_after_events &&
       machine_->where().run_bytes < std::max(limits.continue_after_bytes, 2 * snapshot_bytes_))) {
    return;
  }
  if (!machine_->quiescent()) {
    if (!std::exchange(warned_, true)) {
      spdlog::warn("{} cannot continue as new, its history grows: suspended in {}",
                   to_string(slot_->id), suspended_names(*machine_));
    }
    return;
  }
  warned_ = false;
  auto step = machine_->continue_as_new(services_.wall.now());
  snapshot_event_ = step.event;
  snapshot_bytes_ = size_of(std::get<core::run_continued>(step.what).carried);
  bytes_since_snapshot_ = 0;
  ++services_.continued;
  submit(std::move(step), {});
}

}  // namespace perdure::runtime
