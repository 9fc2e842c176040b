#include "runtime/timers.h"

#include <algorithm>
#include <vector>

namespace perdure::runtime {

namespace {

constexpr duration horizon = 60s;
constexpr duration refill_every = 30s;
constexpr duration retry_after = 5s;
constexpr duration look_again = 1s;  // The wall clock may jump.
constexpr std::size_t most_under_way = 4'096;
constexpr std::size_t most_overdue = 8'192;
constexpr std::size_t read_at_once = 8;  // Portions of the journal's.

}  // namespace

timers::timers(const persistence::journal& store, const wall_clock& wall, waker wake,
               std::function<void()> call)
    : store_(store), wall_(wall), wake_(std::move(wake)), call_(std::move(call)) {}

bool timers::committed(entity_slot& slot, const persistence::entity_summary& after) {
  const auto due = after.next_due ? after.next_due->time_since_epoch().count() : 0;
  if (slot.armed_due.exchange(due, std::memory_order_relaxed) == due || due == 0) return false;
  if (*after.next_due >= horizon_.load(std::memory_order_acquire)) return false;
  std::lock_guard guard{mutex_};
  const auto added = soon_.emplace(*after.next_due, slot.id);
  return added.second && added.first == soon_.begin();
}

timestamp timers::tick() {
  const auto now = wall_.now();
  read_on(now);
  for (auto& each : take_due(now)) {
    if (is_still_due(each, now))
      wake(each.second, false);
    else
      answered(each.second, std::nullopt);
  }
  const bool crowded = overdue_.size() >= most_under_way;
  std::unique_lock lock{mutex_};
  while (!overdue_.empty() && under_way_ < most_under_way) {
    ++under_way_;
    lock.unlock();
    wake(overdue_.front(), crowded);
    overdue_.pop_front();
    lock.lock();
  }
  const auto latest = std::min(now + look_again, next_refill_);
  if (under_way_ >= most_under_way) return latest;
  if (reading_) return now;
  return soon_.empty() ? latest : std::min(latest, soon_.begin()->first);
}

/// Reads what will be due before the horizon, a few at a time.
void timers::read_on(timestamp now) {
  if (!reading_ || now + horizon < horizon_.load()) {
    if (now < next_refill_ && now + horizon >= horizon_.load()) return;
    // The horizon first: what is committed from here on comes by `committed`, what was committed
    // before is in the index.
    horizon_.store(now + horizon, std::memory_order_release);
    next_refill_ = now + refill_every;
    reading_ = store_.due(now + horizon);
  }
  std::vector<entry> later;
  for (std::size_t i = 0; reading_ && i < read_at_once && overdue_.size() < most_overdue; ++i) {
    const bool more = reading_([&](const entity_id& entity, timestamp due) {
      if (due <= now)
        overdue_.push_back(entity);
      else
        later.emplace_back(due, entity);
    });
    if (!more) reading_ = nullptr;
  }
  std::lock_guard guard{mutex_};
  for (auto& each : later) soon_.insert(std::move(each));
}

std::vector<timers::entry> timers::take_due(timestamp now) {
  std::vector<entry> due;
  std::lock_guard guard{mutex_};
  while (!soon_.empty() && soon_.begin()->first <= now && under_way_ < most_under_way) {
    due.push_back(std::move(soon_.extract(soon_.begin()).value()));
    ++under_way_;
  }
  return due;
}

/// Most entries of busy entities have been put off since: those are not brought into memory.
bool timers::is_still_due(const entry& due, timestamp now) const {
  const auto known = store_.find(due.second);
  return known && known->next_due && *known->next_due <= now;
}

void timers::wake(const entity_id& entity, bool in_a_crowd) {
  if (stopped_) return answered(entity, std::nullopt);
  wake_(entity, in_a_crowd,
        [this, entity](const std::optional<error>& why) { answered(entity, why); });
}

void timers::answered(const entity_id& entity, const std::optional<error>& why) {
  {
    std::lock_guard guard{mutex_};
    --under_way_;
    if (why && !stopped_) soon_.emplace(wall_.now() + retry_after, entity);
    // Many came due at once: the next are woken before nobody is under way.
    if (under_way_ != most_under_way / 2 || stopped_) return;
  }
  call_();
}

}  // namespace perdure::runtime
