// Entities of a test's world: how they come, crash, and what is known of them.

#include <limits>

#include "persistence/codec.h"
#include "persistence/sealing.h"
#include "sharding/shard.h"
#include "testing/world.h"

namespace perdure::testing {

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
  begin(made);
  return made;
}

void world::begin(live& of) {
  const auto shard = sharding::shard_of(of.id, journal_.shard_count());
  of.process = std::make_unique<process::entity_process>(shared_, *of.type, of.id,
                                                         process::ownership{shard, epochs_[shard]});
  enter(of, [this](auto& process, auto& out) { process.begin(now_, out); });
}

// -- crashes --------------------------------------------------------------------------------------

void world::crash(live& of) {
  ++depth_;  // Nobody is told of anything before it is over.
  process::actions last;
  of.process->end(now_, last);
  for (auto& each : last) {
    if (auto* said = std::get_if<process::complain>(&each)) perform(of, *said);
  }
  losing_ = true;
  of.process.reset();
  losing_ = false;
  ++of.lives_in_memory;
  of.wanted = nullptr;
  of.replies.clear();
  begin(of);
  ask_again(of);
  touch(of);
  --depth_;
  drain();
}

/// Who waits for what it has taken, and what it was told to forget, is lost with its memory: others
/// send again, and are asked. A node does the same when it begins.
void world::ask_again(live& of) {
  for (auto& [sender, taken] : of.machine().inbox()) {
    hand_over(sender, process::inquiry{of.id, taken.life, taken.last});
  }
  for (auto& [id, other] : entities_) {
    if (other.get() == &of || !other->process || !other->process->machine()) continue;
    auto& inbox = other->machine().inbox();
    if (auto taken = inbox.find(of.id); taken != inbox.end()) {
      hand_over(of.id, process::inquiry{id, taken->second.life, taken->second.last});
    }
    bool asks = false;
    for (auto& [number, each] : other->letters) {
      const bool waits = each.how == letter::state::sent && !other->replies.contains(number);
      if (!waits || each.what->what.target != of.id) continue;
      each.how = letter::state::to_send;
      asks = true;
    }
    if (asks) touch(*other);
  }
}

void world::maybe_crash(live& of) {
  if (crashes_ == crashing::entity) crash(of);
  if (crashes_ == crashing::everything) crash_everything();
  if (options_.crashes <= 0) return;
  if (static_cast<double>(choices_() >> 11) * 0x1p-53 >= options_.crashes) return;
  if (choices_() % 2 == 0)
    crash(of);
  else
    crash_everything();
}

void world::crash(const entity_id& entity) {
  auto* known = find(entity);
  if (!known) throw std::invalid_argument(to_string(entity) + " does not exist");
  crash(*known);
}

void world::crash_everything() {
  ++depth_;
  for (auto& [id, of] : entities_) crash(*of);
  --depth_;
  drain();
}

// -- what is known --------------------------------------------------------------------------------

std::vector<std::string> world::pending(const entity_id& entity) {
  std::vector<std::string> all;
  auto& of = get(entity);
  if (!of.process->machine()) return all;
  auto& machine = of.machine();
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
  for (auto& [number, each] : machine.outbox()) {
    auto text = "message " + std::string(core::kind_name(each.kind)) + " to " +
                to_string(each.target) + event(number);
    if (auto known = of.letters.find(number); known != of.letters.end()) {
      auto& sent = known->second;
      if (sent.how == letter::state::sent) text += " waits for its answer";
      if (sent.refusals > 0) {
        text += ", sent " + std::to_string(sent.refusals) + " times: " + sent.last_refusal.detail;
      }
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
