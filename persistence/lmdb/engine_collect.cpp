#include <algorithm>
#include <cerrno>

#include "persistence/lmdb/engine.h"

namespace perdure::persistence::lmdb {

namespace {

/// Records removed in one call.
constexpr std::size_t removals_max = 1000;

/// Records looked up in one call, about.
constexpr std::size_t lookups_max = 4096;

/// Records to be removed that are held in memory.
constexpr std::size_t gathered_max = 256 * 1024;

}  // namespace

bool engine::collect(timestamp now) {
  if (dead_) return false;
  try {
    return collect_some(now);
  } catch (const failure& failed) {
    index_reader_.reset();
    put_back();
    mark_index_damaged();  // Which of the two it was is not known; a new index costs little.
    die(failed.what(), EIO);
    return false;
  }
}

bool engine::collect_some(timestamp now) {
  if (!removing_.complete && !gather_garbage(now)) return true;
  if (removing_.what.empty()) return removing_.complete = false;
  auto& records = removing_.records;
  int code = 0;
  {
    std::optional<journal_file::change> change;
    for (std::size_t i = 0; code == 0 && i < removals_max && !records.empty(); ++i) {
      if (!change) change.emplace(*log_);
      code = change->remove(records.back());
      records.pop_back();
    }
    if (code == 0 && change) code = change->set_next(next_);
    if (code == 0 && change) code = commit(*change);
  }
  if (code != 0) {
    put_back();
    if (!is_full(code)) die("removing records", code);
    return false;
  }
  if (!records.empty()) return true;
  for (auto& ended : removing_.what) finish_removal(ended);
  removing_ = {};
  overlay_.trim();
  return false;
}

bool engine::gather_garbage(timestamp now) {
  auto& [what, records, complete] = removing_;
  for (std::size_t looked_up = 0; records.size() < gathered_max;) {
    if (looked_up >= lookups_max) return false;
    auto picked = pick_garbage(now);
    if (!picked) break;
    auto found = records_of(*picked);
    looked_up += found.size() + 1;
    records.insert(records.end(), found.begin(), found.end());
    what.push_back(*picked);
  }
  // In the order of the file, so that the runs of entities that lived at the same time empty whole
  // pages together; alone, each would touch nearly all of them. And the oldest first: whatever a
  // crash leaves of an entity ends with its newest record, which tells what the rest was.
  std::ranges::sort(records, std::ranges::greater{});
  // An entity that ended, was started again and ended again is found twice.
  records.erase(std::ranges::unique(records).begin(), records.end());
  return complete = true;
}

std::optional<garbage> engine::pick_garbage(timestamp now) {
  const std::pair<garbage::kind, timestamp> kinds[] = {
      {garbage::kind::run, now - options_.history_retention},
      {garbage::kind::entity, now - options_.terminated_retention}};
  read_transaction txn(index_->env());
  std::lock_guard lock(lists_mutex_);
  // Since the last flush, what is new in the index may stand before where the search was.
  if (garbage_epoch_ != flushes_) {
    garbage_epoch_ = flushes_;
    garbage_from_ = {};
  }
  for (std::size_t i = 0; i < std::size(kinds); ++i) {
    auto& [what, until] = kinds[i];
    auto found = index_->next_garbage(txn, what, garbage_from_[i], until, garbage_passed_);
    if (!found) continue;
    garbage_from_[i] = {found->ended, found->last};
    garbage_passed_.insert(found->last);
    return found;
  }
  return std::nullopt;
}

std::vector<lsn> engine::records_of(const garbage& ended) const {
  std::vector<lsn> records;
  auto entity = entity_of(ended.key);
  auto state = state_of(entity);
  bool alive = state && state->last == ended.last &&
               (ended.what == garbage::kind::run || !has_ended(state->summary.status));
  if (alive) return records;
  read_transaction txn(log_->env());
  for (auto number = ended.last; number != 0;) {
    auto [how, entry] = log_->read(txn, number);
    if (how != journal_file::presence::intact) break;
    auto head = decode_header(entry.encoded);
    if (!head || head->entity != entity) break;
    records.push_back(number);
    // Into the runs before as well: what is still there would not be found without this one.
    number = entry.back;
  }
  return records;
}

void engine::finish_removal(const garbage& ended) {
  if (ended.what == garbage::kind::entity) {
    auto* row = overlay_.row(hash_of(ended.key), ended.key, [&] { return read_state(ended.key); });
    index_reader_.reset();
    // Otherwise it was started again since: only what it had done until then has gone.
    if (row->exists && row->state.last == ended.last) {
      overlay_.set(*row, std::nullopt, nullptr);
      snapshots_.forget(ended.key);
      drop_progress(ended.key);
    }
  }
  std::lock_guard lock(lists_mutex_);
  garbage_gone_.push_back(ended);
}

bool engine::is_being_removed(lsn last) const {
  return std::ranges::any_of(removing_.what, [&](auto& ended) {
    return ended.what == garbage::kind::entity && ended.last == last;
  });
}

void engine::put_back() {
  std::lock_guard lock(lists_mutex_);
  for (auto& ended : removing_.what) {
    if (std::ranges::find(garbage_gone_, ended) == garbage_gone_.end()) {
      garbage_passed_.erase(ended.last);
    }
  }
  removing_ = {};
  garbage_from_ = {};
}

// -- what is held back ---------------------------------------------------------------------------

std::vector<garbage> engine::held_garbage(const index_file::garbage_position& from, timestamp until,
                                          std::size_t most) const {
  return from_index([&] {
    read_transaction txn(index_->env());
    std::vector<garbage> page;
    auto next = from;
    while (page.size() < most) {
      auto found = index_->next_garbage(txn, garbage::kind::held, next, until, {});
      if (!found) break;
      next = {found->ended, found->last + 1};
      page.push_back(std::move(*found));
    }
    return page;
  });
}

std::vector<entity_id> engine::held_back(timestamp now, std::size_t most) const {
  std::vector<entity_id> told;
  std::vector<garbage> stale;
  index_file::garbage_position from;
  {
    std::lock_guard lock(lists_mutex_);
    from = held_from_;
  }
  bool more = true;
  while (more && told.size() < most) {
    auto wanted = most - told.size();
    auto page = held_garbage(from, now - options_.terminated_retention, wanted);
    more = page.size() == wanted;
    for (auto& ended : page) {
      from = {ended.ended, ended.last + 1};
      auto entity = entity_of(ended.key);
      auto state = state_of(entity);
      // Otherwise it is settled, or lives again: if the index has not learned of that yet, it does.
      bool holds = state && state->last == ended.last;
      if (holds) {
        told.push_back(std::move(entity));
      } else {
        stale.push_back(std::move(ended));
      }
    }
  }
  std::lock_guard lock(lists_mutex_);
  held_from_ = more ? from : index_file::garbage_position{};
  garbage_gone_.insert(garbage_gone_.end(), stale.begin(), stale.end());
  return told;
}

}  // namespace perdure::persistence::lmdb
