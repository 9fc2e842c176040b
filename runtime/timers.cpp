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
  if (now >= next_refill_ || now + horizon < horizon_.load()) refill(now);
  std::vector<entry> due;
  {
    std::lock_guard guard{mutex_};
    while (!soon_.empty() && soon_.begin()->first <= now && under_way_ < most_under_way) {
      due.push_back(std::move(soon_.extract(soon_.begin()).value()));
      ++under_way_;
    }
  }
  for (auto& each : due) wake(std::move(each), now);
  std::lock_guard guard{mutex_};
  const auto latest = std::min(now + look_again, next_refill_);
  if (soon_.empty() || under_way_ >= most_under_way) return latest;
  return std::min(latest, soon_.begin()->first);
}

void timers::refill(timestamp now) {
  // The horizon first: what is committed from here on comes by `committed`, what was committed
  // before is in the index.
  horizon_.store(now + horizon, std::memory_order_release);
  next_refill_ = now + refill_every;
  std::vector<entry> found;
  store_.due(now + horizon,
             [&](const entity_id& entity, timestamp due) { found.emplace_back(due, entity); });
  std::lock_guard guard{mutex_};
  for (auto& each : found) soon_.insert(std::move(each));
}

void timers::wake(entry due, timestamp now) {
  // Most entries of busy entities have been put off since: do not bring those into memory.
  auto known = store_.find(due.second);
  if (stopped_ || !known || !known->next_due || *known->next_due > now) {
    return answered(due.second, std::nullopt);
  }
  wake_(due.second,
        [this, entity = due.second](const std::optional<error>& why) { answered(entity, why); });
}

void timers::answered(const entity_id& entity, const std::optional<error>& why) {
  {
    std::lock_guard guard{mutex_};
    --under_way_;
    if (why && !stopped_) soon_.emplace(wall_.now() + retry_after, entity);
    // Many came due at once: the next are woken before nobody is under way.
    if (under_way_ != most_under_way / 2 || soon_.empty() || stopped_) return;
  }
  call_();
}

}  // namespace perdure::runtime
