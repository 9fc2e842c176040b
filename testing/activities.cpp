// Activities of a test's world: attempts, retries, time-outs, all in virtual time.

#include <algorithm>
#include <cmath>

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
      : entity_(of.id),
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
  bool is_cancelled() const override { return false; }
  std::string complete_later() override {
    completed_later_ = true;
    return token_;
  }

  bool completed_later() const { return completed_later_; }
  const std::optional<bytes>& told() const { return told_; }

private:
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

attempt_end run_attempt(activity_context& in, const std::function<bytes()>& body) {
  try {
    activity_scope scope(in);
    return body();
  } catch (const test_failure&) {
    throw;
  } catch (const activity_failure& why) {
    return attempt_failure{why.type, why.what(), why.retryable, why.next_delay};
  } catch (const rejected& why) {
    return attempt_failure{"rejected", why.what(), false};
  } catch (const std::exception& why) {
    return attempt_failure{{}, why.what()};
  } catch (...) {
    return attempt_failure{{}, "it threw what is no std::exception"};
  }
}

/// When an attempt is given up, and why.
struct limit {
  timestamp time = timestamp::max();
  std::string type;

  void offer(duration allowed, timestamp from, const char* name) {
    if (allowed == no_limit || later(from, allowed) >= time) return;
    time = later(from, allowed);
    type = name;
  }
};

std::string milliseconds(duration time) { return std::to_string(time.count()) + " ms"; }

std::string counted(std::uint32_t attempts) {
  return std::to_string(attempts) + (attempts == 1 ? " attempt" : " attempts");
}

attempt_failure timed_out(const std::string& type, const activity_options& options,
                          std::uint32_t attempt) {
  auto text = "attempt " + std::to_string(attempt);
  if (type == "start_to_close") text += " took longer than " + milliseconds(options.start_to_close);
  if (type == "heartbeat") text += " gave no sign of life for " + milliseconds(options.heartbeat);
  if (type == "schedule_to_close") {
    text = "not completed within " + milliseconds(options.schedule_to_close) + ", after " +
           counted(attempt);
  }
  return {type, text + " (" + type + ')', type != "schedule_to_close", std::nullopt, true};
}

/// How the activity ends when its last attempt did so.
error end_by(const std::string& name, std::uint32_t attempts, const attempt_failure& why) {
  if (why.timed_out) return {errc::timeout, name + " timed out: " + why.message, why.type};
  return {errc::failed, name + " failed after " + counted(attempts) + ": " + why.message, why.type};
}

duration pause_after(const retry_policy& policy, std::uint32_t attempt) {
  const auto pause = static_cast<double>(policy.first.count()) *
                     std::pow(policy.factor, static_cast<double>(attempt - 1));
  return pause < static_cast<double>(policy.most.count())
             ? duration{static_cast<duration::rep>(pause)}
             : policy.most;
}

}  // namespace

std::string world::name_of(const core::pending_activity& what) const {
  const activity* which = nullptr;
  if (auto found = scripts_.find({what.activities, what.activity}); found != scripts_.end()) {
    which = found->second->which;
  } else if (auto known = provided_.find(what.activities); known != provided_.end()) {
    which = known->second->described().find(what.activity);
  }
  return what.activities + '.' +
         (which ? std::string(which->name) : '@' + std::to_string(what.activity));
}

void world::follow_up_activities(live& of, const core::record& step, place where) {
  auto& pending = of.machine->activities();
  auto number = step.event;
  for (auto& each : step.commands) {
    ++number;
    if (std::holds_alternative<core::activity_scheduled>(each) && pending.contains(number)) {
      of.runs[number].next = where;
    } else if (auto* cancelled = std::get_if<core::activity_cancelled>(&each)) {
      auto run = of.runs.find(cancelled->activity);
      // One that is pending all the same is waited for.
      if (run == of.runs.end() || !pending.contains(cancelled->activity)) continue;
      run->second.stopping = true;
      const bool runs = run->second.how != activity_run::state::waiting;
      if (runs && run->second.ignores_cancellation) continue;
      run->second.how = activity_run::state::running;
      run->second.end = attempt_failure{};
      run->second.next.time = now_;
    }
  }
  std::erase_if(of.runs, [&](auto& each) { return !pending.contains(each.first); });
}

void world::begin_attempt(live& of, event_number number) {
  const auto what = of.machine->activities().at(number);
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
  limit until;
  until.offer(what.options.start_to_close, now_, "start_to_close");
  until.offer(what.options.schedule_to_close, what.scheduled, "schedule_to_close");
  run.how = activity_run::state::running;
  run.next.time = timestamp::max();
  run.ignores_cancellation = !next || next->ignores_cancellation;
  touch(of);

  attempt_context context(of, number, run, until.time, what.traceparent);
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
    end = run_attempt(context, [&] { return real.run(*which, what.params); });
  }
  // What ran may have driven the world on, and the activity may have ended with that.
  auto found = of.runs.find(number);
  if (found == of.runs.end() || found->second.attempt != attempt || found->second.stopping) return;
  auto& now = found->second;
  if (context.told()) now.heartbeat = *context.told();
  const bool failed = std::holds_alternative<attempt_failure>(end);
  const bool later = context.completed_later() && !failed;
  const bool hangs = next && next->what == kind::hangs;
  if (later || hangs) until.offer(what.options.heartbeat, now_, "heartbeat");
  const auto ends = later || hangs ? timestamp::max() : now_ + (next ? next->time : duration{0});
  now.how = later ? activity_run::state::to_be_completed : activity_run::state::running;
  now.next.time = std::min(ends, until.time);
  now.end = ends <= until.time && ends != timestamp::max()
                ? std::move(end)
                : attempt_end(timed_out(until.type, what.options, attempt));
}

void world::end_attempt(live& of, event_number number) {
  auto& run = of.runs.at(number);
  auto end = std::exchange(run.end, bytes{});
  if (auto* results = std::get_if<bytes>(&end)) {
    return end_activity(of, number, {std::move(*results), std::nullopt});
  }
  auto& failed = std::get<attempt_failure>(end);
  auto& what = of.machine->activities().at(number);
  auto& policy = what.options.retry;
  if (run.stopping) {
    const error why{errc::failed, name_of(what) + " was cancelled", "cancelled"};
    return end_activity(of, number, {{}, why});
  }
  const bool is_final =
      !failed.retryable || (policy.attempts > 0 && run.attempt >= policy.attempts) ||
      (!failed.type.empty() &&
       std::ranges::find(policy.final_types, failed.type) != policy.final_types.end());
  const auto next = later(now_, failed.next_delay.value_or(pause_after(policy, run.attempt)));
  const bool too_late = what.options.schedule_to_close != no_limit &&
                        next >= later(what.scheduled, what.options.schedule_to_close);
  if (is_final || too_late) {
    return end_activity(of, number, {{}, end_by(name_of(what), run.attempt, failed)});
  }
  run.how = activity_run::state::waiting;
  run.next.time = next;
  run.last_failure = failed.type.empty() || failed.timed_out ? failed.message
                                                             : failed.type + ": " + failed.message;
}

void world::end_activity(live& of, event_number number, core::call_outcome how) {
  auto outcome = of.machine->end_activity(number, std::move(how), now_);
  if (auto* step = std::get_if<core::accepted>(&outcome)) return commit(of, std::move(step->step));
  of.runs.erase(number);
}

std::vector<std::string> world::waiting_for(const script& scripted) const {
  std::vector<std::pair<place, std::string>> found;
  for (auto& [id, of] : entities_) {
    for (auto& [number, run] : of->runs) {
      if (run.how != activity_run::state::to_be_completed) continue;
      auto what = of->machine->activities().find(number);
      if (what == of->machine->activities().end() || what->second.activities != scripted.of->name ||
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
