#include "runtime/live_entity.h"

#include <algorithm>
#include <string>
#include <utility>

#include <spdlog/spdlog.h>

#include "entities/payload.h"
#include "persistence/codec.h"
#include "persistence/sealing.h"

namespace perdure::runtime {

namespace {

/// Actor, machine, instance, slot and directory entry, as measured by `./dev bench`.
constexpr std::int64_t fixed_bytes = 2'500;

/// Where memory is short, entities with fewer events than this leave without a snapshot: those in
/// the way of others come first.
constexpr event_number worth_a_snapshot_in_haste = 32;

core::message to_message(call_message& from) {
  auto& what = from.what;
  return {what.method->ordinal, std::move(what.params), std::move(what.options.key),
          what.options.delay,   std::move(from.from),   std::move(what.options.traceparent),
          what.options.start,   from.as_child};
}

result<answer> to_answer(const core::update_outcome& how, answer begun) {
  if (how.how == core::update_outcome::kind::failed) {
    return error{errc::failed, how.message, how.type};
  }
  begun.results = how.results;
  return begun;
}

persistence::entity_status to_status(const core::machine& machine) {
  using persistence::entity_status;
  if (machine.is_paused() && !machine.has_ended()) return entity_status::paused;
  return static_cast<entity_status>(machine.status());
}

/// Returns the signal that a step took, as it would have to be sent again; nothing: it took none.
std::optional<core::message> signal_of(const core::record& step, timestamp now) {
  core::message again;
  if (auto* received = std::get_if<core::signal_received>(&step.what)) {
    again.method = received->method;
    again.params = received->params;
  } else if (auto* delayed = std::get_if<core::signal_delayed>(&step.what)) {
    again.method = delayed->method;
    again.params = delayed->params;
    again.delay = std::max(delayed->due - now, duration::zero());
  } else {
    return std::nullopt;
  }
  if (step.once) again.key = step.once->key;
  again.from = step.from;
  again.traceparent = step.traceparent;
  return again;
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

live_entity::live_entity(entity_services& services, const entity_type& type,
                         std::shared_ptr<entity_slot> slot, std::function<void()> again)
    : services_(services), type_(type), slot_(std::move(slot)), again_(std::move(again)) {
  load();
}

live_entity::~live_entity() {
  unpark();
  services_.active_bytes -= accounted_bytes_;
}

// -- coming and going -----------------------------------------------------------------------------

void live_entity::load() {
  unpark();
  machine_ = std::make_unique<core::machine>(type_, slot_->id, services_.machine_limits);
  snapshot_event_ = 0;
  bytes_since_snapshot_ = 0;
  auto found = services_.store.load(slot_->id);
  if (!found) {
    if (found.error().code != errc::entity_not_found) return park(found.error());
    submitted_ = 0;
    slot_->durable.store(0, std::memory_order_release);
    return account();
  }
  if (auto why = open(*found)) return park(std::move(*why));
  auto& [known, base, records] = *found;
  if (base) {
    const auto time = records.empty() ? known.last_active : records.front().time;
    const core::position where{base->run, known.run_began, base->event, time, 0};
    if (auto why = machine_->restore(base->carried, where)) return park(std::move(*why));
    snapshot_event_ = base->event;
    snapshot_bytes_ = core::size_of(base->carried);
  }
  for (auto& step : records) {
    if (auto why = machine_->replay(step)) return park(std::move(*why));
  }
  machine_->add_run_bytes(known.run_bytes);
  submitted_ = machine_->where().last_event;
  slot_->durable.store(submitted_, std::memory_order_release);
  know_attributes();
  redispatch();
  account();
}

std::optional<error> live_entity::open(persistence::loaded_entity& sealed) const {
  if (!services_.codec) return std::nullopt;
  if (sealed.base) {
    if (auto why = persistence::unseal(sealed.base->carried, *services_.codec)) return why;
  }
  return open(sealed.records);
}

std::optional<error> live_entity::open(std::vector<core::record>& sealed) const {
  if (!services_.codec) return std::nullopt;
  for (auto& step : sealed) {
    if (auto why = persistence::unseal(step, *services_.codec)) return why;
  }
  return std::nullopt;
}

/// What was under way when the entity was last in memory.
void live_entity::redispatch() {
  if (extras_) extras_->settling.clear();
  std::vector<core::pending_activity> activities;
  for (auto& [number, each] : machine_->activities()) activities.push_back(each);
  services_.activities.schedule_reloaded(slot_->id, machine_->life(), activities);
  for (auto number : machine_->being_cancelled()) {
    services_.activities.request_cancel(slot_->id, machine_->life(), number);
  }
  for (auto& [number, each] : machine_->outbox()) {
    services_.messages.post(slot_->id, machine_->life(), each);
  }
}

void live_entity::park(error why) {
  why.detail = to_string(slot_->id) + " is parked: " + why.detail;
  machine_.reset();
  ++services_.parked;
  services_.on_parked(slot_->id, why);
  parked_ = std::make_unique<error>(std::move(why));
  account();
}

void live_entity::unpark() {
  if (!parked_) return;
  --services_.parked;
  services_.on_parked(slot_->id, std::nullopt);
  parked_.reset();
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
  if (!extras().lost) extras().lost = std::make_unique<error>(std::move(why));
  reload();
}

void live_entity::barrier_reached() {
  if (!reloading_) return;
  reloading_ = false;
  load();
  // Updates that were to be accepted by steps that were not written are gone with them; those
  // accepted before go on.
  const auto known = std::move(extras().lost);
  const auto lost =
      known ? *known : error{errc::unavailable, "the update could not be written: try again"};
  drop_waiting_after(submitted_, lost);
  if (parked_) {
    for (auto& [event, each] : std::exchange(extras().waiting, {})) each.done(*parked_);
  }
  if (auto reset = std::exchange(extras().reset, nullptr)) do_reset(*reset);
  for (auto& each : std::exchange(extras().held, {})) deliver(std::move(each));
}

void live_entity::drop_waiting_after(event_number last, const error& why) {
  auto& waiting = extras().waiting;
  for (auto gone = waiting.upper_bound(last); gone != waiting.end();) {
    gone->second.done(why);
    gone = waiting.erase(gone);
  }
}

void live_entity::refuse_waiting(const error& why) {
  for (auto& [event, each] : std::exchange(extras().waiting, {})) each.done(why);
  for (auto& each : std::exchange(extras().held, {})) each->refuse(why);
  for (auto& each : std::exchange(extras().held_while_paused, {})) each->refuse(why);
  if (auto reset = std::exchange(extras().reset, nullptr)) reset->done(why);
}

bool live_entity::need_not_stay() const {
  if (!machine_ || is_empty()) return machine_ != nullptr;
  if (!passing_ || !machine_->activities().empty() || !machine_->outbox().empty()) return false;
  const auto next = machine_->next_due();
  return !next || *next > services_.wall.now() + services_.limits.passivate_after;
}

bool live_entity::before_leaving(bool draining) {
  if (reloading_) return true;
  if (machine_) {
    // What was delivered is known to nobody else: without a record it would be sent again.
    settle_messages();
    try {
      if (is_worth_a_last_snapshot(draining)) take_last_snapshot();
    } catch (const std::exception& why) {
      // It leaves without one, and is replayed when it comes back.
      spdlog::warn("{} cannot be saved: {}", to_string(slot_->id), why.what());
    }
  }
  return reloading_ || slot_->durable.load(std::memory_order_acquire) < submitted_;
}

bool live_entity::is_worth_a_last_snapshot(bool draining) const {
  if (!machine_->quiescent() || machine_->has_ended()) return false;
  // Even of a single record: a handler that is done is not taken again by the code of tomorrow.
  const bool in_haste =
      !draining && (passing_ || services_.active_bytes.load() >
                                    static_cast<std::int64_t>(services_.limits.active_bytes));
  return submitted_ >= snapshot_event_ + (in_haste ? worth_a_snapshot_in_haste : 1);
}

void live_entity::take_last_snapshot() {
  auto carried = machine_->carry();
  const auto digest = core::digest(carried.state);
  if (services_.codec) persistence::seal(carried, *services_.codec);
  persistence::snapshot taken{slot_->id, machine_->where().run, submitted_, machine_->run_events(),
                              digest,    std::move(carried)};
  if (slot_->durable.load(std::memory_order_acquire) >= submitted_) {
    return services_.store.keep(std::move(taken));
  }
  commit last;
  last.entity = slot_;
  last.reached = [&store = services_.store, slot = slot_, taken = std::move(taken)] {
    if (slot->durable.load(std::memory_order_acquire) == taken.event) store.keep(taken);
  };
  services_.writer.submit(std::move(last));
}

void live_entity::know_attributes() {
  if (!extras_ && machine_->attributes().empty()) return;
  extras().known_attributes = machine_->attributes();
}

void live_entity::account() {
  const auto now =
      fixed_bytes + (machine_ ? static_cast<std::int64_t>(3 * machine_->state_size()) : 0);
  services_.active_bytes += now - accounted_bytes_;
  accounted_bytes_ = now;
}

// -- deliveries -----------------------------------------------------------------------------------

void live_entity::deliver(delivery_ptr what) {
  const auto* wakes = std::get_if<wake_message>(&what->what);
  passing_ = passing_ && wakes && wakes->in_passing;
  if (reloading_) {
    extras().held.push_back(std::move(what));
    return;
  }
  if (is_removed()) load();
  if (parked_ && !std::holds_alternative<describe_message>(what->what) &&
      !std::holds_alternative<resume_message>(what->what)) {
    return what->refuse(*parked_);
  }
  if (machine_ && machine_->is_paused() && std::holds_alternative<outcome_message>(what->what)) {
    extras().held_while_paused.push_back(std::move(what));
    return;
  }
  try {
    std::visit([&](auto& message) { take(message); }, what->what);
    take_held();
  } catch (const std::exception& why) {
    // A state that cannot be encoded, at the latest here.
    give_up(*what, why.what());
  } catch (...) {
    give_up(*what, to_string(slot_->id) + " threw what is no std::exception");
  }
}

/// Whether the journal has removed the entity, whose retention was over.
bool live_entity::is_removed() const {
  return machine_ && machine_->has_ended() &&
         slot_->durable.load(std::memory_order_acquire) >= submitted_ &&
         !services_.store.find(slot_->id);
}

/// Taking a delivery failed: answers it, and parks the entity.
void live_entity::give_up(delivery& what, const std::string& why) {
  const error bug{errc::internal, why};
  std::visit(
      [&](auto& message) {
        if (message.done) message.done(bug);
      },
      what.what);
  refuse_waiting(bug);
  park(bug);
}

/// Takes what was held while the entity was paused, when it no longer is: resumed, or at its end.
void live_entity::take_held() {
  if (!extras_ || extras_->held_while_paused.empty() || !machine_ || machine_->is_paused()) return;
  for (auto& each : std::exchange(extras_->held_while_paused, {})) deliver(std::move(each));
}

void live_entity::refuse_missing(answerer done) {
  done(error{errc::entity_not_found, to_string(slot_->id) + " does not exist"});
}

void live_entity::take(call_message& message) {
  auto& options = message.what.options;
  const auto now = services_.wall.now();
  auto who = [&](bool waits) {
    return asking{std::move(message.done),
                  waits ? std::optional(deadline(options.patience)) : std::nullopt,
                  std::move(message.accepted)};
  };
  switch (message.what.method->kind) {
    case method_kind::query:
      return options.at ? answer_past_query(message) : answer_query(message);
    case method_kind::signal: {
      auto to = who(false);
      return settle(machine_->handle_signal(to_message(message), now), std::move(to),
                    &services_.signals);
    }
    case method_kind::update: {
      auto to = who(!options.until_accepted);
      return settle(machine_->handle_update(to_message(message), now), std::move(to),
                    &services_.updates);
    }
    case method_kind::main:
      return start(message, now);
  }
}

void live_entity::start(call_message& message, timestamp now) {
  auto& options = message.what.options;
  asking who{std::move(message.done),
             options.until_accepted ? std::nullopt : std::optional(deadline(options.patience)),
             std::move(message.accepted)};
  auto what = to_message(message);
  const bool replaces = what.start.when_running == id_conflict::terminate_existing;
  auto outcome = machine_->handle_start(what, now);
  auto* refusal = std::get_if<core::refused>(&outcome);
  if (refusal && refusal->why.code == errc::already_exists && replaces && !machine_->has_ended()) {
    auto ended = machine_->terminate("started again", {}, now);
    if (auto* step = std::get_if<core::accepted>(&ended)) submit(std::move(step->step), {});
    outcome = machine_->handle_start(std::move(what), now);
  }
  settle(std::move(outcome), std::move(who), &services_.starts);
}

void live_entity::take(terminate_message& message) {
  if (is_empty()) return refuse_missing(std::move(message.done));
  settle(machine_->terminate(std::move(message.reason), std::move(message.from),
                             services_.wall.now(), message.as_parent),
         {std::move(message.done)});
}

void live_entity::take(cancel_message& message) {
  if (is_empty()) return refuse_missing(std::move(message.done));
  settle(machine_->cancel(std::move(message.reason), std::move(message.from), services_.wall.now(),
                          message.as_parent),
         {std::move(message.done)});
}

void live_entity::take(pause_message& message) {
  if (is_empty()) return refuse_missing(std::move(message.done));
  settle(machine_->pause(std::move(message.reason), services_.wall.now()),
         {std::move(message.done)});
}

void live_entity::take(resume_message& message) {
  if (parked_) {
    // Perhaps what it was parked for is mended.
    load();
    if (parked_) return message.done(*parked_);
    return message.done(answer{submitted_, machine_->where().run, false, {}});
  }
  if (is_empty()) return refuse_missing(std::move(message.done));
  settle(machine_->resume(services_.wall.now()), {std::move(message.done)});
}

void live_entity::take(reset_message& message) {
  if (is_empty()) return refuse_missing(std::move(message.done));
  if (extras().reset) {
    return message.done(error{errc::unavailable, to_string(slot_->id) + " is being reset"});
  }
  // All of the present run has to be in the journal.
  extras().reset = std::make_unique<reset_message>(std::move(message));
  reload();
}

void live_entity::do_reset(reset_message& message) {
  if (parked_ && parked_->code != errc::nondeterministic) return message.done(*parked_);
  const auto known = services_.store.find(slot_->id);
  if (!known) return refuse_missing(std::move(message.done));
  if (message.to < known->run_began || message.to > known->last_event) {
    return message.done(error{errc::malformed, "event: expected one of the current run, " +
                                                   std::to_string(known->run_began) + " to " +
                                                   std::to_string(known->last_event) + ", got " +
                                                   std::to_string(message.to)});
  }
  auto history = services_.store.history(slot_->id, known->run_began,
                                         services_.limits.history_events, known->run);
  if (!history) return message.done(std::move(history).error());
  if (auto why = open(*history)) return message.done(std::move(*why));
  std::vector<core::message> later;
  for (auto& step : *history) {
    if (step.event <= message.to) continue;
    if (auto signal = signal_of(step, services_.wall.now())) later.push_back(std::move(*signal));
  }
  auto step = core::machine::reset(std::move(*history), message.to, std::move(message.reason),
                                   services_.wall.now());
  auto fresh = std::make_unique<core::machine>(type_, slot_->id, services_.machine_limits);
  if (auto why = fresh->replay(step)) return message.done(std::move(*why));
  unpark();
  if (machine_) {
    for (auto& [number, each] : machine_->activities()) {
      services_.activities.cancel(slot_->id, machine_->life(), number);
    }
  }
  drop_waiting_after(message.to, {errc::failed,
                                  to_string(slot_->id) + " was reset to event " +
                                      std::to_string(message.to) + ", which undid this",
                                  "reset"});
  machine_ = std::move(fresh);
  snapshot_event_ = step.event;
  submitted_ = known->last_event;
  const answer begun{step.event, step.run, false, {}};
  std::vector<reply> replies;
  replies.push_back({std::move(message.done), begun});
  submit(std::move(step), std::move(replies));
  redispatch();
  // Signals are facts of the world outside: they happened, whatever is done over.
  for (auto& signal : later) {
    auto taken = machine_->handle_signal(std::move(signal), services_.wall.now());
    if (auto* again = std::get_if<core::accepted>(&taken)) submit(std::move(again->step), {});
  }
}

void live_entity::take(outcome_message& message) {
  const auto now = services_.wall.now();
  std::optional<entity_id> receiver;
  if (!message.of_activity) {
    auto sent = machine_->outbox().find(message.number);
    if (sent != machine_->outbox().end()) receiver = sent->second.target;
  }
  auto taken = message.of_activity
                   ? machine_->end_activity(message.number, std::move(message.outcome), now)
                   : machine_->take_reply(message.number, std::move(message.outcome), now);
  if (receiver && std::holds_alternative<core::accepted>(taken)) {
    extras().settling.emplace_back(message.number, std::move(*receiver));
  }
  settle(std::move(taken), {completion([done = std::move(message.done)](result<answer> outcome) {
           done(outcome ? std::nullopt : std::optional(outcome.error()));
         })});
}

void live_entity::take(delivered_message& message) {
  auto sent = machine_->outbox().find(message.number);
  if (sent == machine_->outbox().end()) {
    return message.done(error{errc::completed, "no such message is on its way"});
  }
  extras().settling.emplace_back(message.number, sent->second.target);
  machine_->delivered(message.number);
  message.done(std::nullopt);
  // No step of its own will follow that would record it.
  if (machine_->has_ended() && machine_->outbox().empty()) settle_messages();
}

void live_entity::take(settle_message& message) {
  settle_messages();
  message.done(std::nullopt);
}

void live_entity::settle_messages() {
  if (auto step = machine_->settle_messages(services_.wall.now())) submit(std::move(*step), {});
}

void live_entity::take(forget_message& message) {
  machine_->forget(message.sender, message.life, message.number);
  message.done(std::nullopt);
}

void live_entity::take(result_message& message) {
  if (is_empty()) return refuse_missing(std::move(message.done));
  auto* main = machine_->main();
  if (!main) {
    return message.done(
        error{errc::entity_not_found, to_string(slot_->id) + " was not started: it has no result"});
  }
  const core::repeated begun{main->started, machine_->where().run, false, main->outcome, true};
  answer_repeat(begun, {std::move(message.done), deadline(message.patience)});
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
  const core::repeated found{seen->event, seen->run, true, seen->outcome, false};
  answer_repeat(
      found,
      {completion([done = std::move(message.done), method = seen->method](result<answer> outcome) {
         if (!outcome) return done(std::move(outcome).error());
         done(update_state{outcome->event, outcome->run, method, std::move(outcome->results)});
       }),
       deadline(message.patience)});
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
  about.status = persistence::to_string(to_status(*machine_));
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
        {std::string(machine_->contract().find(each.method())->name), each.started_by()});
  }
  about.attributes = machine_->attributes();
  if (auto* main = machine_->main()) about.main = *main;
  for (auto& each : machine_->children()) about.children.push_back(each.entity);
  about.activities = services_.activities.status_of(slot_->id);
  about.messages = services_.messages.undelivered_of(slot_->id);
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
  if (auto why = open(*found)) return message.done(std::move(*why));
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

void live_entity::settle(core::outcome outcome, asking who, counter* taken) {
  if (auto* refusal = std::get_if<core::refused>(&outcome)) {
    ++services_.refused;
    if (refusal->state_lost) reload();
    // What the refusal rests on may not be durable yet.
    return after_durable(std::move(who.done), std::move(refusal->why));
  }
  if (auto* seen = std::get_if<core::repeated>(&outcome)) {
    ++services_.replayed;
    if (!seen->is_update && !seen->is_start) who.wait_until.reset();
    return answer_repeat(*seen, std::move(who));
  }
  auto& step = std::get<core::accepted>(outcome).step;
  const auto event = machine_->answered_by_end_of(step);
  const bool joins = event != step.event;
  if (taken && !joins) ++*taken;
  std::vector<reply> replies;
  const answer begun{event, step.run, joins, {}};
  if (who.wait_until) {
    if (who.accepted) {
      replies.push_back(
          {completion([accepted = std::move(who.accepted)](const result<answer>& how) {
             if (how) accepted();
           }),
           begun});
    }
    extras().waiting.emplace(event, waiting_caller{std::move(who.done), joins, *who.wait_until});
  } else {
    replies.push_back({std::move(who.done), begun});
  }
  submit(std::move(step), std::move(replies));
  maybe_continue_as_new();
}

void live_entity::answer_repeat(const core::repeated& seen, asking who) {
  const answer first{seen.event, seen.run, true, {}};
  if (!who.wait_until) return after_durable(std::move(who.done), first);
  if (who.accepted) {
    after_durable(completion([accepted = std::move(who.accepted)](const result<answer>& how) {
                    if (how) accepted();
                  }),
                  first);
  }
  if (!seen.outcome) {
    drop_impatient();
    extras().waiting.emplace(seen.event,
                             waiting_caller{std::move(who.done), true, *who.wait_until});
    return;
  }
  after_durable(std::move(who.done), to_answer(*seen.outcome, first));
}

void live_entity::answer_ended_updates(const core::record& step, std::vector<reply>& replies) {
  if (!extras_ || extras_->waiting.empty()) return;
  auto& waiting = extras_->waiting;
  auto answer_all = [&](event_number begun, const core::update_outcome& how) {
    auto [from, to] = waiting.equal_range(begun);
    for (; from != to; from = waiting.erase(from)) {
      auto& caller = from->second;
      replies.push_back(
          {std::move(caller.done), to_answer(how, {begun, step.run, caller.repeat, {}})});
    }
  };
  for (auto& each : step.commands) {
    if (auto* ended = std::get_if<core::update_ended>(&each)) {
      answer_all(ended->update, ended->outcome);
    } else if (auto* main = std::get_if<core::main_ended>(&each)) {
      answer_all(machine_->main()->started, main->outcome);
    }
  }
}

/// What is to happen outside once the step is durable; empty: nothing.
std::function<void()> live_entity::effects_of(const core::record& step) {
  struct list {
    std::vector<core::pending_activity> schedule;
    std::vector<std::pair<event_number, bool>> cancel;  ///< And whether its end is waited for.
    std::vector<event_number> ended;
    std::vector<core::outgoing> post;
    std::vector<std::pair<event_number, entity_id>> settled;
  };
  std::unique_ptr<list> found;
  auto all = [&]() -> list& {
    if (!found) found = std::make_unique<list>();
    return *found;
  };
  if (auto* ended = std::get_if<core::activity_ended>(&step.what)) {
    all().ended.push_back(ended->activity);
  }
  auto number = step.event;
  for (auto& each : step.commands) {
    ++number;
    if (std::holds_alternative<core::activity_scheduled>(each)) {
      auto pending = machine_->activities().find(number);
      if (pending != machine_->activities().end()) all().schedule.push_back(pending->second);
    } else if (auto* cancelled = std::get_if<core::activity_cancelled>(&each)) {
      all().cancel.emplace_back(cancelled->activity,
                                machine_->activities().contains(cancelled->activity));
    } else if (auto* sent = std::get_if<core::message_sent>(&each)) {
      all().post.push_back(sent->message);
    }
  }
  if (extras_ && !extras_->settling.empty()) {
    all().settled = std::exchange(extras_->settling, {});
  }
  if (!found) return {};
  return [&services = services_, slot = slot_, life = machine_->life(),
          what = std::shared_ptr<list>(std::move(found))] {
    for (auto each : what->ended) services.activities.recorded(slot->id, life, each);
    for (auto& each : what->schedule) services.activities.schedule(slot->id, life, each, false);
    for (auto [activity, waits] : what->cancel) {
      if (waits)
        services.activities.request_cancel(slot->id, life, activity);
      else
        services.activities.cancel(slot->id, life, activity);
    }
    for (auto& each : what->post) services.messages.post(slot->id, life, each);
    for (auto& [message, receiver] : what->settled) {
      services.messages.settled(slot->id, life, receiver, message);
    }
  };
}

bool live_entity::can_be_put_away() {
  if (reloading_) return false;
  if (!extras_) return true;
  drop_impatient();
  return extras_->waiting.empty() && extras_->held.empty() && extras_->held_while_paused.empty() &&
         !extras_->reset;
}

timestamp live_entity::deadline(duration patience) const {
  return patience == forever ? timestamp::max() : services_.wall.now() + patience;
}

void live_entity::drop_impatient() {
  if (!extras_) return;
  auto& waiting = extras_->waiting;
  const auto now = services_.wall.now();
  for (auto each = waiting.begin(); each != waiting.end();) {
    if (each->second.until >= now) {
      ++each;
      continue;
    }
    each->second.done(error{errc::timeout, "the update has not ended yet: it goes on, ask again"});
    each = waiting.erase(each);
  }
}

void live_entity::submit(core::record step, std::vector<reply> replies) {
  answer_ended_updates(step, replies);
  commit work;
  work.snapshot = maybe_snapshot(step);
  std::optional<core::attributes> attributes;
  // A run begins with all of them: the records that set them may go.
  const bool begins_run = step.event == machine_->where().run_began;
  static const core::attributes none;
  if (machine_->attributes() != (extras_ ? extras_->known_attributes : none) ||
      (begins_run && !machine_->attributes().empty())) {
    attributes = machine_->attributes();
    know_attributes();
  }
  machine_->add_run_bytes(persistence::size_of_record(slot_->id, step, attributes));
  auto after = summary();
  after.last_active = step.time;
  bytes encoded;
  if (services_.codec) {
    auto sealed = step;
    persistence::seal(sealed, *services_.codec);
    encoded = persistence::encode_record(slot_->id, sealed, after, attributes);
  } else {
    encoded = persistence::encode_record(slot_->id, step, after, attributes);
  }
  bytes_since_snapshot_ += encoded.size();
  work.entity = slot_;
  work.replies = std::move(replies);
  work.effects = effects_of(step);
  work.step =
      persistence::batch{slot_->shard,     slot_->epoch,          slot_->id,         step.event,
                         std::move(after), std::move(attributes), std::move(encoded)};
  submitted_ = step.last_event();
  services_.writer.submit(std::move(work));
  account();
}

persistence::entity_summary live_entity::summary() const {
  auto& where = machine_->where();
  return {to_status(*machine_),
          where.run,
          where.run_began,
          where.last_event,
          where.run_bytes,
          machine_->created(),
          where.last_time,
          machine_->next_due(),
          !machine_->activities().empty() || !machine_->outbox().empty()};
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
      bytes_since_snapshot_ < snapshot_bytes_ || !machine_->quiescent() || machine_->has_ended() ||
      std::holds_alternative<core::run_continued>(step.what)) {
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
  snapshot_bytes_ = core::size_of(taken.carried);
  bytes_since_snapshot_ = 0;
  if (services_.codec) persistence::seal(taken.carried, *services_.codec);
  return std::make_unique<persistence::snapshot>(std::move(taken));
}

void live_entity::maybe_continue_as_new() {
  if (machine_->has_ended() || (!machine_->at_continue_point() && !machine_->is_large())) return;
  if (!machine_->can_continue()) {
    if (!std::exchange(warned_, true)) {
      spdlog::warn("{} cannot continue as new, its history grows: suspended in {}",
                   to_string(slot_->id), suspended_names(*machine_));
    }
    return;
  }
  warned_ = false;
  auto step = machine_->continue_as_new(services_.wall.now());
  snapshot_event_ = step.event;
  snapshot_bytes_ = core::size_of(std::get<core::run_continued>(step.what).carried);
  bytes_since_snapshot_ = 0;
  ++services_.continued;
  submit(std::move(step), {});
}

}  // namespace perdure::runtime
