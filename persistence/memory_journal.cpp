#include "persistence/memory_journal.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include "persistence/check.h"
#include "persistence/codec.h"
#include "persistence/limits.h"

namespace perdure::persistence {

namespace {

std::uint64_t digest_of(const bytes& data) { return XXH3_64bits(data.data(), data.size()); }

/// Of a stored record: they stand in order of it.
constexpr auto last_event_of = [](auto& stored) { return stored.after.last_event; };

bool begins_run(const batch& next) { return next.first_event == next.after.run_began; }

void check_failure(append_outcome outcome, bool written) {
  check(outcome != append_outcome::ok, "a failure is none");
  check(!written || outcome == append_outcome::unknown, "what is refused is not written");
}

error not_found(const entity_id& entity) {
  return {errc::entity_not_found, to_string(entity) + " does not exist"};
}

}  // namespace

memory_journal::memory_journal(memory_options options)
    : options_(options), epochs_(options.shard_count) {
  check(options.shard_count > 0, "a journal has a shard");
}

void memory_journal::fail_next(append_outcome outcome, std::size_t count, bool written) {
  check_failure(outcome, written);
  std::lock_guard lock(mutex_);
  failures_.insert(failures_.end(), count, {outcome, written});
}

void memory_journal::fail_next_of(const entity_id& entity, append_outcome outcome,
                                  std::size_t count, bool written) {
  check_failure(outcome, written);
  if (count == 0) return;
  std::lock_guard lock(mutex_);
  auto& planned = failures_of_[entity];
  planned.insert(planned.end(), count, {outcome, written});
}

void memory_journal::lose(bool notes, bool snapshots) {
  std::lock_guard lock(mutex_);
  loses_notes_ = notes;
  loses_snapshots_ = snapshots;
}

void memory_journal::lose_derived() {
  std::lock_guard lock(mutex_);
  for (auto& [entity, stored] : entities_) {
    stored.base.reset();
    stored.progress.clear();
  }
}

bool memory_journal::damage(const entity_id& entity, event_number event) {
  std::lock_guard lock(mutex_);
  auto found = entities_.find(entity);
  if (found == entities_.end()) return false;
  for (auto& stored : found->second.records) {
    if (event < stored.first_event || event > stored.after.last_event) continue;
    stored.encoded[stored.encoded.size() / 2] ^= std::byte{1};
    return true;
  }
  return false;
}

std::uint32_t memory_journal::shard_count() const { return options_.shard_count; }

sharding::epoch_number memory_journal::acquire(sharding::shard_number shard) {
  std::lock_guard lock(mutex_);
  return ++epochs_.at(shard);
}

// -- appending -----------------------------------------------------------------------------------

const entity_summary* memory_journal::summary_of(const entity_id& entity) const {
  auto found = entities_.find(entity);
  return found != entities_.end() ? &found->second.summary() : nullptr;
}

append_outcome memory_journal::admit(const batch& next, const entity_summary* before) const {
  if (next.shard >= epochs_.size() || epochs_[next.shard] != next.epoch) {
    return append_outcome::fenced;
  }
  if (before != nullptr && !may_follow(*before, next)) return append_outcome::out_of_sequence;
  auto last = before != nullptr ? before->last_event : 0;
  if (next.first_event != last + 1 || !is_key(next.entity)) return append_outcome::out_of_sequence;
  return append_outcome::ok;
}

/// Takes what was planned for this call.
memory_journal::planned_failures memory_journal::take_failures(std::span<const batch> batches) {
  planned_failures taken;
  if (!failures_.empty()) {
    taken.of_all = failures_.front();
    failures_.pop_front();
    return taken;
  }
  if (failures_of_.empty()) return taken;
  std::set<entity_id> here;
  for (auto& next : batches) here.insert(next.entity);
  for (auto& entity : here) {
    auto planned = failures_of_.find(entity);
    if (planned == failures_of_.end()) continue;
    auto failure = planned->second.front();
    planned->second.pop_front();
    if (planned->second.empty()) failures_of_.erase(planned);
    bool of_entity = failure.outcome == append_outcome::fenced ||
                     failure.outcome == append_outcome::out_of_sequence;
    if (of_entity) {
      taken.of_entities.emplace(entity, failure.outcome);
    } else if (!taken.of_all) {
      taken.of_all = failure;
    }
  }
  return taken;
}

void memory_journal::store(const batch& next) {
  auto head = decode_header(next.encoded);
  check(head && head->entity == next.entity && head->first_event == next.first_event &&
            head->after == next.after && head->attributes == next.attributes,
        "a batch says what its encoded record says");
  auto& entity = entities_[next.entity];
  if (entity.records.empty()) {
    entity.lives = ++lives_;
  } else if (has_ended(entity.summary().status) && !begins_run(next)) {
    // It is over only with what was settled after its end.
    std::erase_if(garbage_, [&](auto& ended) {
      return !ended.is_run && ended.entity == next.entity && ended.life == entity.lives &&
             ended.last_event == entity.summary().last_event;
    });
  } else if (begins_run(next) && !has_ended(entity.summary().status)) {
    add_garbage(next.entity, entity, true, next.after.last_active);
  }
  if (next.attributes) entity.attributes = *next.attributes;
  entity.records.push_back(
      {next.after.run, next.first_event, next.after, next.encoded, digest_of(next.encoded)});
  if (!has_ended(next.after.status)) return;
  add_garbage(next.entity, entity, false, next.after.last_active);
  entity.progress.clear();
}

void memory_journal::add_garbage(const entity_id& entity, const stored_entity& of, bool is_run,
                                 timestamp ended) {
  garbage_.push_back({entity, of.lives, is_run, of.summary().last_event, ended, ++garbage_serial_});
}

void memory_journal::append(std::span<const batch> batches, std::span<append_outcome> outcomes) {
  check(batches.size() == outcomes.size(), "one outcome for each batch");
  std::lock_guard lock(mutex_);
  auto failures = take_failures(batches);
  auto& failure = failures.of_all;
  bool lost = failure && !failure->written;
  // A later batch of an entity follows one that is lost all the same.
  std::map<entity_id, entity_summary> lost_after;
  for (std::size_t i = 0; i < batches.size(); ++i) {
    auto& next = batches[i];
    auto before = lost_after.find(next.entity);
    outcomes[i] =
        admit(next, before != lost_after.end() ? &before->second : summary_of(next.entity));
    if (outcomes[i] != append_outcome::ok) continue;
    if (auto refused = failures.of_entities.find(next.entity);
        refused != failures.of_entities.end()) {
      outcomes[i] = refused->second;
      continue;
    }
    if (failure) outcomes[i] = failure->outcome;
    if (lost) {
      lost_after.insert_or_assign(next.entity, next.after);
    } else {
      store(next);
    }
  }
  stats_.storage_full = failure && failure->outcome == append_outcome::storage_full;
  if (!failure) ++stats_.commits;
}

// -- reading -------------------------------------------------------------------------------------

std::optional<entity_summary> memory_journal::find(const entity_id& entity) const {
  std::lock_guard lock(mutex_);
  auto found = entities_.find(entity);
  if (found == entities_.end()) return std::nullopt;
  return found->second.summary();
}

result<core::record> memory_journal::decode(const entity_id& entity,
                                            const stored_record& from) const {
  if (digest_of(from.encoded) != from.digest) {
    return error{errc::internal, to_string(entity) + ": the record of event " +
                                     std::to_string(from.first_event) +
                                     " is damaged: its checksum differs"};
  }
  return decode_record(from.encoded);
}

/// Returns the entity's snapshot when it can begin a load up to `until`: of the current run, and of
/// the digest that the record it was taken after says.
std::optional<snapshot> memory_journal::base_of(const entity_id& entity,
                                                const stored_entity& stored,
                                                event_number until) const {
  if (!stored.base) return std::nullopt;
  auto base = decode_snapshot(*stored.base);
  if (!base || base->run != stored.summary().run || base->event > until ||
      base->event < stored.summary().run_began) {
    return std::nullopt;
  }
  auto after = std::ranges::lower_bound(stored.records, base->event, {}, last_event_of);
  if (after == stored.records.end() || last_event_of(*after) != base->event ||
      after->run != base->run) {
    return std::nullopt;
  }
  auto step = decode(entity, *after);
  if (!step || step->state_digest.value_or(base->state_digest) != base->state_digest) {
    return std::nullopt;
  }
  return std::move(*base);
}

result<loaded_entity> memory_journal::load(const entity_id& entity, event_number at) const {
  std::lock_guard lock(mutex_);
  auto found = entities_.find(entity);
  if (found == entities_.end()) return not_found(entity);
  auto& stored = found->second;
  auto until = at == 0 ? stored.summary().last_event : at;
  loaded_entity loaded;
  loaded.base = base_of(entity, stored, until);
  if (until < stored.summary().run_began || until > stored.summary().last_event) {
    return error{errc::malformed, to_string(entity) + ": event " + std::to_string(at) +
                                      " is not in its current run"};
  }
  auto from = loaded.base ? loaded.base->event + 1 : stored.summary().run_began;
  auto holds_until = std::ranges::lower_bound(stored.records, until, {}, last_event_of);
  loaded.summary = holds_until->after;
  auto next = std::ranges::lower_bound(stored.records, from, {}, last_event_of);
  for (auto end = std::next(holds_until); next < end; ++next) {
    auto step = decode(entity, *next);
    if (!step) return step.error();
    loaded.records.push_back(std::move(*step));
  }
  return loaded;
}

result<std::vector<core::record>> memory_journal::history(const entity_id& entity,
                                                          event_number from, std::size_t limit,
                                                          std::optional<run_number> run) const {
  std::lock_guard lock(mutex_);
  auto found = entities_.find(entity);
  if (found == entities_.end()) return not_found(entity);
  std::vector<core::record> records;
  auto& all = found->second.records;
  auto next = std::ranges::lower_bound(all, from, {}, last_event_of);
  for (; next != all.end() && records.size() < limit; ++next) {
    if (run && *run != next->run) continue;
    auto step = decode(entity, *next);
    if (!step) return step.error();
    records.push_back(std::move(*step));
  }
  return records;
}

bool memory_journal::matches(const list_filter& filter, const entity_id& entity,
                             const stored_entity& stored) {
  if (!filter.type.empty() && entity.type != filter.type) return false;
  if (filter.status && *filter.status != stored.summary().status) return false;
  return !filter.where || filter.where(stored.attributes);
}

std::vector<listed_entity> memory_journal::list(const list_filter& filter) const {
  std::lock_guard lock(mutex_);
  std::vector<listed_entity> page;
  auto from = filter.after ? entities_.upper_bound(*filter.after) : entities_.begin();
  for (; from != entities_.end() && page.size() < filter.limit; ++from) {
    auto& [entity, stored] = *from;
    if (!matches(filter, entity, stored)) continue;
    page.push_back({entity, stored.summary(), stored.attributes});
  }
  return page;
}

std::uint64_t memory_journal::count(const list_filter& filter) const {
  std::lock_guard lock(mutex_);
  std::uint64_t found = 0;
  for (auto& [entity, stored] : entities_) found += matches(filter, entity, stored) ? 1 : 0;
  return found;
}

void memory_journal::pending(const std::function<void(const entity_id&)>& each) const {
  std::vector<entity_id> found;
  {
    std::lock_guard lock(mutex_);
    for (auto& [entity, stored] : entities_) {
      if (stored.summary().pending) found.push_back(entity);
    }
  }
  for (auto& entity : found) each(entity);
}

due_reader memory_journal::due(timestamp until) const {
  return [this, until](const std::function<void(const entity_id&, timestamp)>& each) {
    std::vector<std::pair<entity_id, timestamp>> found;
    {
      std::lock_guard lock(mutex_);
      for (auto& [entity, stored] : entities_) {
        auto next = stored.summary().next_due;
        if (next && *next < until) found.emplace_back(entity, *next);
      }
    }
    for (auto& [entity, next] : found) each(entity, next);
    return false;
  };
}

// -- upkeep --------------------------------------------------------------------------------------

void memory_journal::keep(snapshot taken) {
  std::lock_guard lock(mutex_);
  if (loses_snapshots_) return;
  auto found = entities_.find(taken.entity);
  if (found == entities_.end() || taken.event > found->second.summary().last_event) return;
  found->second.base = encode_snapshot(taken);
}

void memory_journal::note(const entity_id& entity, const activity_progress& progress) {
  std::lock_guard lock(mutex_);
  if (loses_notes_) return;
  auto found = entities_.find(entity);
  if (found == entities_.end() || has_ended(found->second.summary().status)) return;
  found->second.progress.insert_or_assign(progress.activity, progress);
}

void memory_journal::forget(const entity_id& entity, event_number activity) {
  std::lock_guard lock(mutex_);
  if (loses_notes_) return;
  auto found = entities_.find(entity);
  if (found != entities_.end()) found->second.progress.erase(activity);
}

std::vector<activity_progress> memory_journal::noted(const entity_id& entity) const {
  std::lock_guard lock(mutex_);
  std::vector<activity_progress> all;
  auto found = entities_.find(entity);
  if (found == entities_.end()) return all;
  for (auto& [activity, progress] : found->second.progress) all.push_back(progress);
  return all;
}

void memory_journal::remove(const garbage& ended) {
  auto found = entities_.find(ended.entity);
  if (found == entities_.end() || found->second.lives != ended.life) return;
  if (found->second.summary().last_event == ended.last_event) {
    entities_.erase(found);
    return;
  }
  // A run, or an entity that was started again since: what it had done until then.
  std::erase_if(found->second.records,
                [&](auto& stored) { return stored.after.last_event <= ended.last_event; });
}

bool memory_journal::is_over(const garbage& ended, timestamp now) const {
  auto retention = ended.is_run ? options_.history_retention : options_.terminated_retention;
  return ended.ended + retention <= now;
}

/// Whether it is an entity as it is now, and not settled.
bool memory_journal::is_held(const garbage& ended) const {
  if (ended.is_run) return false;
  auto found = entities_.find(ended.entity);
  if (found == entities_.end() || found->second.lives != ended.life) return false;
  auto& summary = found->second.summary();
  return summary.last_event == ended.last_event && !is_settled(summary);
}

bool memory_journal::collect(timestamp now) {
  std::lock_guard lock(mutex_);
  auto may_go = [&](const garbage& ended) { return is_over(ended, now) && !is_held(ended); };
  auto gone = std::ranges::find_if(garbage_, may_go);
  if (gone == garbage_.end()) return false;
  remove(*gone);
  return std::any_of(garbage_.erase(gone), garbage_.end(), may_go);
}

std::vector<entity_id> memory_journal::held_back(timestamp now, std::size_t most) const {
  std::lock_guard lock(mutex_);
  std::vector<entity_id> told;
  auto after = std::exchange(held_after_, 0);
  for (auto& ended : garbage_) {
    if (ended.serial <= after || !is_over(ended, now) || !is_held(ended)) continue;
    told.push_back(ended.entity);
    if (told.size() < most) continue;
    held_after_ = ended.serial;
    break;
  }
  return told;
}

std::optional<bytes> memory_journal::schema(std::string_view type) const {
  std::lock_guard lock(mutex_);
  auto found = schemas_.find(type);
  if (found == schemas_.end()) return std::nullopt;
  return found->second;
}

void memory_journal::keep_schema(std::string_view type, bytes what) {
  check(is_key({std::string(type), {}}), "a type fits a key");
  std::lock_guard lock(mutex_);
  schemas_.insert_or_assign(std::string(type), std::move(what));
}

journal_stats memory_journal::stats() const {
  std::lock_guard lock(mutex_);
  auto figures = stats_;
  figures.entities = entities_.size();
  for (auto& [entity, stored] : entities_) {
    figures.records += stored.records.size();
    for (auto& record : stored.records) figures.journal_bytes += record.encoded.size();
  }
  return figures;
}

}  // namespace perdure::persistence
