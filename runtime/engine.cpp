#include "runtime/engine.h"

#include <algorithm>
#include <stdexcept>
#include <thread>
#include <utility>

#include <spdlog/spdlog.h>
#include <caf/atom.hpp>

#include "entities/payload.h"
#include "entities/state_schema.h"
#include "persistence/sealing.h"
#include "runtime/engine_parts.h"
#include "runtime/scheduling_policy.h"

namespace perdure::runtime {

namespace {

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

process::limits to_process_limits(const engine_limits& limits) {
  process::limits all;
  all.snapshot_every_events = limits.snapshot_every_events;
  all.state_bytes_warning = limits.state_bytes_warning;
  all.stay = limits.passivate_after;
  auto& to = all.machine;
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
  return all;
}

/// What signs the tokens of activities: known to every node of a journal, and to nobody else.
bytes secret_of(const persistence::journal& store) {
  constexpr std::size_t wanted = 32;
  const auto known = store.secret();
  bytes secret(wanted);
  for (std::size_t i = 0; i < wanted; ++i) secret[i] = known[i % known.size()];
  return secret;
}

/// Returns how the types' states are laid out, where that is not what the journal has noted. Throws
/// `failure` where a contract would misread what is stored.
std::vector<std::pair<std::string_view, bytes>> changed_schemas(
    const persistence::journal& store, const std::vector<const hosted_type*>& types) {
  std::vector<std::pair<std::string_view, bytes>> changed;
  for (auto* each : types) {
    auto& contract = each->contract();
    const auto stored = store.schema(contract.type);
    auto present = core::state_schema(contract);
    if (stored == present) continue;
    if (stored) {
      if (auto why = core::check_state_schema(*stored, contract)) throw failure(std::move(*why));
    }
    changed.emplace_back(contract.type, std::move(present));
  }
  return changed;
}

const error draining_error{errc::draining,
                           "this node is shutting down: try again, or another node"};

}  // namespace

engine::parts::parts(persistence::journal& store, const wall_clock& wall, engine_limits chosen)
    : limits(chosen),
      store(store),
      wall(wall),
      activities(
          store, wall, secret_of(store), limits.activity_threads,
          [this](const entity_id& entity, timestamp life, event_number activity,
                 const core::call_outcome& how) { activity_ended(entity, life, activity, how); }),
      messages(wall, [this](entity_id to,
                            process::delivery what) { hand(std::move(to), std::move(what)); }),
      out(activities, messages),
      writer(store, wall, this->limits, on_their_way, out,
             {[this](entity_slot& slot, const persistence::entity_summary& after) {
                if (due.committed(slot, after)) wake_housekeeper();
                watching.committed(slot.id, after.last_event);
              },
              [this](const entity_slot& slot, const error& why) {
                hosts[slot.shard]->commit_refused(slot, why);
              }}),
      services{store,
               writer,
               activities,
               messages,
               out,
               wall,
               this->limits,
               {to_process_limits(limits), nullptr,
                [this](sharding::epoch_number epoch) {
                  return process::life_name(epoch, lives_begun++);
                }},
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
                  [this](const std::string& name) -> const hosted_type* {
                    auto found = types.find(name);
                    return found == types.end() ? nullptr : found->second.get();
                  }},
      system(*config) {}

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
  parts_->services.shared.codec = parts_->codec.get();
}

void engine::start() {
  auto& p = *parts_;
  const auto schemas = changed_schemas(p.store, types());
  const auto epochs = p.store.acquire_all();
  for (auto& [type, schema] : schemas) p.store.keep_schema(type, schema);
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
  if (!p.in_flight.take_off(p.limits.in_flight)) {
    ++p.node_overloaded;
    return done(error{errc::overloaded, "this node has " + std::to_string(p.limits.in_flight) +
                                            " requests in flight, the limit: try again later"});
  }
  auto target = what.target;
  p.send(std::move(target), process::call{std::move(what), {std::move(done), &p.in_flight}});
}

void engine::await_update(const entity_id& entity, std::string key, duration patience,
                          std::function<void(result<update_state>)> done) {
  parts_->ask(entity, process::await_update{std::move(key), patience, std::move(done)});
}

void engine::describe(const entity_id& entity,
                      std::function<void(result<entity_description>)> done) {
  parts_->ask(entity, process::describe{std::move(done)});
}

void engine::await_result(const entity_id& entity, duration patience, completion done) {
  parts_->ask(entity, process::await_result{patience, std::move(done)});
}

void engine::cancel(const entity_id& entity, std::string reason, completion done) {
  parts_->ask(entity, process::cancel{std::move(reason), std::move(done)});
}

void engine::terminate(const entity_id& entity, std::string reason, completion done) {
  parts_->ask(entity, process::terminate{std::move(reason), std::move(done)});
}

void engine::pause(const entity_id& entity, std::string reason, completion done) {
  parts_->ask(entity, process::pause{std::move(reason), std::move(done)});
}

void engine::resume(const entity_id& entity, completion done) {
  parts_->ask(entity, process::resume{std::move(done)});
}

void engine::reset(const entity_id& entity, event_number to, std::string reason, completion done) {
  parts_->ask(entity, process::reset{to, std::move(reason), std::move(done)});
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
  all.messages_under_way =
      static_cast<std::uint64_t>(std::max<std::int64_t>(0, p.services.messages_under_way));
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
  all.in_flight = p.in_flight.now();
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
