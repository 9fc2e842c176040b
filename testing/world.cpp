#include "testing/world.h"

#include <algorithm>

#include "entities/bounds.h"
#include "persistence/replay.h"

namespace perdure::testing {

namespace {

std::string result_text(const result<answer>& what) {
  if (!what) return std::string(to_string(what.error().code)) + ": " + what.error().detail;
  return "event " + std::to_string(what->event) + (what->replayed ? " (again)" : "") + ", " +
         std::to_string(what->results.size()) + " bytes of results (digest " +
         std::to_string(core::digest(what->results)) + ")";
}

}  // namespace

world::world(test_options options, crashing crashes)
    : options_(std::move(options)),
      crashes_(crashes),
      epochs_(journal_.acquire_all()),
      now_(options_.start),
      choices_(options_.seed) {
  limits_.continue_after_events = options_.continue_after_events;
}

void world::host(const entity_type& type) {
  if (!types_.emplace(type.contract->type, type).second) {
    throw std::invalid_argument("\"" + std::string(type.contract->type) + "\" is hosted already");
  }
}

void world::deploy(const entity_type& type) {
  auto known = types_.find(type.contract->type);
  if (known == types_.end()) {
    throw std::invalid_argument('"' + std::string(type.contract->type) + "\" is not hosted");
  }
  known->second = type;
  json_.erase(known->first);
  for (auto& [id, of] : entities_) {
    if (id.type != known->first || of->machine->has_ended()) continue;
    of->type = type;
    crash(*of);
  }
}

void world::provide(std::shared_ptr<activities_base> activities) {
  const std::string name(activities->described().name);
  if (!provided_.emplace(name, std::move(activities)).second) {
    throw std::invalid_argument("activities \"" + name + "\" are provided already");
  }
}

std::shared_ptr<script> world::script_of(const activities_description& of,
                                         std::string_view activity) {
  auto* which = of.find(activity);
  if (!which) {
    throw std::invalid_argument(std::string(of.name) + " has no activity \"" +
                                std::string(activity) + "\" (" + std::string(of.source) + ")");
  }
  auto& found = scripts_[{std::string(of.name), which->ordinal}];
  if (!found) {
    found = std::make_shared<script>(of, *which);
    auto* raw = found.get();
    found->waiting = [this, raw] { return waiting_for(*raw); };
    found->complete = [this](const std::string& token, bytes results) {
      return complete(token, std::move(results));
    };
    found->fail = [this](const std::string& token, attempt_failure why) {
      return complete(token, std::move(why));
    };
  }
  return found;
}

void world::fail(const std::string& why) {
  failed_ = true;
  throw test_failure(why);
}

// -- order ----------------------------------------------------------------------------------------

std::uint64_t world::send(request what, completion done) {
  const auto number = ++last_request_;
  if (!types_.contains(what.target.type)) {
    error why{errc::unknown_type, "no entities of type \"" + what.target.type +
                                      "\" here: env.host<...>() says which there are"};
    answer(what.target, what.method->name, std::move(done), std::move(why));
    return number;
  }
  if (auto why = core::check(what, {.payload_bytes = limits_.payload_bytes})) {
    answer(what.target, what.method->name, std::move(done), std::move(*why));
    return number;
  }
  for (auto& each : interceptors_) {
    auto why = each->before(what);
    if (!why) continue;
    answer(what.target, what.method->name, std::move(done), std::move(*why));
    return number;
  }
  if (!interceptors_.empty()) {
    done = [this, id = what.target, method = what.method,
            done = std::move(done)](result<perdure::answer> how) {
      for (auto each = interceptors_.rbegin(); each != interceptors_.rend(); ++each) {
        (*each)->after(id, *method, how);
      }
      done(std::move(how));
    };
  }
  auto& target = get(what.target);
  target.requests.push_back({number, {now_, steps_}, std::move(what), std::move(done)});
  touch(target);
  return number;
}

void world::drive(const std::function<bool()>& done, std::uint64_t request) {
  for (std::uint64_t count = 0;; ++count) {
    flush();
    if (done()) return;
    if (count >= options_.steps_max) {
      give_up(request, "not answered after " + std::to_string(count) + " steps: ");
    } else if (!step() && !settle_all() && !skip(timestamp::max())) {
      give_up(request, "nothing can happen any more: ");
    }
  }
}

void world::run(const std::function<bool()>& done, timestamp end) {
  for (std::uint64_t count = 0; !done(); ++count) {
    flush();
    if (count >= options_.steps_max) {
      fail("no end after " + std::to_string(count) + " steps: " + who_waits());
    }
    if (!step() && !settle_all() && !skip(end)) break;
  }
  flush();
}

void world::run_until_idle() {
  run([] { return false; }, now_);
}

void world::run_until(timestamp end) {
  run([] { return false; }, end);
  now_ = std::max(now_, end);
}

void world::run_to_the_end() {
  run([] { return false; }, timestamp::max());
}

bool world::step() {
  auto next = pick();
  if (!next) return false;
  perform(*next);
  return true;
}

/// Records what is known of deliveries, once there is nothing else to do.
bool world::settle_all() {
  while (!unsettled_.empty()) {
    auto& of = get(unsettled_.extract(unsettled_.begin()).value());
    if (auto step = of.machine->settle_messages(now_)) {
      commit(of, std::move(*step));
      return true;
    }
  }
  return false;
}

bool world::skip(timestamp end) {
  if (agenda_.empty()) return false;
  const auto next = std::get<place>(*agenda_.begin()).time;
  if (next <= now_ || next > end) return false;
  now_ = next;
  return true;
}

std::optional<world::entry> world::pick() {
  if (agenda_.empty() || std::get<place>(*agenda_.begin()).time > now_) return std::nullopt;
  if (!options_.shuffled) return *agenda_.begin();
  const auto end = agenda_.lower_bound({{now_ + duration{1}, 0}, kind::timer, 0, entity_id{}});
  const auto count = static_cast<std::uint64_t>(std::distance(agenda_.begin(), end));
  return *std::next(agenda_.begin(), static_cast<std::ptrdiff_t>(choices_() % count));
}

void world::perform(const entry& what) {
  auto& [when, which, number, id] = what;
  auto& of = get(id);
  switch (which) {
    case kind::timer:
      if (auto step = of.machine->fire(now_); step && *step) {
        commit(of, std::move(**step));
      } else {
        fail(to_string(id) + ": a timer is due and cannot be fired");
      }
      break;
    case kind::request: {
      auto next = std::move(of.requests.front());
      of.requests.pop_front();
      handle(of, std::move(next));
      break;
    }
    case kind::impatience:
      give_up(number, "it goes on, ask again: ");
      break;
    case kind::send:
      deliver(of, number);
      break;
    case kind::answer:
      tell(of, number);
      break;
    case kind::attempt:
      if (of.runs.at(number).how == activity_run::state::waiting) {
        begin_attempt(of, number);
      } else {
        end_attempt(of, number);
      }
      break;
  }
  touch(of);
}

std::vector<world::entry> world::entries_of(const live& of) const {
  std::vector<entry> all;
  auto& machine = *of.machine;
  const bool paused = machine.is_paused();
  if (auto due = machine.next_due()) all.push_back({{*due, 0}, kind::timer, 0, of.id});
  if (!of.requests.empty()) {
    auto& first = of.requests.front();
    all.push_back({first.sent, kind::request, first.number, of.id});
  }
  for (auto& [event, each] : of.callers) {
    if (each.until == timestamp::max()) continue;
    all.push_back({{each.until, 0}, kind::impatience, each.number, of.id});
  }
  std::set<entity_id> busy;  // Receivers to whom an earlier message is on its way.
  for (auto& [number, each] : of.deliveries) {
    if (each.how == delivery::state::answered && !paused) {
      all.push_back({each.answered, kind::answer, number, of.id});
    } else if (each.how == delivery::state::to_send && busy.insert(each.target).second) {
      all.push_back({each.sent, kind::send, number, of.id});
    }
  }
  for (auto& [number, each] : of.runs) {
    if (paused || each.next.time == timestamp::max()) continue;
    all.push_back({each.next, kind::attempt, number, of.id});
  }
  return all;
}

void world::touch(live& of) {
  auto& listed = listed_[of.id];
  for (auto& each : listed) agenda_.erase(each);
  listed = entries_of(of);
  agenda_.insert(listed.begin(), listed.end());
}

// -- answers --------------------------------------------------------------------------------------

void world::answer(const entity_id& of, std::string_view method, completion done,
                   result<perdure::answer> what) {
  trace_.replies.push_back(to_string(of) + ' ' + std::string(method) + ": " + result_text(what));
  answers_.emplace_back(std::move(done), std::move(what));
}

void world::flush() {
  while (!answers_.empty()) {
    for (auto& [done, what] : std::exchange(answers_, {})) done(std::move(what));
  }
}

void world::give_up(std::uint64_t request, const std::string& why) {
  const error late{errc::timeout, why + who_waits()};
  for (auto& [id, of] : entities_) {
    auto asked = std::ranges::find(of->requests, request, &caller_request::number);
    if (asked != of->requests.end()) {
      answer(id, asked->what.method->name, std::move(asked->done), late);
      of->requests.erase(asked);
      return touch(*of);
    }
    for (auto each = of->callers.begin(); each != of->callers.end(); ++each) {
      if (each->second.number != request) continue;
      answer(id, each->second.method, std::move(each->second.done), late);
      of->callers.erase(each);
      return touch(*of);
    }
  }
  fail("call " + std::to_string(request) + " got lost");
}

std::string world::who_waits() {
  std::string all;
  for (auto& [id, of] : entities_) {
    for (auto& each : pending(id)) {
      all += (all.empty() ? "" : "; ") + to_string(id) + ": " + each;
    }
  }
  return all.empty() ? "nobody waits for anything" : all;
}

// -- what is asserted -----------------------------------------------------------------------------

std::vector<std::string> world::handler_failures() {
  handler_failures_seen_ = handler_failures_.size();
  return handler_failures_;
}

std::vector<std::string> world::undelivered() {
  undelivered_seen_ = undelivered_.size();
  return undelivered_;
}

std::string world::problems() {
  std::string all;
  auto add = [&](const std::string& what) { all += (all.empty() ? "" : "\n") + what; };
  for (auto& [name, each] : scripts_) {
    if (auto what = each->problem(); !what.empty()) add(what);
  }
  for (auto i = handler_failures_seen_; i < handler_failures_.size(); ++i) {
    add(handler_failures_[i] + "; nobody waits for it: ask handler_failures()");
  }
  for (auto i = undelivered_seen_; i < undelivered_.size(); ++i) {
    add(undelivered_[i] + ": ask undelivered()");
  }
  for (auto& [id, of] : entities_) {
    if (!of->exists()) continue;
    core::machine fresh(of->type, id, limits_);
    if (auto why = persistence::replay_all(fresh, history_of(id).steps())) {
      add(to_string(id) + ", replayed: " + why->detail);
    } else if (fresh.state() != of->machine->state()) {
      add(to_string(id) + ", replayed, has another state");
    }
  }
  if (options_.shuffled && !all.empty()) all = "seed " + std::to_string(options_.seed) + ": " + all;
  return all;
}

}  // namespace perdure::testing
