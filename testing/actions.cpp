// What the processes of a test's world want done.

#include <limits>

#include "entities/payload.h"
#include "persistence/codec.h"
#include "persistence/sealing.h"
#include "testing/world.h"

namespace perdure::testing {

namespace {

/// Sets a value for as long as it lives.
template <class T>
class set_to {
public:
  set_to(T& which, T value) : which_(which), before_(std::exchange(which, value)) {}
  set_to(const set_to&) = delete;
  set_to& operator=(const set_to&) = delete;
  ~set_to() { which_ = before_; }

private:
  T& which_;
  const T before_;
};

/// Returns the event that began the main of which a record knows last; `before` where it says
/// nothing of mains.
event_number main_after(const core::record& step, event_number before) {
  if (std::holds_alternative<core::main_started>(step.what)) return step.event;
  if (auto* begun = std::get_if<core::run_continued>(&step.what)) {
    return begun->carried.main ? begun->carried.main->started : 0;
  }
  if (auto* back = std::get_if<core::run_reset>(&step.what)) {
    // One that was itself gone back to is there without its history, which comes before it.
    event_number began = back->history.empty() ? before : 0;
    for (auto& each : back->history) began = main_after(each, began);
    return began;
  }
  return before;
}

}  // namespace

// -- calls into processes -------------------------------------------------------------------------

bool world::deliver(live& of, process::delivery what) {
  if (auto* said = std::get_if<process::told>(&what)) heard(of, *said);
  return enter(of, [&](auto& process, auto& out) { process.deliver(what, now_, out); });
}

bool world::enter(live& of, const call_into& call) {
  if (of.wanted) {
    call(*of.process, *of.wanted);
    return true;
  }
  const auto life = of.lives_in_memory;
  {
    const set_to at_hand(depth_, depth_ + 1);
    process::actions wanted;
    of.wanted = &wanted;
    struct dropped {
      live& of;
      world& in;
      process::actions& what;
      ~dropped() {
        if (of.wanted == &what) of.wanted = nullptr;
        const set_to lost(in.losing_, true);
        what.clear();
      }
    };
    const dropped in_the_end{of, *this, wanted};
    call(*of.process, wanted);
    for (std::size_t i = 0; i < wanted.size() && of.lives_in_memory == life; ++i) {
      auto next = std::move(wanted[i]);
      std::visit([&](auto& each) { perform(of, each); }, next);
    }
  }
  touch(of);
  drain();
  return of.lives_in_memory == life;
}

void world::hand_over(const entity_id& to, process::delivery what) {
  handed_over_.emplace_back(to, std::move(what));
}

void world::drain() {
  if (depth_ > 0 || draining_) return;
  const set_to at_it(draining_, true);
  while (!handed_over_.empty()) {
    auto [to, what] = std::move(handed_over_.front());
    handed_over_.pop_front();
    if (auto* of = find(to)) deliver(*of, std::move(what));
  }
}

// -- steps ----------------------------------------------------------------------------------------

/// It is durable at once. Then whoever is outside hears of it, and only then there may be a crash.
void world::perform(live& of, process::append& what) {
  const auto step = commit(of, what);
  note(of, step);
  for (auto& each : what.replies) {
    if (auto* to = std::get_if<process::answer_caller>(&each)) perform(of, *to);
    if (auto* to = std::get_if<process::report_to>(&each)) perform(of, *to);
  }
  for (auto& each : step.commands) {
    if (auto* update = std::get_if<core::update_ended>(&each)) {
      ended(of, update->update, update->outcome, step);
    } else if (auto* main = std::get_if<core::main_ended>(&each)) {
      ended(of, of.main_began, main->outcome, step);
    } else if (auto* failed = std::get_if<core::handler_failed>(&each)) {
      handler_failures_.push_back(to_string(of.id) + ": a handler (event " +
                                  std::to_string(failed->started_by) +
                                  ") failed: " + failed->message);
    }
  }
  const auto life = of.lives_in_memory;
  maybe_crash(of);
  // What is sent again is not forgotten again.
  for (auto& each : what.effects) {
    if (auto* to = std::get_if<process::tell_entity>(&each)) perform(of, *to);
  }
  if (of.lives_in_memory != life) return;
  for (auto& each : what.replies) {
    if (auto* to = std::get_if<process::told>(&each)) perform(of, *to);
  }
  for (auto& each : what.effects) {
    if (std::holds_alternative<process::tell_entity>(each)) continue;
    std::visit([&](auto& effect) { perform(of, effect); }, each);
  }
}

/// Returns the step as it is in the journal.
core::record world::commit(live& of, process::append& what) {
  auto& batch = what.step;
  auto step = persistence::decode_record(batch.encoded);
  if (!step) fail(to_string(of.id) + ": " + step.error().detail);
  if (options_.codec) {
    if (auto why = persistence::unseal(*step, *options_.codec)) fail(why->detail);
    digest_ = core::digest(persistence::encode_record(of.id, *step, batch.after, batch.attributes),
                           digest_);
  } else {
    digest_ = core::digest(batch.encoded, digest_);
  }
  persistence::append_outcome outcome{};
  journal_.append({&batch, 1}, {&outcome, 1});
  if (outcome != persistence::append_outcome::ok) {
    fail(to_string(of.id) + ": the journal does not take event " + std::to_string(step->event) +
         " (" + core::describe(step->what) + ")");
  }
  if (what.snapshot) journal_.keep(std::move(*what.snapshot));
  of.process->durable(step->last_event());
  trace_.steps.push_back({of.id, *step});
  return std::move(*step);
}

/// Notes what follows from the step, whatever becomes of its entity.
void world::note(live& of, const core::record& step) {
  ++commits_;
  if (!is_bookkeeping(step)) ++steps_;
  if (step.life) ++lives_;
  const place where{now_, steps_};
  if (step.life) of.life_began = where;
  of.steps.emplace(step.event, where);
  of.main_began = main_after(step, of.main_began);
  if (step.from) {
    const bool joins = std::holds_alternative<core::settled>(step.what);
    of.took.insert_or_assign({step.from->sender, step.from->life, step.from->number},
                             std::pair(where, joins ? of.main_began : step.event));
  }
  if (auto* back = std::get_if<core::run_reset>(&step.what)) undone(of, back->to);
  auto* begun = std::get_if<core::run_continued>(&step.what);
  if (!begun || !begun->replaces) return;
  std::set<event_number> replaced;
  for (auto& [event, each] : of.callers) replaced.insert(event);
  for (auto event : replaced) ended(of, event, core::machine::replaced(), step);
}

void world::perform(live& of, process::behind& what) {
  // All is durable.
  for (auto& each : what.replies) std::visit([&](auto& said) { perform(of, said); }, each);
  for (auto& each : what.effects) std::visit([&](auto& done) { perform(of, done); }, each);
}

void world::perform(live& of, process::await_submitted&) {
  enter(of, [this](auto& process, auto& out) { process.barrier_reached(now_, out); });
}

// -- the journal ----------------------------------------------------------------------------------

void world::perform(live& of, process::load&) {
  auto found = journal_.load(of.id);
  enter(of, [&](auto& process, auto& out) { process.loaded(std::move(found), now_, out); });
}

void world::perform(live& of, process::read_history& what) {
  auto found =
      journal_.history(of.id, what.from, std::numeric_limits<std::size_t>::max(), what.run);
  enter(of, [&](auto& process, auto& out) { process.history_read(std::move(found), now_, out); });
}

void world::perform(live& of, process::ask_past& what) {
  auto found = journal_.load(of.id, what.what.options.at);
  what.done(found ? process::query_past(shared_, *of.type, std::move(*found), what.what)
                  : result<perdure::answer>(std::move(found).error()));
}

void world::perform(live&, process::keep& what) { journal_.keep(std::move(what.what)); }

// -- what is said ---------------------------------------------------------------------------------

void world::perform(live&, process::answer_caller& what) { what.done(std::move(what.what)); }

void world::perform(live&, process::report_to& what) { what.done(what.why); }

void world::perform(live&, process::answer_description& what) {
  if (what.what)
    what.done(std::move(*what.what));
  else
    what.done(std::move(*what.why));
}

void world::perform(live& of, process::note_parked& what) {
  if (!what.why) return;
  auto& why = what.why->detail;
  const auto known = to_string(of.id) + " is parked: ";
  fail(to_string(of.id) + " cannot be brought back after step " + std::to_string(commits_) + ": " +
       (why.starts_with(known) ? why.substr(known.size()) : why));
}

void world::perform(live&, process::complain& what) {
  if (what.is_error) complaints_.push_back(std::move(what.text));
}

void world::perform(live&, process::count&) {}

void world::perform(live& of, process::arm& what) {
  if (std::holds_alternative<process::record_settled>(what.what)) {
    unsettled_.insert(of.id);
  } else if (auto* again = std::get_if<process::send_again>(&what.what)) {
    auto found = of.letters.find(again->message);
    // One that waits already, since before a crash, waits no longer for it.
    if (found != of.letters.end() && found->second.when.time <= now_) {
      found->second.when.time = what.at;
    }
  }
  // Inquiries are made at once: see `ask_again`.
}

void world::perform(live&, process::tell_entity& what) {
  hand_over(what.to, process::to_delivery(std::move(what.what)));
}

}  // namespace perdure::testing
