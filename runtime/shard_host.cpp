#include "runtime/shard_host.h"

#include <utility>

#include <caf/actor_system.hpp>
#include <caf/scheduler/abstract_coordinator.hpp>

#include "runtime/entity_actor.h"

namespace perdure::runtime {

void shard_host::deliver(mail_ptr what) {
  {
    std::lock_guard guard{mutex_};
    if (accept(what)) return;
  }
  ++shared_.overloaded;
  shared_.services.out.refuse(
      what->target, what->what,
      {errc::overloaded, to_string(what->target) + " has " +
                             std::to_string(shared_.services.limits.mailbox) +
                             " messages waiting, the limit: send it less at a time, or try again "
                             "later"});
}

bool shard_host::accept(mail_ptr& what) {
  auto found = find(what->hash, what->target);
  auto& to = found == residents_.end() ? activate(*what) : found->second;
  const bool is_full =
      to.slot->waiting.load(std::memory_order_relaxed) >= shared_.services.limits.mailbox;
  if (is_full && is_bounded(what->what)) return false;
  to.last_used = shared_.coarse_time.load(std::memory_order_relaxed);
  to.slot->waiting.fetch_add(1, std::memory_order_relaxed);
  send(to, std::move(what));
  return true;
}

void shard_host::send(resident& to, mail_ptr what) {
  if (to.leaving) {
    to.kept.push_back(std::move(what));
    return;
  }
  shared_.on_their_way.fetch_add(1, std::memory_order_relaxed);
  to.actor->tell(std::move(what));
}

void shard_host::schedule(entity_actor* whom) { shared_.system.scheduler().enqueue(whom); }

void shard_host::handled(entity_slot& slot) {
  slot.waiting.fetch_sub(1, std::memory_order_relaxed);
  shared_.on_their_way.fetch_sub(1, std::memory_order_relaxed);
}

shard_host::resident& shard_host::activate(const mail& first) {
  auto slot = std::make_shared<entity_slot>();
  slot->id = first.target;
  slot->hash = first.hash;
  slot->shard = shard_;
  slot->epoch = epoch_;
  entity_actor_ptr actor(
      new entity_actor(*this, shared_.services, *shared_.find_type(first.target.type), slot));
  ++shared_.active;
  ++shared_.activations;
  resident fresh{std::move(slot), std::move(actor), 0, false, false, {}};
  return residents_.emplace(first.hash, std::move(fresh))->second;
}

shard_host::residents::iterator shard_host::find(std::uint64_t hash, const entity_id& id) {
  auto [each, end] = residents_.equal_range(hash);
  while (each != end && each->second.slot->id != id) ++each;
  return each == end ? residents_.end() : each;
}

shard_host::resident* shard_host::find(const entity_slot& slot) {
  auto found = find(slot.hash, slot.id);
  return found == residents_.end() || found->second.slot.get() != &slot ? nullptr : &found->second;
}

void shard_host::ask_to_leave(resident& whom) {
  whom.leaving = true;
  whom.actor->tell(to_mail(mail::kind::leave));
}

void shard_host::put_idle_away(std::int64_t time, std::int64_t longest, std::size_t step,
                               std::size_t most, idle_ages& stayed) {
  std::lock_guard guard{mutex_};
  std::size_t asked = 0;
  for (auto& [hash, each] : residents_) {
    const auto idle = time - each.last_used;
    if (!each.leaving && idle >= longest >> step && asked < most) {
      ask_to_leave(each);
      ++asked;
    }
    if (each.leaving) {
      ++stayed.leaving;
      continue;
    }
    for (std::size_t k = 0; k < idle_ages::steps; ++k) {
      if (idle < longest >> k) continue;
      ++stayed.of[k];
      break;
    }
  }
}

void shard_host::put_all_away(const error& why) {
  std::vector<mail_ptr> kept;
  {
    std::lock_guard guard{mutex_};
    for (auto& [hash, each] : residents_) {
      if (std::exchange(each.sent_off, true)) continue;
      each.leaving = true;
      each.actor->tell(to_mail(mail::kind::leave, why));
      for (auto& one : std::exchange(each.kept, {})) kept.push_back(std::move(one));
    }
  }
  for (auto& each : kept) shared_.services.out.refuse(each->target, each->what, why);
}

void shard_host::commit_refused(const entity_slot& slot, const error& why) {
  std::lock_guard guard{mutex_};
  if (auto* whom = find(slot)) whom->actor->tell(to_mail(mail::kind::commit_refused, why));
}

void shard_host::stays(const entity_slot& slot) {
  std::lock_guard guard{mutex_};
  auto* whom = find(slot);
  if (!whom) return;
  whom->leaving = false;
  for (auto& each : std::exchange(whom->kept, {})) send(*whom, std::move(each));
}

void shard_host::left(const entity_slot& slot) {
  std::lock_guard guard{mutex_};
  auto* whom = find(slot);
  if (!whom) return;
  auto kept = std::move(whom->kept);
  residents_.erase(find(slot.hash, slot.id));
  --shared_.active;
  ++shared_.passivations;
  // Under the same lock, so that nobody overtakes what was kept.
  for (auto& each : kept) accept(each);
}

bool shard_host::dismiss(const entity_slot& slot) {
  if (slot.waiting.load(std::memory_order_relaxed) > 0) return false;
  std::lock_guard guard{mutex_};
  auto* whom = find(slot);
  // Whatever is sent is counted under the lock.
  if (!whom || whom->leaving || slot.waiting.load(std::memory_order_relaxed) > 0) return false;
  whom->leaving = true;
  return true;
}

}  // namespace perdure::runtime
