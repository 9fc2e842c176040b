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
#include <caf/scheduler/coordinator.hpp>

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

std::unique_ptr<caf::actor_system_config> configure(const engine_limits& limits) {
  auto config = std::make_unique<caf::actor_system_config>();
  config->load<caf::scheduler::coordinator<scheduling_policy>>();
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
  return to;
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
        services{store,
                 writer,
                 wall,
                 this->limits,
                 to_machine_limits(limits),
                 [this](const entity_id& entity, const std::optional<error>& why) {
                   note_parked(entity, why);
                 }},
        due(store, wall,
            [this](const entity_id& entity, auto done) { wake(entity, std::move(done)); }),
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

  std::optional<error> check(const entity_id& target) const;
  std::optional<error> check(const request& what) const;
  void wake(const entity_id& entity, std::function<void(std::optional<error>)> done);

  void note_parked(const entity_id& entity, const std::optional<error>& why);
  void wake_housekeeper();
  void keep_house();
  void sweep(timestamp now);

  const engine_limits limits;
  persistence::journal& store;
  const wall_clock& wall;
  std::map<std::string, std::unique_ptr<hosted_type>, std::less<>> types;
  std::atomic<bool> serving{false};
  std::atomic<std::uint64_t> in_flight{0};
  std::atomic<std::uint64_t> node_overloaded{0};
  watchers watching;

  mutable std::mutex parked_mutex;
  std::deque<std::pair<entity_id, error>> parked;

  std::atomic<std::size_t> on_their_way{0};
  journal_writer writer;
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

// -- checks ---------------------------------------------------------------------------------------

std::optional<error> engine::parts::check(const entity_id& target) const {
  if (!serving) return draining_error;
  if (!types.contains(target.type)) {
    return error{errc::unknown_type, "no entity type \"" + target.type + "\" is hosted here"};
  }
  if (target.id.empty() || target.id.size() > limits.id_bytes) {
    return error{errc::malformed, "id: expected 1 to " + std::to_string(limits.id_bytes) +
                                      " bytes, got " + std::to_string(target.id.size())};
  }
  return std::nullopt;
}

std::optional<error> engine::parts::check(const request& what) const {
  if (auto why = check(what.target)) return why;
  if (!what.method ||
      types.find(what.target.type)->second->contract().find(what.method->ordinal) == nullptr) {
    return error{errc::unknown_method, "\"" + what.target.type + "\" has no such method"};
  }
  if (what.params.size() > limits.payload_bytes) {
    return error{errc::too_large, "the parameters have " + std::to_string(what.params.size()) +
                                      " bytes; the limit is " +
                                      std::to_string(limits.payload_bytes)};
  }
  if (what.options.key.size() > limits.key_bytes) {
    return error{errc::malformed, "idempotency key: expected at most " +
                                      std::to_string(limits.key_bytes) + " bytes, got " +
                                      std::to_string(what.options.key.size())};
  }
  if (what.options.delay < duration::zero()) {
    return error{errc::malformed, "delay: expected a duration that is not negative"};
  }
  return std::nullopt;
}

// -- housekeeping ---------------------------------------------------------------------------------

void engine::parts::wake(const entity_id& entity, std::function<void(std::optional<error>)> done) {
  if (!types.contains(entity.type)) return done(std::nullopt);
  send(entity, wake_message{std::move(done)});
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
    const auto next = due.tick();
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
  // When memory is short, ever younger entities have to go: half the time at each step.
  auto idle = limits.passivate_after.count();
  const auto limit = static_cast<std::int64_t>(limits.active_bytes);
  for (int step = 0; step < 16; ++step, idle /= 2) {
    for (auto& host : hosts) host->put_idle_away(time - idle, sweep_most);
    if (services.active_bytes.load() <= limit) return;
  }
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

void engine::start() {
  auto& p = *parts_;
  const auto epochs = p.store.acquire_all();
  for (sharding::shard_number shard = 0; shard < epochs.size(); ++shard) {
    p.hosts.push_back(std::make_unique<shard_host>(p.environment, shard, epochs[shard]));
  }
  p.environment.coarse_time = p.wall.now().time_since_epoch().count();
  p.writer.start();
  p.serving = true;
  p.housekeeper = std::thread([&p] { p.keep_house(); });
}

void engine::drain() {
  auto& p = *parts_;
  if (!p.serving.exchange(false)) return;
  p.due.stop();
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

void engine::look_at_clock() { parts_->wake_housekeeper(); }

std::vector<const hosted_type*> engine::types() const {
  std::vector<const hosted_type*> all;
  for (auto& [name, each] : parts_->types) all.push_back(each.get());
  return all;
}

const hosted_type* engine::find_type(std::string_view name) const {
  auto found = parts_->types.find(name);
  return found == parts_->types.end() ? nullptr : found->second.get();
}

void engine::call(request what, completion done) {
  auto& p = *parts_;
  if (auto why = p.check(what)) return done(std::move(*why));
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
  if (auto why = parts_->check(entity)) return done(std::move(*why));
  parts_->send(entity, await_message{std::move(key), patience, std::move(done)});
}

void engine::describe(const entity_id& entity,
                      std::function<void(result<entity_description>)> done) {
  if (auto why = parts_->check(entity)) return done(std::move(*why));
  parts_->send(entity, describe_message{std::move(done)});
}

void engine::terminate(const entity_id& entity, std::string reason, completion done) {
  if (auto why = parts_->check(entity)) return done(std::move(*why));
  parts_->send(entity, terminate_message{std::move(reason), std::move(done)});
}

std::vector<persistence::listed_entity> engine::list(const persistence::list_filter& filter) const {
  return parts_->store.list(filter);
}

result<std::vector<core::record>> engine::history(const entity_id& entity, event_number from,
                                                  std::size_t limit,
                                                  std::optional<run_number> run) const {
  if (auto why = parts_->check(entity)) return std::move(*why);
  return parts_->store.history(entity, from, limit, run);
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
