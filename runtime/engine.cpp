#include "runtime/engine.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <utility>

#include <spdlog/spdlog.h>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/atom.hpp>

#include "entities/bounds.h"
#include "entities/payload.h"
#include "persistence/sealing.h"
#include "runtime/delivery.h"
#include "runtime/journal_writer.h"
#include "runtime/live_entity.h"
#include "runtime/scheduling_policy.h"
#include "runtime/shard_host.h"
#include "runtime/timers.h"
#include "runtime/watchers.h"

namespace perdure::runtime {

namespace {

constexpr std::size_t parked_kept = 100;
constexpr duration sweep_every = 1s;
constexpr std::size_t sweep_most = 1'000;  // of one shard at once
constexpr duration outcome_again_after = 1s;
constexpr std::size_t most_waking = 1'000;

std::unique_ptr<caf::actor_system_config> configure(const engine_limits& limits) {
  auto config = std::make_unique<caf::actor_system_config>();
  config->load<scheduler>();
  const auto cores = std::max(2u, std::thread::hardware_concurrency());
  config->set("scheduler.max-threads", limits.threads ? limits.threads : std::size_t{cores});
  config->set("scheduler.max-throughput", std::size_t{200});  // a hot entity yields
  config->set("logger.console-verbosity", caf::atom("quiet"));
  config->set("logger.file-verbosity", caf::atom("quiet"));
  return config;
}

core::machine_limits to_machine_limits(const engine_limits& limits) {
  core::machine_limits to;
  to.timers = limits.timers_per_entity;
  to.suspended_handlers = limits.suspended_handlers;
  to.state_bytes = limits.state_bytes;
  to.history_events = limits.history_events;
  to.history_bytes = limits.history_bytes;
  to.idempotency_time = limits.idempotency_time;
  to.idempotency_keys = limits.idempotency_keys;
  to.calls = limits.calls_per_entity;
  to.senders = limits.senders_per_entity;
  to.payload_bytes = limits.payload_bytes;
  to.continue_after_events = limits.continue_after_events;
  to.continue_after_bytes = limits.continue_after_bytes;
  return to;
}

/// What signs the tokens of activities: known to every node of a journal, and to nobody else.
bytes secret_of(const persistence::journal& store) {
  constexpr std::size_t wanted = 32;
  const auto known = store.secret();
  bytes secret(wanted);
  for (std::size_t i = 0; i < wanted; ++i) secret[i] = known[i % known.size()];
  return secret;
}

const error draining_error{errc::draining,
                           "this node is shutting down: try again, or another node"};

}  // namespace

// Members are destroyed from the last to the first: the threads end before what they use.
struct engine::parts {
  parts(persistence::journal& store, const wall_clock& wall, engine_limits chosen)
      : limits(chosen),
        store(store),
        wall(wall),
        writer(store, wall, this->limits, on_their_way,
               {[this](entity_slot& slot, const persistence::entity_summary& after) {
                  if (due.committed(slot, after)) wake_housekeeper();
                  watching.committed(slot.id, after.last_event);
                },
                [this](const entity_slot& slot, const error& why) {
                  hosts[slot.shard]->commit_refused(slot, why);
                }}),
        activities(
            store, wall, secret_of(store), limits.activity_threads,
            [this](const entity_id& entity, timestamp life, event_number activity,
                   const core::call_outcome& how) { activity_ended(entity, life, activity, how); }),
        messages(wall, ways()),
        services{store,
                 writer,
                 activities,
                 messages,
                 wall,
                 this->limits,
                 nullptr,
                 to_machine_limits(limits),
                 [this](const entity_id& entity, const std::optional<error>& why) {
                   note_parked(entity, why);
                 }},
        due(
            store, wall,
            [this](const entity_id& entity, bool in_a_crowd, auto done) {
              wake(entity, in_a_crowd, std::move(done));
            },
            [this] { wake_housekeeper(); }),
        config(configure(limits)),
        environment{system, services, on_their_way,
                    [this](const std::string& name) -> const entity_type* {
                      auto found = types.find(name);
                      return found == types.end() ? nullptr : &found->second->type;
                    }},
        system(*config) {}

  template <class Message>
  void send(entity_id target, Message message) {
    auto sent = std::make_shared<delivery>();
    sent->target = std::move(target);
    sent->hash = sharding::hash_of(sent->target);
    sent->what = std::move(message);
    hosts[sharding::shard_of(sent->hash, shard_count())]->deliver(std::move(sent));
  }

  std::uint32_t shard_count() const { return static_cast<std::uint32_t>(hosts.size()); }

  template <class Message>
  void ask(const entity_id& target, Message message) {
    if (auto why = check(target)) return message.done(std::move(*why));
    send(target, std::move(message));
  }

  courier::ways ways();
  void carry(const core::origin& from, const core::outgoing& what, std::function<void()> taken,
             std::function<void(core::call_outcome)> done);
  void activity_ended(const entity_id& entity, timestamp life, event_number activity,
                      const core::call_outcome& how);
  void wake_pending();

  std::optional<error> check(const entity_id& target) const;
  std::optional<error> check(const request& what) const;
  void wake(const entity_id& entity, bool in_passing,
            std::function<void(std::optional<error>)> done);

  void note_parked(const entity_id& entity, const std::optional<error>& why);
  void wake_housekeeper();
  void keep_house();
  void sweep(timestamp now);
  std::size_t put_idle_away(std::int64_t time, std::size_t step);

  const engine_limits limits;
  const core::bounds bounds{limits.id_bytes, limits.key_bytes, limits.payload_bytes};
  persistence::journal& store;
  const wall_clock& wall;
  std::map<std::string, std::unique_ptr<hosted_type>, std::less<>> types;
  std::vector<std::shared_ptr<interceptor>> interceptors;
  std::shared_ptr<const payload_codec> codec;
  std::atomic<bool> serving{false};
  std::atomic<std::uint64_t> in_flight{0};
  std::atomic<std::uint64_t> node_overloaded{0};
  watchers watching;

  mutable std::mutex parked_mutex;
  std::deque<std::pair<entity_id, error>> parked;

  std::atomic<std::size_t> on_their_way{0};
  journal_writer writer;
  activity_dispatcher activities;
  courier messages;
  entity_services services;
  timers due;
  std::unique_ptr<caf::actor_system_config> config;
  shard_host::environment environment;
  std::vector<std::unique_ptr<shard_host>> hosts;
  caf::actor_system system;  // Ends when its actors have, and these use what stands above.

  std::mutex house_mutex;
  std::condition_variable house_woken;
  bool house_called = false;
  bool house_closed = false;
  timestamp last_sweep{};
  std::thread housekeeper;
};

// -- what entities ask of the world ---------------------------------------------------------------

courier::ways engine::parts::ways() {
  return {[this](const core::origin& from, const core::outgoing& what, auto taken, auto done) {
            carry(from, what, std::move(taken), std::move(done));
          },
          [this](const entity_id& sender, event_number number, auto done) {
            if (!types.contains(sender.type)) return;
            send(sender, delivered_message{number, std::move(done)});
          },
          [this](const entity_id& sender, event_number number, core::call_outcome how, auto done) {
            if (!types.contains(sender.type)) return;
            send(sender, outcome_message{false, number, std::move(how), std::move(done)});
          },
          [this](const entity_id& sender) {
            if (!types.contains(sender.type)) return;
            send(sender, settle_message{[](const auto&) {}});
          },
          [this](const entity_id& receiver, const entity_id& sender, timestamp life,
                 event_number number) {
            if (!types.contains(receiver.type)) return;
            send(receiver, forget_message{sender, life, number, [](const auto&) {}});
          }};
}

namespace {

/// Returns the method a message names. Errors: unknown_method.
result<const method*> method_of(const core::outgoing& what, const contract& type) {
  using core::message_kind;
  const bool starts = what.kind == message_kind::start || what.kind == message_kind::run;
  const method* found = type.find(what.method);
  if (!what.method_name.empty()) found = type.find(what.method_name);
  if (starts) found = type.main();
  const auto wanted = starts                              ? method_kind::main
                      : what.kind == message_kind::update ? method_kind::update
                      : what.kind == message_kind::query  ? method_kind::query
                                                          : method_kind::signal;
  if (found && found->kind == wanted) return found;
  if (starts) return error{errc::unknown_method, '"' + std::string(type.type) + "\" has no main"};
  const auto name = what.method_name.empty() ? "with the number " + std::to_string(what.method)
                                             : what.method_name;
  return error{errc::unknown_method, "\"" + std::string(type.type) + "\" has no " +
                                         std::string(to_string(wanted)) + ' ' + name};
}

/// Turns results into JSON for an untyped call.
completion in_json(const hosted_type& type, const method& of, completion done) {
  return [&type, &of, done = std::move(done)](result<answer> how) {
    // An accepted start has none yet.
    if (how && !how->results.empty()) {
      auto text = type.json.encode(of.results, how->results);
      if (!text) return done(std::move(text).error());
      const auto view = as_bytes_view(*text);
      how->results.assign(view.begin(), view.end());
    }
    done(std::move(how));
  };
}

}  // namespace

/// Sends an entity's message to another.
void engine::parts::carry(const core::origin& from, const core::outgoing& what,
                          std::function<void()> taken,
                          std::function<void(core::call_outcome)> done) {
  using core::message_kind;
  completion answered = [done = std::move(done)](result<answer> how) {
    if (how)
      done({std::move(how->results), std::nullopt});
    else
      done({{}, std::move(how).error()});
  };
  if (auto why = check(what.target)) return answered(std::move(*why));
  switch (what.kind) {
    case message_kind::cancel:
      return send(what.target,
                  cancel_message{what.reason, std::move(answered), from, what.as_child});
    case message_kind::terminate:
      return send(what.target,
                  terminate_message{what.reason, std::move(answered), from, what.as_child});
    case message_kind::result: {
      // Leaves nothing at the receiver, so the next message may follow at once.
      taken();
      auto& hosted = *types.find(what.target.type)->second;
      if (!what.method_name.empty() && hosted.contract().main()) {
        answered = in_json(hosted, *hosted.contract().main(), std::move(answered));
      }
      return send(what.target, result_message{forever, std::move(answered)});
    }
    case message_kind::query:
      taken();
      break;
    default:
      break;
  }
  auto& hosted = *types.find(what.target.type)->second;
  auto& contract = hosted.contract();
  call_message message;
  message.what.target = what.target;
  message.what.contract = &contract;
  auto found = method_of(what, contract);
  if (!found) return answered(std::move(found).error());
  message.what.method = *found;
  message.what.params = what.params;
  if (!what.method_name.empty()) {
    auto params = hosted.json.decode(message.what.method->params, as_text(what.params));
    if (!params) return answered(std::move(params).error());
    message.what.params = std::move(*params);
    answered = in_json(hosted, *message.what.method, std::move(answered));
  }
  message.what.options.start = what.start;
  message.what.options.traceparent = what.traceparent;
  message.what.options.until_accepted = what.kind == message_kind::start;
  message.done = std::move(answered);
  if (what.kind != message_kind::query) message.from = from;
  message.as_child = what.as_child;
  message.accepted = std::move(taken);
  send(what.target, std::move(message));
}

void engine::parts::activity_ended(const entity_id& entity, timestamp life, event_number activity,
                                   const core::call_outcome& how) {
  if (!types.contains(entity.type)) return;
  send(entity, outcome_message{true, activity, how,
                               [this, entity, life, activity](const std::optional<error>& why) {
                                 if (!why) return;
                                 if (retryable(why->code))
                                   activities.tell_again(entity, life, activity,
                                                         outcome_again_after);
                                 else
                                   activities.refused(entity, life, activity, *why);
                               }});
}

/// Brings back entities that had something under way when the journal was last used.
void engine::parts::wake_pending() {
  std::vector<entity_id> found;
  store.pending([&](const entity_id& entity) { found.push_back(entity); });
  for (auto& each : found) {
    // No faster than they are taken up.
    while (serving && on_their_way > most_waking) std::this_thread::sleep_for(1ms);
    if (!serving) return;
    wake(each, false, [](const auto&) {});
  }
}

// -- checks ---------------------------------------------------------------------------------------

std::optional<error> engine::parts::check(const entity_id& target) const {
  if (!serving) return draining_error;
  if (!types.contains(target.type)) {
    return error{errc::unknown_type, "no entity type \"" + target.type + "\" is hosted here"};
  }
  return core::check(target, bounds);
}

std::optional<error> engine::parts::check(const request& what) const {
  if (auto why = check(what.target)) return why;
  if (!what.method ||
      types.find(what.target.type)->second->contract().find(what.method->ordinal) == nullptr) {
    return error{errc::unknown_method, "\"" + what.target.type + "\" has no such method"};
  }
  return core::check(what, bounds);
}

// -- housekeeping ---------------------------------------------------------------------------------

void engine::parts::wake(const entity_id& entity, bool in_passing,
                         std::function<void(std::optional<error>)> done) {
  if (!types.contains(entity.type)) return done(std::nullopt);
  send(entity, wake_message{std::move(done), in_passing});
}

void engine::parts::note_parked(const entity_id& entity, const std::optional<error>& why) {
  std::lock_guard guard{parked_mutex};
  std::erase_if(parked, [&](auto& each) { return each.first == entity; });
  if (!why) return;
  spdlog::error("{} {}", to_string(why->code), why->detail);
  parked.emplace_back(entity, *why);
  if (parked.size() > parked_kept) parked.pop_front();
}

void engine::parts::wake_housekeeper() {
  {
    std::lock_guard guard{house_mutex};
    house_called = true;
  }
  house_woken.notify_one();
}

void engine::parts::keep_house() {
  std::unique_lock lock{house_mutex};
  while (!house_closed) {
    house_called = false;
    lock.unlock();
    const auto next = std::min(due.tick(), messages.tick());
    const auto now = wall.now();
    if (now >= last_sweep + sweep_every || now < last_sweep) sweep(now);
    const auto pause = std::clamp<duration>(next - now, 1ms, sweep_every);
    lock.lock();
    house_woken.wait_for(lock, pause, [&] { return house_closed || house_called; });
  }
}

void engine::parts::sweep(timestamp now) {
  last_sweep = now;
  const auto time = now.time_since_epoch().count();
  environment.coarse_time = time;
  const auto step = put_idle_away(time, 0);
  if (step > 0) put_idle_away(time, step);
}

/// Asks those to leave that are idle for the `step`th part of the time; returns the step at which
/// as many as have to go would be old enough.
std::size_t engine::parts::put_idle_away(std::int64_t time, std::size_t step) {
  idle_ages stayed;
  for (auto& host : hosts) {
    host->put_idle_away(time, limits.passivate_after.count(), step, sweep_most, stayed);
  }
  // When memory is short, ever younger entities have to go: half the time at each step.
  const auto used = static_cast<double>(services.active_bytes.load());
  const auto active = static_cast<double>(environment.active.load());
  auto excess = used > 0 ? active * (used - static_cast<double>(limits.active_bytes)) / used : 0;
  excess -= static_cast<double>(stayed.leaving);
  for (step = 0; step + 1 < idle_ages::steps; ++step) {
    excess -= static_cast<double>(stayed.of[step]);
    if (excess <= 0) break;
  }
  return step;
}

// -- the engine -----------------------------------------------------------------------------------

engine::engine(persistence::journal& store, const wall_clock& wall, engine_limits limits)
    : parts_(std::make_unique<parts>(store, wall, limits)) {}

engine::~engine() { drain(); }

void engine::host(entity_type type) {
  const std::string name{type.contract->type};
  if (!parts_->types.emplace(name, std::make_unique<hosted_type>(type)).second) {
    throw std::invalid_argument("the entity type \"" + name + "\" is hosted twice");
  }
}

void engine::provide(std::shared_ptr<activities_base> what, activity_limits limits) {
  parts_->activities.provide(std::move(what), limits);
}

void engine::intercept(std::shared_ptr<interceptor> what) {
  parts_->interceptors.push_back(std::move(what));
}

void engine::encode_with(std::shared_ptr<const payload_codec> codec) {
  parts_->codec = std::move(codec);
  parts_->services.codec = parts_->codec.get();
}

void engine::start() {
  auto& p = *parts_;
  const auto epochs = p.store.acquire_all();
  for (sharding::shard_number shard = 0; shard < epochs.size(); ++shard) {
    p.hosts.push_back(std::make_unique<shard_host>(p.environment, shard, epochs[shard]));
  }
  p.environment.coarse_time = p.wall.now().time_since_epoch().count();
  p.writer.start();
  p.activities.start();
  p.serving = true;
  p.housekeeper = std::thread([&p] {
    p.wake_pending();
    p.keep_house();
  });
}

void engine::drain() {
  auto& p = *parts_;
  if (!p.serving.exchange(false)) return;
  p.due.stop();
  p.activities.stop(p.limits.activity_patience);
  p.messages.stop();
  {
    std::lock_guard guard{p.house_mutex};
    p.house_closed = true;
  }
  p.house_woken.notify_one();
  p.housekeeper.join();
  while (p.environment.active.load() > 0) {
    for (auto& host : p.hosts) host->put_all_away(draining_error);
    std::this_thread::sleep_for(1ms);
  }
  p.writer.drain();
  p.store.flush();
}

void engine::look_at_clock() {
  parts_->activities.look_at_clock();
  parts_->wake_housekeeper();
}

std::vector<const hosted_type*> engine::types() const {
  std::vector<const hosted_type*> all;
  for (auto& [name, each] : parts_->types) all.push_back(each.get());
  return all;
}

const hosted_type* engine::find_type(std::string_view name) const {
  auto found = parts_->types.find(name);
  return found == parts_->types.end() ? nullptr : found->second.get();
}

namespace {

/// What an interceptor throws here is nobody's: the call has been answered by the entity.
void tell_after(interceptor& told, const entity_id& target, const method& method,
                result<answer>& how) {
  try {
    told.after(target, method, how);
  } catch (const std::exception& why) {
    spdlog::error("an interceptor threw after {} of {}: {}", method.name, to_string(target),
                  why.what());
  } catch (...) {
    spdlog::error("an interceptor threw after {} of {}", method.name, to_string(target));
  }
}

}  // namespace

void engine::call(request what, completion done) {
  auto& p = *parts_;
  if (auto why = p.check(what)) return done(std::move(*why));
  for (auto& each : p.interceptors) {
    if (auto why = each->before(what)) return done(std::move(*why));
  }
  if (!p.interceptors.empty()) {
    done = [&p, target = what.target, method = what.method,
            done = std::move(done)](result<answer> how) {
      for (auto each = p.interceptors.rbegin(); each != p.interceptors.rend(); ++each) {
        tell_after(**each, target, *method, how);
      }
      done(std::move(how));
    };
  }
  if (p.in_flight.fetch_add(1, std::memory_order_relaxed) >= p.limits.in_flight) {
    --p.in_flight;
    ++p.node_overloaded;
    return done(error{errc::overloaded, "this node has " + std::to_string(p.limits.in_flight) +
                                            " requests in flight, the limit: try again later"});
  }
  auto target = what.target;
  p.send(std::move(target), call_message{std::move(what), {std::move(done), &p.in_flight}});
}

void engine::await_update(const entity_id& entity, std::string key, duration patience,
                          std::function<void(result<update_state>)> done) {
  parts_->ask(entity, await_message{std::move(key), patience, std::move(done)});
}

void engine::describe(const entity_id& entity,
                      std::function<void(result<entity_description>)> done) {
  parts_->ask(entity, describe_message{std::move(done)});
}

void engine::await_result(const entity_id& entity, duration patience, completion done) {
  parts_->ask(entity, result_message{patience, std::move(done)});
}

void engine::cancel(const entity_id& entity, std::string reason, completion done) {
  parts_->ask(entity, cancel_message{std::move(reason), std::move(done)});
}

void engine::terminate(const entity_id& entity, std::string reason, completion done) {
  parts_->ask(entity, terminate_message{std::move(reason), std::move(done)});
}

void engine::pause(const entity_id& entity, std::string reason, completion done) {
  parts_->ask(entity, pause_message{std::move(reason), std::move(done)});
}

void engine::resume(const entity_id& entity, completion done) {
  parts_->ask(entity, resume_message{std::move(done)});
}

void engine::reset(const entity_id& entity, event_number to, std::string reason, completion done) {
  parts_->ask(entity, reset_message{to, std::move(reason), std::move(done)});
}

activity_dispatcher& engine::activities() { return parts_->activities; }

std::uint64_t engine::count(const persistence::list_filter& filter) const {
  return parts_->store.count(filter);
}

std::vector<persistence::listed_entity> engine::list(const persistence::list_filter& filter) const {
  return parts_->store.list(filter);
}

result<std::vector<core::record>> engine::history(const entity_id& entity, event_number from,
                                                  std::size_t limit,
                                                  std::optional<run_number> run) const {
  if (auto why = parts_->check(entity)) return std::move(*why);
  auto found = parts_->store.history(entity, from, limit, run);
  if (!found || !parts_->codec) return found;
  for (auto& step : *found) {
    if (auto why = persistence::unseal(step, *parts_->codec)) return std::move(*why);
  }
  return found;
}

subscription engine::watch(const entity_id& entity, std::function<void(event_number)> changed) {
  return parts_->watching.add(entity, std::move(changed));
}

engine_stats engine::stats() const {
  auto& p = *parts_;
  const auto written = p.writer.figures();
  engine_stats all;
  all.signals = p.services.signals;
  all.updates = p.services.updates;
  all.queries = p.services.queries;
  all.starts = p.services.starts;
  all.messages_under_way = p.messages.under_way();
  all.activities = p.activities.figures();
  all.refused = p.services.refused;
  all.replayed = p.services.replayed;
  all.overloaded = p.environment.overloaded + p.node_overloaded;
  all.timers_fired = p.services.timers_fired;
  all.continued = p.services.continued;
  all.activations = p.environment.activations;
  all.passivations = p.environment.passivations;
  all.parked = p.services.parked;
  all.active = p.environment.active;
  all.active_bytes = static_cast<std::uint64_t>(std::max<std::int64_t>(0, p.services.active_bytes));
  all.in_flight = p.in_flight;
  all.snapshots = written.snapshots;
  all.commits = written.commits;
  all.committed_steps = written.steps;
  all.commit_seconds = written.seconds;
  all.journal = p.store.stats();
  return all;
}

std::vector<std::pair<entity_id, error>> engine::parked() const {
  std::lock_guard guard{parts_->parked_mutex};
  return {parts_->parked.begin(), parts_->parked.end()};
}

persistence::journal& engine::store() { return parts_->store; }

}  // namespace perdure::runtime
