#include <perdure/schedule.h>

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

#include "schedules/action.h"
#include "schedules/time_text.h"
#include "schedules/times.h"

namespace perdure {

namespace {

using namespace std::chrono_literals;
using schedules::action_kind;
using schedules::format_time;

constexpr std::size_t shown = 10;  ///< Next and recent runs that `about` tells of.
constexpr std::uint32_t upcoming_max = 1'000;
constexpr std::size_t batch = 100;  ///< Times that one step deals with.
constexpr std::size_t running_max = 500;
constexpr std::size_t waiting_max = 1'000;
constexpr std::size_t backfills_max = 10;
constexpr std::size_t backfill_times_max = 10'000;
constexpr std::size_t last_result_bytes_max = 64 * 1024;
/// After about so many events the watches are put down for a moment, so that a history that has
/// grown large can be cut.
constexpr std::uint32_t effort_max = 4'200;
constexpr std::uint32_t effort_of_firing = 4;
constexpr std::uint32_t effort_of_run = 8;

constexpr auto fire_reminder = "fire";
constexpr auto go_on_reminder = "goOn";

timestamp to_time(std::int64_t millis) { return timestamp(duration(millis)); }
std::int64_t to_millis(timestamp time) { return time.time_since_epoch().count(); }

/// Returns what is wrong; empty: nothing.
std::string problem_of(const schedule_spec& spec, const schedule_action& action,
                       const schedule_policy& policy, const entity_id& owner) {
  auto times = schedules::times::read(spec, owner);
  if (!times) return times.error().detail;
  auto what = schedules::read_action(action);
  if (!what) return what.error().detail;
  auto how = schedules::read_policy(policy, what->kind);
  return how ? "" : how.error().detail;
}

/// Asks the specification; one that cannot be read (any more) is the problem of the answer.
template <class Ask>
schedule_due ask(const schedule_spec& spec, const entity_id& owner, timestamp after, Ask what) {
  if (auto times = schedules::times::read(spec, owner))
    return what(*times);
  else
    return {.problem = times.error().detail, .handled = to_millis(after)};
}

bool ends_others(schedule_overlap overlap) {
  return overlap == schedule_overlap::cancel_other || overlap == schedule_overlap::terminate_other;
}

timestamp read_time(const std::string& field, const std::string& text) {
  auto time = schedules::parse_time(text);
  if (!time) {
    throw failure({errc::malformed, field +
                                        ": expected a time such as \"2026-03-01T12:00:00Z\", "
                                        "got \"" +
                                        text + '"'});
  }
  return *time;
}

}  // namespace

// -- what it is told ------------------------------------------------------------------------------

task<schedule::create_results> schedule::create(create_params what) {
  if (state.exists) throw rejected("the schedule exists: change it, or remove it first");
  define(what.spec, what.action, what.policy);
  state.exists = true;
  state.paused = what.paused;
  state.note = what.note;
  set_attribute("paused", state.paused);
  look_ahead();
  co_return {.next = next_text()};
}

task<schedule::change_results> schedule::change(change_params what) {
  require_existing();
  define(what.spec, what.action, what.policy);
  look_ahead();
  begin_waiting();
  co_return {.next = next_text()};
}

task<> schedule::remove() {
  require_existing();
  // Runs that go on keep their numbers to themselves.
  state = {.runs = state.runs, .watch = state.watch + 1};
  cancel_reminder(fire_reminder);
  cancel_reminder(go_on_reminder);
  remove_attribute("paused");
  remove_attribute("target");
  co_return;
}

task<> schedule::pause(pause_params what) {
  require_existing();
  state.paused = true;
  state.note = what.note;
  set_attribute("paused", true);
  set_timer();
  co_return;
}

task<schedule::unpause_results> schedule::unpause(unpause_params what) {
  require_existing();
  if (std::exchange(state.paused, false)) state.handled = to_millis(now());
  state.note = what.note;
  set_attribute("paused", false);
  look_ahead();
  begin_waiting();
  co_return {.next = next_text()};
}

task<schedule::trigger_results> schedule::trigger(trigger_params what) {
  require_existing();
  const auto action = schedules::read_action(state.action).value();
  if (auto why = schedules::check_overlap(what.overlap, action.kind)) throw failure(*why);
  const auto target = action.target(now());
  const auto fate = offer(now(), what.overlap, true);
  co_return {.fate = fate, .type = target.type, .id = target.id};
}

task<schedule::backfill_results> schedule::backfill(backfill_params what) {
  require_existing();
  const auto action = schedules::read_action(state.action).value();
  if (auto why = schedules::check_overlap(what.overlap, action.kind)) throw failure(*why);
  const auto from = read_time("from", what.from);
  const auto to = read_time("to", what.to);
  if (to < from) throw rejected("to is before from");
  if (to > now()) throw rejected("a backfill is for times that have passed; to is in the future");
  if (state.backfills.size() >= backfills_max) {
    throw rejected("there are " + std::to_string(backfills_max) +
                   " backfills under way already: try again when one has ended");
  }
  const auto found = side_effect([&] {
    const auto due = ask(state.spec, self(), from, [&](auto& times) {
      return times.between(from - 1ms, to, backfill_times_max);
    });
    return due.next ? std::string("more") : std::to_string(due.times.size());
  });
  if (found == "more") {
    throw rejected("there are more than " + std::to_string(backfill_times_max) +
                   " times between from and to: take several backfills");
  }
  state.backfills.push_back(
      {.after = to_millis(from - 1ms), .to = to_millis(to), .overlap = what.overlap});
  go_on_with_backfills();
  co_return {.times = static_cast<std::uint32_t>(std::stoul(found))};
}

// -- what it is asked -----------------------------------------------------------------------------

std::vector<schedule_moment> schedule::moments(std::size_t count, std::string& problem) const {
  std::vector<schedule_moment> all;
  auto times = schedules::times::read(state.spec, self());
  if (!times) {
    problem = times.error().detail;
    return all;
  }
  if (state.policy.limit > 0) count = std::min<std::size_t>(count, state.remaining);
  // What a pause passes over is no longer due.
  const auto after =
      state.paused ? std::max(now(), to_time(state.handled)) : to_time(state.handled);
  for (auto& each : times->upcoming(after, count)) {
    all.push_back({.nominal = format_time(each.nominal), .actual = format_time(each.actual)});
  }
  return all;
}

schedule::about_results schedule::about() const {
  require_existing();
  about_results all{.spec = state.spec,
                    .action = state.action,
                    .policy = state.policy,
                    .paused = state.paused,
                    .note = state.note,
                    .recent = state.recent,
                    .buffered = static_cast<std::uint32_t>(state.waiting.size()),
                    .remaining = state.remaining,
                    .runs = state.runs,
                    .failed = state.failed,
                    .missed = state.missed,
                    .skipped = state.skipped};
  all.next = moments(shown, all.problem);
  for (auto& each : state.under_way) all.running.push_back(each.run);
  return all;
}

schedule::upcoming_results schedule::upcoming(const upcoming_params& what) const {
  require_existing();
  if (what.count > upcoming_max) {
    throw rejected("count is at most " + std::to_string(upcoming_max));
  }
  std::string problem;
  upcoming_results all{.times = moments(what.count, problem)};
  if (!problem.empty()) throw rejected(problem);
  return all;
}

// -- when -----------------------------------------------------------------------------------------

void schedule::require_existing() const {
  if (!state.exists) throw rejected("there is no such schedule: create it");
}

void schedule::define(const schedule_spec& spec, const schedule_action& action,
                      const schedule_policy& policy) {
  // Recorded: a time zone that is accepted once is not refused by a later database.
  const auto problem =
      side_effect([&, owner = self()] { return problem_of(spec, action, policy, owner); });
  if (!problem.empty()) throw failure({errc::malformed, problem});
  if (!state.exists || spec != state.spec) state.handled = to_millis(now());
  state.spec = spec;
  state.action = action;
  state.policy = policy;
  state.remaining = policy.limit;
  set_attribute("target", schedules::read_action(action).value().type);
}

/// Finds out what is due next, and sets the timer.
void schedule::look_ahead() {
  const auto after = to_time(state.handled);
  const auto due = side_effect([&] {
    return ask(state.spec, self(), after,
               [&](auto& times) { return times.due(after, after, 0ms, 0); });
  });
  state.next = due.next;
  set_timer();
}

bool schedule::exhausted() const { return state.policy.limit > 0 && state.remaining == 0; }

void schedule::set_timer() {
  if (state.next && !state.paused && !exhausted())
    remind_at(fire_reminder, to_time(state.next->actual), &schedule::fire);
  else
    cancel_reminder(fire_reminder);
}

std::string schedule::next_text() const {
  const bool due = state.next && !state.paused && !exhausted();
  return due ? format_time(to_time(state.next->actual)) : "";
}

void schedule::fire() {
  if (!state.exists || state.paused || !state.next || to_time(state.next->actual) > now()) return;
  const auto after = to_time(state.handled);
  const auto kind = schedules::read_action(state.action).value().kind;
  const auto window = schedules::read_policy(state.policy, kind).value().catch_up;
  const auto due = side_effect([&] {
    return ask(state.spec, self(), after,
               [&](auto& times) { return times.due(after, now(), window, batch); });
  });
  if (!due.problem.empty()) {
    state.paused = true;
    state.note = due.problem;
    set_attribute("paused", true);
    return set_timer();
  }
  state.handled = due.handled;
  state.next = due.next;
  state.missed += due.missed;
  for (auto& each : due.times) {
    offer(to_time(each.nominal), schedule_overlap::default_, false);
  }
  note_effort(effort_of_firing);
  set_timer();
}

// -- which of those due are run -------------------------------------------------------------------

schedule_fate schedule::offer(timestamp nominal, schedule_overlap overlap, bool manual) {
  const auto kind = schedules::read_action(state.action).value().kind;
  const schedule_waiting waiting{
      .nominal = to_millis(nominal),
      .overlap = overlap != schedule_overlap::default_
                     ? overlap
                     : schedules::read_policy(state.policy, kind).value().overlap,
      .manual = manual};
  const bool over = !manual && (exhausted() || state.paused);
  if (!over && ends_others(waiting.overlap) && !state.under_way.empty()) {
    stop_others(waiting.overlap);
    state.skipped += static_cast<std::uint32_t>(
        std::erase_if(state.waiting, [](auto& each) { return ends_others(each.overlap); }));
  }
  if (!over && may_begin(waiting)) {
    begin(nominal, manual);
    return schedule_fate::begun;
  }
  const auto room = waiting.overlap == schedule_overlap::skip         ? 0
                    : waiting.overlap == schedule_overlap::buffer_one ? 1
                                                                      : waiting_max;
  if (over || state.waiting.size() >= room) {
    ++state.skipped;
    return schedule_fate::skipped;
  }
  state.waiting.push_back(waiting);
  return schedule_fate::buffered;
}

bool schedule::may_begin(const schedule_waiting& waiting) const {
  if (state.paused && !waiting.manual) return false;
  return state.under_way.empty() ||
         (waiting.overlap == schedule_overlap::allow_all && state.under_way.size() < running_max);
}

void schedule::stop_others(schedule_overlap overlap) {
  const auto reason = "the next run of " + to_string(self()) + " is due";
  for (auto& each : state.under_way) {
    try {
      const auto other = entity(each.run.type, each.run.id);
      if (overlap == schedule_overlap::cancel_other)
        other.cancel(reason);
      else
        other.terminate(reason);
    } catch (const failure&) {
      // Too much is under way; then the next one waits until the other ends by itself.
    }
  }
}

void schedule::begin_waiting() {
  while (true) {
    auto found =
        std::ranges::find_if(state.waiting, [this](auto& each) { return may_begin(each); });
    if (found == state.waiting.end()) return;
    const auto next = *found;
    state.waiting.erase(found);
    if (next.manual || !exhausted())
      begin(to_time(next.nominal), next.manual);
    else
      ++state.skipped;
  }
}

void schedule::go_on_with_backfills() {
  // Where those that wait are many, it goes on when one of them has begun.
  while (!state.backfills.empty() && state.waiting.size() + batch <= waiting_max) {
    const auto filled = state.backfills.front();
    const auto after = to_time(filled.after);
    const auto due = side_effect([&] {
      return ask(state.spec, self(), after,
                 [&](auto& times) { return times.between(after, to_time(filled.to), batch); });
    });
    if (due.next)
      state.backfills.front().after = due.handled;
    else
      state.backfills.erase(state.backfills.begin());
    for (auto& each : due.times) offer(to_time(each.nominal), filled.overlap, true);
    note_effort(effort_of_firing);
    if (due.next) return remind_at(go_on_reminder, now(), &schedule::go_on);
  }
}

// -- runs -----------------------------------------------------------------------------------------

void schedule::begin(timestamp nominal, bool manual) {
  const auto action = schedules::read_action(state.action).value();
  if (!manual && state.policy.limit > 0) --state.remaining;
  auto target = action.target(nominal);
  const schedule_run run{.number = ++state.runs,
                         .type = target.type,
                         .id = target.id,
                         .nominal = format_time(nominal),
                         .actual = format_time(now()),
                         .manual = manual};
  state.recent.push_back(run);
  if (state.recent.size() > shown) state.recent.erase(state.recent.begin());
  state.under_way.push_back({.run = run});
  auto params = action.params_with(state.last_result);
  switch (action.kind) {
    case action_kind::start:
      return spawn(
          start_and_watch(run.number, std::move(target), std::move(params), action.options));
    case action_kind::update:
      return spawn(call_and_wait(run.number, std::move(target), action.method, std::move(params)));
    case action_kind::signal:
      try {
        entity(target.type, target.id).signal(action.method, params);
        end(run.number, schedule_outcome::sent);
      } catch (const failure& why) {
        fail(run.number, why.why(), true);
      }
  }
}

task<> schedule::start_and_watch(std::uint32_t number, entity_id target, std::string params,
                                 start_options options) {
  auto started = co_await entity(target.type, target.id, options).run(params).started().as_result();
  if (!started) {
    fail(number, started.error(), true);
  } else if (auto* mine = find(number)) {
    mine->accepted = true;
    co_await watch(number);
  }
}

task<> schedule::call_and_wait(std::uint32_t number, entity_id target, std::string method,
                               std::string params) {
  auto answered = co_await entity(target.type, target.id).update(method, params).as_result();
  if (answered)
    end(number, schedule_outcome::completed, {}, *answered);
  else
    fail(number, answered.error(), answered.error().code != errc::failed);
}

/// Waits for the end of a run that was started, or until all watches are put down.
task<> schedule::watch(std::uint32_t number) {
  const auto mine = find(number)->watch = state.watch;
  auto put_down = [this, mine] { return state.watch != mine; };
  while (auto* watched = find(number)) {
    auto ended = co_await race(entity(watched->run.type, watched->run.id).result().as_result(),
                               wait_until(put_down));
    auto* how = std::get_if<0>(&ended);
    if (!how) co_return;
    if (*how) co_return end(number, schedule_outcome::completed, {}, **how);
    if (how->error().code != errc::overloaded) co_return fail(number, how->error(), false);
    // It could not be asked: too much is under way here.
    if (co_await wait_until(put_down, 1min)) co_return;
  }
}

schedule_under_way* schedule::find(std::uint32_t number) {
  auto found = std::ranges::find(state.under_way, number,
                                 [](const schedule_under_way& each) { return each.run.number; });
  return found == state.under_way.end() ? nullptr : &*found;
}

void schedule::end(std::uint32_t number, schedule_outcome outcome, const std::string& detail,
                   std::string results) {
  auto* mine = find(number);
  if (!mine) return;  // The schedule was removed meanwhile.
  auto run = std::move(mine->run);
  state.under_way.erase(state.under_way.begin() + (mine - state.under_way.data()));
  run.ended = format_time(now());
  run.outcome = outcome;
  run.detail = detail;
  for (auto& each : state.recent) {
    if (each.number == number) each = run;
  }
  if (outcome == schedule_outcome::completed) {
    state.last_result = results.size() <= last_result_bytes_max ? std::move(results) : "";
  }
  if (outcome == schedule_outcome::failed || outcome == schedule_outcome::refused) {
    ++state.failed;
    if (state.policy.pause_on_failure && !state.paused) {
      state.paused = true;
      state.note = "run " + std::to_string(number) + " (" + to_string({run.type, run.id}) +
                   ") failed: " + detail;
      set_attribute("paused", true);
      set_timer();
    }
  }
  begin_waiting();
  go_on_with_backfills();
  note_effort(effort_of_run);
}

void schedule::fail(std::uint32_t number, const error& why, bool refused) {
  auto outcome = schedule_outcome::failed;
  if (refused)
    outcome = schedule_outcome::refused;
  else if (why.type == "cancelled")
    outcome = schedule_outcome::cancelled;
  else if (why.type == "terminated")
    outcome = schedule_outcome::terminated;
  auto detail = why.detail;
  if (why.code != errc::failed) detail = std::string(to_string(why.code)) + ": " + detail;
  end(number, outcome, detail);
}

void schedule::note_effort(std::uint32_t events) {
  state.effort = state.under_way.empty() ? 0 : state.effort + events;
  if (state.effort < effort_max) return;
  state.effort = 0;
  ++state.watch;
  remind_at(go_on_reminder, now(), &schedule::go_on);
}

void schedule::go_on() {
  if (!state.exists) return;
  std::vector<std::uint32_t> unwatched;
  for (auto& each : state.under_way) {
    if (each.accepted && each.watch != state.watch) unwatched.push_back(each.run.number);
  }
  for (auto number : unwatched) spawn(watch(number));
  go_on_with_backfills();
}

}  // namespace perdure
