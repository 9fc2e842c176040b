#include "testing/world.h"

#include <algorithm>

#include "entities/bounds.h"
#include "entities/payload.h"
#include "persistence/replay.h"
#include "process/life.h"

namespace perdure::testing {

namespace {

std::string result_text(const result<answer>& what) {
  if (!what) return std::string(to_string(what.error().code)) + ": " + what.error().detail;
  return "event " + std::to_string(what->event) + (what->replayed ? " (again)" : "") + ", " +
         std::to_string(what->results.size()) + " bytes of results (digest " +
         std::to_string(core::digest(what->results)) + ")";
}

}  // namespace

bool is_bookkeeping(const core::record& step) {
  return std::holds_alternative<core::settled>(step.what) && !step.from && !step.once;
}

place live::place_of(event_number event) const {
  const auto after = steps.upper_bound(event);
  return after == steps.begin() ? life_began : std::max(std::prev(after)->second, life_began);
}

world::world(test_options options, crashing crashes)
    : options_(std::move(options)),
      crashes_(crashes),
      epochs_(journal_.acquire_all()),
      now_(options_.start),
      choices_(options_.seed) {
  shared_.limits.machine.continue_after_events = options_.continue_after_events;
  shared_.limits.snapshot_every_events = options_.snapshot_every_events;
  shared_.codec = options_.codec.get();
  // Not by draws: what is drawn for a step that a crash has cut off is drawn again.
  shared_.new_life = [this](sharding::epoch_number epoch) {
    return process::life_name(epoch, lives_ + 1);
  };
}

world::~world() { losing_ = true; }

void world::host(const entity_type& type) {
  const std::string name(type.contract->type);
  if (!types_.emplace(name, std::make_shared<const process::hosted_type>(type)).second) {
    throw std::invalid_argument('"' + name + "\" is hosted already");
  }
}

void world::deploy(const entity_type& type) {
  auto known = types_.find(type.contract->type);
  if (known == types_.end()) {
    throw std::invalid_argument('"' + std::string(type.contract->type) + "\" is not hosted");
  }
  known->second = std::make_shared<const process::hosted_type>(type);
  for (auto& [id, of] : entities_) {
    if (id.type != known->first || of->machine().has_ended()) continue;
    of->type = known->second;
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
  if (auto why = core::check(what, {.payload_bytes = shared_.limits.machine.payload_bytes})) {
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

/// Has recorded what is known of messages, once there is nothing else to do.
bool world::settle_all() {
  const auto before = commits_;
  while (!unsettled_.empty() && commits_ == before) {
    deliver(get(unsettled_.extract(unsettled_.begin()).value()), process::record_settled{});
  }
  return commits_ > before;
}

bool world::skip(timestamp end) {
  if (agenda_.empty()) return false;
  const auto next = std::get<place>(*agenda_.begin()).time;
  if (next <= now_ || next > end) return false;
  now_ = next;
  trace_.times.push_back(next);
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
    case kind::timer: {
      const auto before = commits_;
      while (!deliver(of, process::wake{})) {
        const auto due = of.machine().next_due();
        if (!due || *due > now_) break;
      }
      if (commits_ == before) fail(to_string(id) + ": a timer is due and does not fire");
      break;
    }
    case kind::request:
      ask(of);
      break;
    case kind::impatience:
      give_up(number, "it goes on, ask again: ");
      break;
    case kind::send:
      send(of, number);
      break;
    case kind::answer:
      tell(of, number);
      break;
    case kind::attempt:
      go_on(of, number);
      break;
  }
  touch(of);
}

std::vector<world::entry> world::entries_of(const live& of) const {
  std::vector<entry> all;
  if (auto due = of.machine().next_due()) all.push_back({{*due, 0}, kind::timer, 0, of.id});
  if (!of.requests.empty()) {
    auto& first = of.requests.front();
    all.push_back({first.sent, kind::request, first.number, of.id});
  }
  for (auto& [event, each] : of.callers) {
    if (each.until == timestamp::max()) continue;
    all.push_back({{each.until, 0}, kind::impatience, each.number, of.id});
  }
  for (auto& [number, each] : of.replies) all.push_back({each.when, kind::answer, number, of.id});
  std::set<entity_id> busy;  // Receivers to whom an earlier message is on its way.
  for (auto& [number, each] : of.letters) {
    if (each.how == letter::state::sent) continue;
    if (!busy.insert(each.what->what.target).second) continue;
    all.push_back({each.when, kind::send, number, of.id});
  }
  for (auto& [number, each] : of.runs) {
    if (each.next.time == timestamp::max()) continue;
    all.push_back({each.next, kind::attempt, number, of.id});
  }
  return all;
}

/// Lists anew what can be done for it.
void world::touch(live& of) {
  if (!of.process->machine()) return;  // The test has failed.
  auto& outbox = of.machine().outbox();
  const auto life = of.machine().life();
  std::erase_if(of.letters, [&](auto& each) {
    return !outbox.contains(each.first) || each.second.what->life != life;
  });
  std::erase_if(of.runs, [&](auto& each) {
    return !of.machine().activities().contains(each.first) || each.second.life != life;
  });
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
  for (auto& each : complaints_) add(each);
  for (auto& [id, of] : entities_) {
    if (!of->exists()) continue;
    core::machine fresh(of->type->type, id, shared_.limits.machine);
    if (auto why = persistence::replay_all(fresh, history_of(id).steps())) {
      add(to_string(id) + ", replayed: " + why->detail);
    } else if (fresh.state() != of->machine().state()) {
      add(to_string(id) + ", replayed, has another state");
    } else if (auto misused = fresh.drop_handlers()) {
      add(misused->detail);
    }
  }
  if (options_.shuffled && !all.empty()) all = "seed " + std::to_string(options_.seed) + ": " + all;
  return all;
}

}  // namespace perdure::testing
