// How an entity comes into memory, goes back to what is durable, and leaves.

#include <algorithm>
#include <utility>

#include "entities/payload.h"
#include "persistence/sealing.h"
#include "process/entity_process.h"
#include "process/visit.h"

namespace perdure::process {

namespace {

/// Where many have to go, entities with fewer events than this leave without a snapshot: those in
/// the way of others come first.
constexpr event_number worth_a_snapshot_in_haste = 32;

/// Senders settle within a second or so: whoever has not by then was kept from it.
constexpr duration ask_after = std::chrono::seconds{30};
constexpr std::size_t asked_at_once = 100;

std::optional<error> unseal_all(std::vector<core::record>& sealed, const payload_codec* codec) {
  if (!codec) return std::nullopt;
  for (auto& step : sealed) {
    if (auto why = persistence::unseal(step, *codec)) return why;
  }
  return std::nullopt;
}

std::optional<error> unseal_all(persistence::loaded_entity& sealed, const payload_codec* codec) {
  if (codec && sealed.base) {
    if (auto why = persistence::unseal(sealed.base->carried, *codec)) return why;
  }
  return unseal_all(sealed.records, codec);
}

}  // namespace

// -- coming ---------------------------------------------------------------------------------------

void entity_process::begin(timestamp now, actions& out) {
  const visit here{*this, now, out};
  stage_ = stage::loading;
  act(load{});
}

void entity_process::loaded(result<persistence::loaded_entity> found, timestamp now, actions& out) {
  const visit here{*this, now, out};
  unpark();
  drop_machine();
  snapshot_event_ = 0;
  bytes_since_snapshot_ = bytes_since_digest_ = 0;
  steps_since_digest_ = 0;
  if (extras_) {
    extras_->outbox = {};
    extras_->settling.clear();
    extras_->replaced.clear();
    extras_->known_attributes.clear();
    if (found) extras_->before_reset = found->summary;
  }
  if (auto why = come_back(found)) return fail_to_load(std::move(*why));
  stage_ = stage::serving;
  gate_.open_at(machine_->where().last_event);
  know_attributes();
  forget_lost_steps();
  // What a reset undoes does not go on.
  if (!extras_ || !extras_->reset) go_on();
  if (!passing_) ask_senders();
  serve_held();
}

/// Makes the machine of what was found. Whatever the entity's code throws is its own failure.
std::optional<error> entity_process::come_back(result<persistence::loaded_entity>& found) {
  try {
    machine_ = std::make_unique<core::machine>(type_.type, who_, shared_.limits.machine);
    if (found) return bring_back(*found);
  } catch (const std::exception& thrown) {
    return error{errc::internal, thrown.what()};
  } catch (...) {
    return error{errc::internal, "it threw what is no std::exception"};
  }
  if (found.error().code == errc::entity_not_found) return std::nullopt;
  return std::move(found).error();
}

/// Updates that were to be accepted by steps that were not written are gone with them; those
/// accepted before go on.
void entity_process::forget_lost_steps() {
  if (!extras_) return;
  const auto lost =
      std::exchange(extras_->lost, std::nullopt)
          .value_or(error{errc::unavailable, "the update could not be written: try again"});
  std::vector<reply> replies;
  drop_waiting(&waiter::rests_on, gate_.last_submitted(), lost, replies);
  for (auto& each : replies) std::visit([&](auto& said) { act(std::move(said)); }, each);
}

std::optional<error> entity_process::bring_back(persistence::loaded_entity& found) {
  if (auto why = unseal_all(found, shared_.codec)) return why;
  auto& [known, base, records] = found;
  if (base) {
    const auto time = records.empty() ? known.last_active : records.front().time;
    const core::position where{base->run, known.run_began, base->event, time, 0};
    if (auto why = machine_->restore(base->carried, where)) return why;
    snapshot_event_ = base->event;
    snapshot_bytes_ = core::size_of(base->carried);
  }
  for (auto& step : records) {
    if (auto why = machine_->replay(step)) return why;
  }
  machine_->add_run_bytes(known.run_bytes);
  return std::nullopt;
}

/// What is under way by the records: messages are sent again, receivers and the activity desk pass
/// over what they know.
void entity_process::go_on(std::vector<effect>& effects) {
  if (!machine_->activities().empty()) {
    schedule_reloaded known{machine_->life(), {}};
    for (auto& [number, each] : machine_->activities()) known.what.push_back(each);
    effects.push_back(std::move(known));
  }
  say_again(effects);
}

void entity_process::say_again(std::vector<effect>& effects) {
  for (auto number : machine_->being_cancelled()) {
    effects.push_back(cancel_activity{machine_->life(), number, true});
  }
  for (auto& [number, each] : machine_->outbox()) {
    if (extras().outbox.posted(each)) effects.push_back(send_of(each));
  }
}

void entity_process::go_on() {
  std::vector<effect> effects;
  go_on(effects);
  for (auto& each : effects) std::visit([&](auto& done) { act(std::move(done)); }, each);
}

/// Asks after messages whose senders have not said that they may be forgotten: that they did is
/// lost if a node went down at the wrong moment.
void entity_process::ask_senders() {
  std::size_t asked = 0;
  for (auto& [sender, taken] : machine_->inbox()) {
    if (++asked > asked_at_once) return;
    act(arm{later(now(), ask_after), sender, inquiry{who_, taken.life, taken.last}});
  }
}

void entity_process::fail_to_load(error why) {
  park(std::move(why));
  if (!extras_) return;
  refuse_waiters(*parked_);
  if (auto asked = std::exchange(extras_->resume, std::nullopt)) {
    act(answer_caller{std::move(asked->done), *parked_});
  }
  // A reset is the way out of what the present code cannot replay.
  if (extras_->reset && parked_->code != errc::nondeterministic) {
    act(answer_caller{std::move(extras_->reset->done), *parked_});
    extras_->reset.reset();
  }
  serve_held();
}

void entity_process::serve_held() {
  if (extras_ && extras_->reset) return begin_reset();
  // The step that asked for it may be durable, and the new run not.
  maybe_continue_as_new();
  if (!extras_) return;
  if (auto asked = std::exchange(extras_->resume, std::nullopt)) on(*asked);
  for (auto& each : std::exchange(extras_->held, {})) sort(each);
}

// -- parked ---------------------------------------------------------------------------------------

void entity_process::park(error why) {
  why.detail = to_string(who_) + " is parked: " + why.detail;
  drop_machine();
  gate_.shut();
  stage_ = stage::parked;
  act(note_parked{why});
  parked_ = std::make_unique<error>(std::move(why));
}

void entity_process::unpark() {
  if (!parked_) return;
  parked_.reset();
  act(note_parked{});
}

// -- going back to what is durable ----------------------------------------------------------------

void entity_process::append_refused(error why, timestamp now, actions& out) {
  const visit here{*this, now, out};
  if (stage_ == stage::parked) return;
  if (!extras().lost) extras().lost = std::move(why);
  go_back();
}

/// What was submitted has to come back first, whatever becomes of it.
void entity_process::go_back() {
  if (gate_.is_shut()) return;
  gate_.shut();
  stage_ = stage::returning;
  act(await_submitted{});
}

void entity_process::barrier_reached(timestamp now, actions& out) {
  const visit here{*this, now, out};
  if (stage_ != stage::returning) return;
  stage_ = stage::loading;
  act(load{});
}

/// It is read again like any other, so that what is known to be durable is that of no earlier life.
void entity_process::removed(timestamp now, actions& out) { begin(now, out); }

void entity_process::drop_waiting(event_number waiter::* which, event_number last, const error& why,
                                  std::vector<reply>& replies) {
  auto& waiting = extras().waiting;
  for (auto each = waiting.begin(); each != waiting.end();) {
    if (each->second.*which <= last) {
      ++each;
      continue;
    }
    replies.push_back(reply_to(std::move(each->second.who), why, false));
    each = waiting.erase(each);
  }
}

void entity_process::drop_machine() {
  if (!machine_) return;
  if (auto why = machine_->drop_handlers()) act(complain{true, why->detail});
  machine_.reset();
}

// -- leaving --------------------------------------------------------------------------------------

bool entity_process::can_leave(timestamp now, actions& out) {
  const visit here{*this, now, out};
  if (stage_ != stage::serving && stage_ != stage::parked) return false;
  if (!extras_) return true;
  drop_impatient();
  return extras_->waiting.empty() && extras_->held.empty() && !extras_->reset && !extras_->resume;
}

bool entity_process::need_not_stay(timestamp now) const {
  if (stage_ != stage::serving) return false;
  if (is_empty()) return true;
  if (!passing_ || !machine_->activities().empty() || !machine_->outbox().empty()) return false;
  const auto next = machine_->next_due();
  return !next || *next > now + shared_.limits.stay;
}

bool entity_process::leave(leaving why, timestamp now, actions& out) {
  const visit here{*this, now, out};
  if (stage_ == stage::returning) return true;
  if (stage_ != stage::serving || is_empty()) return false;
  const bool in_haste = why == leaving::in_haste || (why == leaving::idle && passing_);
  // What was delivered is known to nobody else: without a record it would be sent again.
  settle_messages();
  try {
    if (is_worth_a_last_snapshot(in_haste)) {
      act(keep{snapshot_of(gate_.last_submitted())});
    } else if (!in_haste && !machine_->quiescent() && steps_since_digest_ > 0 &&
               !machine_->has_ended()) {
      // The code of tomorrow replays it: let it find what it does differently.
      steps_since_digest_ = static_cast<std::uint32_t>(shared_.limits.digest_every_steps);
      bytes_since_digest_ = machine_->state_size();
      submit(machine_->record_state(now), {});
    }
  } catch (const std::exception& failed) {
    // It leaves without one, and is replayed when it comes back.
    act(complain{false, to_string(who_) + " cannot be saved: " + failed.what()});
  }
  return !gate_.is_open();
}

bool entity_process::is_worth_a_last_snapshot(bool in_haste) const {
  if (!machine_->quiescent() || machine_->has_ended()) return false;
  // Even of a single record: a handler that is done is not taken again by the code of tomorrow.
  return gate_.last_submitted() >= snapshot_event_ + (in_haste ? worth_a_snapshot_in_haste : 1);
}

void entity_process::end(timestamp now, actions& out) {
  const visit here{*this, now, out};
  unpark();
  drop_machine();
}

// -- the past -------------------------------------------------------------------------------------

result<answer> query_past(const surroundings& shared, const hosted_type& type,
                          persistence::loaded_entity found, const request& what) {
  if (auto why = unseal_all(found, shared.codec)) return std::move(*why);
  core::machine past{type.type, what.target, shared.limits.machine};
  std::optional<error> why;
  if (auto& base = found.base) {
    why = past.restore(base->carried,
                       {base->run, found.summary.run_began, base->event, found.summary.created, 0});
  }
  for (auto& step : found.records) {
    if (!why) why = past.replay(step);
  }
  if (why) return std::move(*why);
  auto answered = past.query(what.method->ordinal, what.params, past.where().last_time);
  if (!answered) return std::move(answered).error();
  return answer{past.where().last_event, past.where().run, false, std::move(*answered)};
}

}  // namespace perdure::process
