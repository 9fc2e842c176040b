// Entities of a test's world: how they come, take steps, continue, crash.

#include <algorithm>
#include <limits>

#include "entities/payload.h"
#include "persistence/codec.h"
#include "persistence/sealing.h"
#include "sharding/shard.h"
#include "testing/world.h"

namespace perdure::testing {

namespace {

persistence::entity_status status_of(const core::machine& machine) {
  if (machine.is_paused() && !machine.has_ended()) return persistence::entity_status::paused;
  return static_cast<persistence::entity_status>(machine.status());
}

}  // namespace

live* world::find(const entity_id& entity) {
  auto found = entities_.find(entity);
  return found == entities_.end() ? nullptr : found->second.get();
}

live& world::get(const entity_id& entity) {
  if (auto* known = find(entity)) return *known;
  auto type = types_.find(entity.type);
  if (type == types_.end()) {
    throw std::invalid_argument("no entities of type \"" + entity.type + "\" are hosted");
  }
  auto& made =
      *entities_.emplace(entity, std::make_unique<live>(entity, type->second)).first->second;
  load(made);
  return made;
}

/// Reads from the journal what is needed to bring an entity back, its payloads in clear.
result<persistence::loaded_entity> world::read(const entity_id& entity, event_number at) const {
  auto found = journal_.load(entity, at);
  if (!found || !options_.codec) return found;
  if (auto& base = found->base) {
    if (auto why = persistence::unseal(base->carried, *options_.codec)) return std::move(*why);
  }
  for (auto& step : found->records) {
    if (auto why = persistence::unseal(step, *options_.codec)) return std::move(*why);
  }
  return found;
}

void world::load(live& of) {
  of.machine = std::make_unique<core::machine>(of.type, of.id, limits_);
  of.snapshot_event = 0;
  of.known_attributes.clear();
  auto found = read(of.id);
  if (!found) {
    if (found.error().code != errc::entity_not_found) fail(found.error().detail);
    return;
  }
  auto& [known, base, records] = *found;
  auto check = [&](const std::optional<error>& why) {
    if (!why) return;
    fail(to_string(of.id) + " cannot be brought back after step " + std::to_string(steps_) + ": " +
         why->detail);
  };
  if (base) {
    const auto time = records.empty() ? known.last_active : records.front().time;
    check(of.machine->restore(base->carried, {base->run, known.run_began, base->event, time, 0}));
    of.snapshot_event = base->event;
  }
  for (auto& step : records) check(of.machine->replay(step));
  of.machine->add_run_bytes(known.run_bytes);
  of.known_attributes = of.machine->attributes();
}

// -- steps ----------------------------------------------------------------------------------------

void world::commit(live& of, core::record step) {
  const place where{now_, ++steps_};
  auto taken = maybe_snapshot(of, step);
  std::optional<core::attributes> attributes;
  if (of.machine->attributes() != of.known_attributes) {
    attributes = of.known_attributes = of.machine->attributes();
  }
  of.machine->add_run_bytes(persistence::size_of_record(of.id, step, attributes));
  const auto after = summary_of(of);
  auto encoded = persistence::encode_record(of.id, step, after, attributes);
  digest_ = core::digest(encoded, digest_);
  if (options_.codec) {
    auto sealed = step;
    persistence::seal(sealed, *options_.codec);
    encoded = persistence::encode_record(of.id, sealed, after, attributes);
    if (taken) persistence::seal(taken->carried, *options_.codec);
  }
  const auto shard = sharding::shard_of(of.id, journal_.shard_count());
  const persistence::batch batch{shard,      epochs_[shard],    of.id, step.event, after,
                                 attributes, std::move(encoded)};
  persistence::append_outcome outcome{};
  journal_.append({&batch, 1}, {&outcome, 1});
  if (outcome != persistence::append_outcome::ok) {
    fail(to_string(of.id) + ": the journal does not take event " + std::to_string(step.event) +
         " (" + core::describe(step.what) + ")");
  }
  if (taken) journal_.keep(std::move(*taken));
  of.steps.emplace(step.event, where);
  trace_.steps.push_back({of.id, step});
  if (crashes_ == crashing::entity) crash(of);
  if (crashes_ == crashing::everything) crash_everything();
  if (options_.crashes > 0 && static_cast<double>(choices_() >> 11) * 0x1p-53 < options_.crashes) {
    if (choices_() % 2 == 0) {
      crash(of);
    } else {
      crash_everything();
    }
  }
  follow_up(of, step, where);
}

persistence::entity_summary world::summary_of(const live& of) const {
  auto& machine = *of.machine;
  auto& where = machine.where();
  return {status_of(machine),
          where.run,
          where.run_began,
          where.last_event,
          where.run_bytes,
          machine.created(),
          where.last_time,
          machine.next_due(),
          !machine.activities().empty() || !machine.outbox().empty()};
}

std::optional<persistence::snapshot> world::maybe_snapshot(live& of, core::record& step) const {
  auto& machine = *of.machine;
  const auto last = step.last_event();
  if (std::holds_alternative<core::run_continued>(step.what)) {
    of.snapshot_event = step.event;
    return std::nullopt;
  }
  if (last < of.snapshot_event + options_.snapshot_every_events || !machine.quiescent() ||
      machine.has_ended()) {
    return std::nullopt;
  }
  persistence::snapshot taken{of.id, machine.where().run, last, machine.run_events(),
                              0,     machine.carry()};
  step.state_digest = taken.state_digest = core::digest(taken.carried.state);
  of.snapshot_event = last;
  return taken;
}

/// What a step asks for, once it is durable.
void world::follow_up(live& of, const core::record& step, place where) {
  settle_messages(of, step);
  auto number = step.event;
  for (auto& each : step.commands) {
    ++number;
    if (auto* sent = std::get_if<core::message_sent>(&each)) {
      delivery made;
      made.target = sent->message.target;
      made.kind = sent->message.kind;
      made.sent = where;
      of.deliveries.emplace(number, std::move(made));
    } else if (auto* update = std::get_if<core::update_ended>(&each)) {
      ended(of, update->update, update->outcome, where);
    } else if (auto* main = std::get_if<core::main_ended>(&each)) {
      ended(of, of.machine->main()->started, main->outcome, where);
    } else if (auto* failed = std::get_if<core::handler_failed>(&each)) {
      handler_failures_.push_back(to_string(of.id) + ": a handler (event " +
                                  std::to_string(failed->started_by) +
                                  ") failed: " + failed->message);
    }
  }
  follow_up_activities(of, step, where);
  touch(of);
  continue_as_new(of);
}

/// Answers those who wait for an update or a main.
void world::ended(live& of, event_number begun, const core::update_outcome& how, place where) {
  of.ended.emplace(begun, where);
  auto [first, last] = of.callers.equal_range(begun);
  std::vector<waiting_caller> callers;
  for (auto each = first; each != last; ++each) callers.push_back(std::move(each->second));
  of.callers.erase(first, last);
  for (auto& each : callers) {
    result<perdure::answer> what = error{errc::failed, how.message, how.type};
    if (how.how == core::update_outcome::kind::completed) {
      what = perdure::answer{begun, of.machine->where().run, each.repeat, how.results};
    }
    answer(of.id, each.method, std::move(each.done), std::move(what));
  }
  auto [from, to] = of.waiting.equal_range(begun);
  std::vector<std::pair<entity_id, event_number>> others;
  for (auto each = from; each != to; ++each) others.push_back(each->second);
  of.waiting.erase(from, to);
  core::call_outcome outcome{how.results, std::nullopt};
  if (how.how == core::update_outcome::kind::failed) {
    outcome.why = error{errc::failed, how.message, how.type};
  }
  for (auto& [sender, number] : others) answered(get(sender), number, outcome, where);
}

void world::continue_as_new(live& of) {
  auto& machine = *of.machine;
  if (machine.has_ended() || !machine.can_continue()) return;
  if (machine.at_continue_point() || machine.is_large()) commit(of, machine.continue_as_new(now_));
}

core::outcome world::start(live& of, core::message what) {
  auto outcome = of.machine->handle_start(std::move(what), now_);
  auto* taken = std::get_if<core::accepted>(&outcome);
  auto* continued = taken ? std::get_if<core::run_continued>(&taken->step.what) : nullptr;
  if (continued && continued->replaces) {
    const place here{now_, steps_};
    std::vector<event_number> began;
    for (auto& [event, each] : of.callers) began.push_back(event);
    for (auto& [event, each] : of.waiting) began.push_back(event);
    for (auto event : began) ended(of, event, core::machine::replaced(), here);
  }
  return outcome;
}

// -- crashes --------------------------------------------------------------------------------------

void world::crash(live& of) {
  ++of.lives_in_memory;
  of.waiting.clear();
  load(of);
  for (auto& [number, each] : of.deliveries) each.how = delivery::state::to_send;
  // Whoever waited for it asks again.
  for (auto& [id, other] : entities_) {
    bool asks = false;
    for (auto& [number, each] : other->deliveries) {
      if (each.target != of.id || each.how != delivery::state::taken) continue;
      each.how = delivery::state::to_send;
      asks = true;
    }
    if (asks) touch(*other);
  }
  touch(of);
}

void world::crash(const entity_id& entity) {
  auto* known = find(entity);
  if (!known) throw std::invalid_argument(to_string(entity) + " does not exist");
  crash(*known);
}

void world::crash_everything() {
  for (auto& [id, of] : entities_) crash(*of);
}

// -- what is known --------------------------------------------------------------------------------

std::vector<std::string> world::pending(const entity_id& entity) {
  std::vector<std::string> all;
  auto& of = get(entity);
  auto& machine = *of.machine;
  auto event = [](event_number number) { return " (event " + std::to_string(number) + ")"; };
  auto in = [&](timestamp when) { return std::to_string((when - now_).count()) + " ms"; };
  if (machine.is_paused()) all.push_back("is paused");
  for (auto& each : machine.suspended()) {
    auto* method = machine.contract().find(each.method());
    all.push_back("handler " + std::string(method->name) + event(each.started_by()) +
                  " is suspended");
  }
  for (auto& each : machine.timers()) all.push_back("timer in " + in(each.due));
  for (auto& [name, each] : machine.reminders()) {
    all.push_back("reminder \"" + name + "\" in " + in(each.due));
  }
  for (auto& each : machine.delayed()) {
    all.push_back("delayed signal " + std::string(machine.contract().find(each.signal)->name) +
                  " in " + in(each.due));
  }
  for (auto& [number, each] : machine.activities()) {
    auto text = "activity " + name_of(each) + event(number);
    if (auto run = of.runs.find(number); run != of.runs.end()) {
      if (run->second.how == activity_run::state::to_be_completed) {
        text += " waits to be completed";
      } else {
        text += ", attempt " + std::to_string(run->second.attempt);
      }
      if (!run->second.last_failure.empty()) text += ", failed: " + run->second.last_failure;
    }
    all.push_back(std::move(text));
  }
  for (auto& [number, each] : of.deliveries) {
    if (each.how == delivery::state::done) continue;
    auto text = "message " + std::string(core::kind_name(each.kind)) + " to " +
                to_string(each.target) + event(number);
    if (each.how == delivery::state::taken) text += " waits for its answer";
    if (each.attempts > 0) {
      text += ", sent " + std::to_string(each.attempts) + " times: " + each.last_failure;
    }
    all.push_back(std::move(text));
  }
  return all;
}

history world::history_of(const entity_id& entity) const {
  auto found = journal_.history(entity, 0, std::numeric_limits<std::size_t>::max(), std::nullopt);
  if (!found) return {entity, {}};
  for (auto& step : *found) {
    // It was read when it was loaded.
    if (options_.codec) (void)persistence::unseal(step, *options_.codec);
  }
  return {entity, std::move(*found)};
}

std::vector<bytes> world::stored(const entity_id& entity) const {
  std::vector<bytes> all;
  auto found = journal_.history(entity, 0, std::numeric_limits<std::size_t>::max(), std::nullopt);
  if (!found) return all;
  for (auto& step : *found) {
    persistence::entity_summary after;
    after.run = step.run;
    after.last_event = step.last_event();
    all.push_back(persistence::encode_record(entity, step, after));
  }
  return all;
}

std::vector<entity_id> world::entities() const {
  std::vector<entity_id> all;
  for (auto& [id, of] : entities_) {
    if (of->exists()) all.push_back(id);
  }
  return all;
}

}  // namespace perdure::testing
