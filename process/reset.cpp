// A reset: back to an earlier step of the run, in one step, with what happened outside since.

#include <utility>

#include "persistence/sealing.h"
#include "process/entity_process.h"
#include "process/visit.h"

namespace perdure::process {

error undone_by_reset(const entity_id& who, event_number to) {
  return {errc::failed,
          to_string(who) + " was reset to event " + std::to_string(to) + ", which undid this",
          "reset"};
}

void entity_process::on(process::reset& what) {
  if (machine_ && is_empty()) return refuse_missing(std::move(what.done));
  // All of the present run has to be in the journal.
  extras().reset = std::move(what);
  if (!parked_) return go_back();
  stage_ = stage::loading;
  act(load{});
}

/// The entity has been read: its whole run is next.
void entity_process::begin_reset() {
  auto& known = extras_->before_reset;
  const auto to = extras_->reset->to;
  if (to >= known.run_began && to <= known.last_event) {
    stage_ = stage::resetting;
    return act(read_history{known.run, known.run_began, known.last_event});
  }
  auto asked = std::exchange(extras_->reset, std::nullopt);
  act(answer_caller{
      std::move(asked->done),
      error{errc::malformed,
            "event: expected one of the current run, " + std::to_string(known.run_began) + " to " +
                std::to_string(known.last_event) + ", got " + std::to_string(to)}});
  if (machine_) go_on();
  serve_held();
}

void entity_process::history_read(result<std::vector<core::record>> found, timestamp now,
                                  actions& out) {
  const visit here{*this, now, out};
  auto asked = std::exchange(extras().reset, std::nullopt);
  stage_ = machine_ ? stage::serving : stage::parked;
  std::optional<error> why;
  if (!found) why = std::move(found).error();
  if (!why && shared_.codec) {
    for (auto& step : *found) {
      if (!why) why = persistence::unseal(step, *shared_.codec);
    }
  }
  if (!why) why = go_back_to(*asked, std::move(*found));
  if (why) {
    act(answer_caller{std::move(asked->done), std::move(*why)});
    if (machine_) go_on();
  }
  for (auto& each : std::exchange(extras().held, {})) sort(each);
}

/// Returns why it cannot; then nothing has changed.
std::optional<error> entity_process::go_back_to(process::reset& what,
                                                std::vector<core::record> history) {
  const auto life = shared_.new_life(owner_.epoch);
  auto step =
      core::machine::reset(std::move(history), what.to, std::move(what.reason), now(), life);
  auto fresh = std::make_unique<core::machine>(type_.type, who_, shared_.limits.machine);
  if (auto why = fresh->replay(step)) return why;
  std::vector<effect> effects;
  if (machine_) {
    for (auto& [number, each] : machine_->activities()) {
      effects.push_back(cancel_activity{machine_->life(), number, false});
    }
  }
  const auto before = extras().before_reset.last_event;
  unpark();
  drop_machine();
  machine_ = std::move(fresh);
  stage_ = stage::serving;
  gate_.open_at(before);
  snapshot_event_ = step.event;
  extras().outbox = {};
  extras().settling.clear();
  std::vector<reply> replies;
  drop_waiting(&waiter::taken, what.to, undone_by_reset(who_, what.to), replies);
  replies.push_back(answer_caller{std::move(what.done), answer{step.event, step.run, false, {}}});
  // Attempts are counted anew: what is known of them is of the life before.
  for (auto& [number, each] : machine_->activities()) {
    effects.push_back(schedule_activity{life, each});
  }
  say_again(effects);
  submit(std::move(step), std::move(replies), std::move(effects));
  // Signals are facts of the world outside: they happened, whatever is done over.
  catch_up();
  return std::nullopt;
}

}  // namespace perdure::process
