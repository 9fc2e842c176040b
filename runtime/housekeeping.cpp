// What time brings: timers, messages to be sent again, entities that have been idle for long.

#include <algorithm>
#include <thread>
#include <utility>

#include <spdlog/spdlog.h>

#include "runtime/engine_parts.h"

namespace perdure::runtime {

namespace {

constexpr std::size_t parked_kept = 100;
constexpr duration sweep_every = 1s;
constexpr std::size_t sweep_most = 1'000;  // of one shard at once
constexpr std::size_t most_waking = 1'000;
constexpr duration look_at_held_every = 60s;
constexpr std::size_t held_woken = 100;  // at once

}  // namespace

void engine::parts::wake(const entity_id& entity, bool in_passing, process::report done) {
  if (!types.contains(entity.type)) return done(std::nullopt);
  send(entity, process::wake{std::move(done), in_passing});
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

/// Brings back entities that have ended long ago and that somebody still has something to settle
/// with: they ask, so that they can be removed.
void engine::parts::wake_held_back(timestamp now) {
  for (auto& each : store.held_back(now, held_woken)) wake(each, false, [](const auto&) {});
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
    if (now >= last_look_at_held + look_at_held_every || now < last_look_at_held) {
      last_look_at_held = now;
      wake_held_back(now);
    }
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

}  // namespace perdure::runtime
