// Activities of a test's world: attempts, retries, time-outs, all in virtual time.

#include <algorithm>

#include "testing/world.h"

namespace perdure::testing {

namespace {

std::string key_of(const live& of, event_number number) {
  return to_string(of.id) + '#' + std::to_string(number);
}

std::string token_of(const live& of, event_number number, std::uint32_t attempt) {
  return key_of(of, number) + '#' + std::to_string(attempt);
}

/// An attempt, seen from within.
class attempt_context final : public activity_context {
public:
  attempt_context(const live& of, event_number number, const activity_run& run, timestamp deadline,
                  std::string traceparent)
      : of_(of),
        number_(number),
        entity_(of.id),
        attempt_(run.attempt),
        key_(key_of(of, number)),
        token_(token_of(of, number, run.attempt)),
        deadline_(deadline),
        traceparent_(std::move(traceparent)),
        before_(run.heartbeat) {}

  const entity_id& entity() const override { return entity_; }
  std::uint32_t attempt() const override { return attempt_; }
  std::string key() const override { return key_; }
  timestamp deadline() const override { return deadline_; }
  std::string traceparent() const override { return traceparent_; }
  void heartbeat(bytes_view details) override { told_ = bytes(details.begin(), details.end()); }
  bytes heartbeat_details() const override { return before_; }
  /// The attempt may drive the world on, and be told to stop meanwhile, or be given up.
  bool is_cancelled() const override {
    const auto run = of_.runs.find(number_);
    return run == of_.runs.end() || run->second.attempt != attempt_ || run->second.stopping;
  }
  std::string complete_later() override {
    completed_later_ = true;
    return token_;
  }

  bool completed_later() const { return completed_later_; }
  const std::optional<bytes>& told() const { return told_; }

private:
  const live& of_;
  const event_number number_;
  const entity_id entity_;
  const std::uint32_t attempt_;
  const std::string key_, token_;
  const timestamp deadline_;
  const std::string traceparent_;
  const bytes before_;
  std::optional<bytes> told_;
  bool completed_later_ = false;
};

using attempt_end = std::variant<bytes, attempt_failure>;

constexpr duration told_again_after = std::chrono::seconds{1};

attempt_end run_attempt(activity_context& in, const std::function<bytes()>& body) {
  try {
    activity_scope scope(in);
    return body();
  } catch (const test_failure&) {
    throw;
  } catch (...) {
    return process::caught_failure();
  }
}

}  // namespace

std::string world::name_of(const core::pending_activity& what) const {
  const activity* which = nullptr;
  if (auto found = scripts_.find({what.activities, what.activity}); found != scripts_.end()) {
    which = found->second->which;
  } else if (auto known = provided_.find(what.activities); known != provided_.end()) {
    which = known->second->described().find(what.activity);
  }
  return process::name_of(what, which);
}

// -- what processes want done ---------------------------------------------------------------------

void world::schedule(live& of, timestamp life, const core::pending_activity& what) {
  auto& run = of.runs[what.number];
  if (run.life == life) {
    // One that is known goes on; one that has ended is told again.
    if (run.how == activity_run::state::ended) run.next.time = now_;
    return;
  }
  run = {};
  run.life = life;
  run.next = of.place_of(what.number);
}

void world::perform(live& of, process::schedule_activity& what) {
  schedule(of, what.life, what.what);
}

void world::perform(live& of, process::schedule_reloaded& what) {
  for (auto& each : what.what) schedule(of, what.life, each);
}

void world::perform(live& of, process::cancel_activity& what) {
  auto found = of.runs.find(what.activity);
  if (found == of.runs.end() || found->second.life != what.life) return;
  auto& run = found->second;
  if (!what.waits) {
    of.runs.erase(found);
    return;
  }
  if (run.how == activity_run::state::ended || std::exchange(run.stopping, true)) return;
  if (run.how != activity_run::state::waiting && run.ignores_cancellation) return;
  run.how = activity_run::state::running;
  run.end = attempt_failure{};
  run.next.time = now_;
}

void world::perform(live& of, process::activity_recorded& what) {
  auto found = of.runs.find(what.activity);
  if (found != of.runs.end() && found->second.life == what.life) of.runs.erase(found);
}

void world::perform(live& of, process::activity_unwanted& what) {
  process::activity_recorded over{what.life, what.activity};
  perform(of, over);
}

void world::perform(live& of, process::activity_not_now& what) {
  auto found = of.runs.find(what.activity);
  if (found == of.runs.end() || found->second.life != what.life) return;
  found->second.next.time = now_ + told_again_after;
}

// -- attempts -------------------------------------------------------------------------------------

void world::go_on(live& of, event_number number) {
  auto& run = of.runs.at(number);
  switch (run.how) {
    case activity_run::state::waiting:
      return begin_attempt(of, number);
    case activity_run::state::ended:
      return end_activity(of, number, run.outcome);
    default:
      return end_attempt(of, number);
  }
}

void world::begin_attempt(live& of, event_number number) {
  const auto what = of.machine().activities().at(number);
  auto scripted = scripts_.find({what.activities, what.activity});
  auto provided = provided_.find(what.activities);
  std::optional<behaviour> next;
  if (scripted != scripts_.end()) next = scripted->second->next();
  if (!next && provided == provided_.end()) {
    fail(to_string(of.id) + " calls the activity " + name_of(what) +
         ", which is neither scripted nor provided: env.script<...>(\"...\").returns(...), or "
         "env.provide(...)");
  }
  auto& run = of.runs.at(number);
  const auto attempt = ++run.attempt;
  process::attempt_limits until;
  until.schedule_to_close = process::close_of(what);
  until.start_to_close = process::limit_from(now_, what.options.start_to_close);
  run.how = activity_run::state::running;
  run.next.time = timestamp::max();
  run.ignores_cancellation = !next || next->ignores_cancellation;
  touch(of);

  attempt_context context(of, number, run, until.first(), what.traceparent);
  attempt_end end;
  using kind = behaviour::kind;
  if (next) {
    scripted->second->calls.push_back(
        {of.id, attempt, context.key(), now_, what.params, what.options.queue});
    if (next->what == kind::returns) end = next->results;
    if (next->what == kind::fails) end = next->failure;
    if (next->what == kind::completes_later) (void)context.complete_later();
    if (next->what == kind::answers) {
      end = run_attempt(context, [&] { return next->answer(what.params, context); });
    }
  } else {
    auto& real = *provided->second;
    auto* which = real.described().find(what.activity);
    if (which != nullptr) {
      end = run_attempt(context, [&] { return real.run(*which, what.params); });
    } else {
      end = process::unknown_activity(what);
    }
  }
  // What ran may have driven the world on, and the activity may have ended with that.
  auto found = of.runs.find(number);
  if (found == of.runs.end() || found->second.attempt != attempt || found->second.stopping) return;
  auto& now = found->second;
  if (context.told()) now.heartbeat = *context.told();
  const bool failed = std::holds_alternative<attempt_failure>(end);
  const bool later = context.completed_later() && !failed;
  const bool hangs = next && next->what == kind::hangs;
  if (later || hangs) until.heartbeat = process::limit_from(now_, what.options.heartbeat);
  const auto ends = later || hangs ? timestamp::max() : now_ + (next ? next->time : duration{0});
  now.how = later ? activity_run::state::to_be_completed : activity_run::state::running;
  const auto given_up = until.first();
  now.next.time = std::min(ends, given_up);
  if (ends <= given_up && ends != process::never) {
    now.end = std::move(end);
  } else if (const auto by = until.passed(given_up); by && given_up != process::never) {
    now.end = process::given_up(*by, what.options, attempt);
  }
}

void world::end_attempt(live& of, event_number number) {
  auto& run = of.runs.at(number);
  auto end = std::exchange(run.end, bytes{});
  if (auto* results = std::get_if<bytes>(&end)) {
    return end_activity(of, number, {std::move(*results), std::nullopt});
  }
  auto& failed = std::get<attempt_failure>(end);
  auto& what = of.machine().activities().at(number);
  if (run.stopping) {
    return end_activity(of, number, {{}, process::end_by_cancel(name_of(what))});
  }
  const auto next = process::next_try(what, run.attempt, failed, now_);
  if (!next) {
    const auto why = process::end_by(name_of(what), run.attempt, failed, run.last_failure);
    return end_activity(of, number, {{}, why});
  }
  run.how = activity_run::state::waiting;
  run.next.time = *next;
  run.last_failure = process::text_of(failed);
}

void world::end_activity(live& of, event_number number, core::call_outcome how) {
  auto& run = of.runs.at(number);
  run.how = activity_run::state::ended;
  run.outcome = how;
  run.next.time = process::never;
  deliver(of, process::activity_end{number, run.life, std::move(how)});
}

std::vector<std::string> world::waiting_for(const script& scripted) const {
  std::vector<std::pair<place, std::string>> found;
  for (auto& [id, of] : entities_) {
    for (auto& [number, run] : of->runs) {
      if (run.how != activity_run::state::to_be_completed) continue;
      auto what = of->machine().activities().find(number);
      if (what == of->machine().activities().end() ||
          what->second.activities != scripted.of->name ||
          what->second.activity != scripted.which->ordinal) {
        continue;
      }
      found.emplace_back(place{what->second.scheduled, run.next.step},
                         token_of(*of, number, run.attempt));
    }
  }
  std::ranges::sort(found);
  std::vector<std::string> tokens;
  for (auto& [when, token] : found) tokens.push_back(std::move(token));
  return tokens;
}

result<nothing> world::complete(std::string_view token, attempt_end end) {
  for (auto& [id, of] : entities_) {
    for (auto& [number, run] : of->runs) {
      if (run.how != activity_run::state::to_be_completed) continue;
      if (token_of(*of, number, run.attempt) != token) continue;
      run.how = activity_run::state::running;
      run.end = std::move(end);
      run.next.time = now_;
      touch(*of);
      return nothing{};
    }
  }
  return error{errc::completed, "no attempt waits to be completed as " + std::string(token)};
}

}  // namespace perdure::testing
