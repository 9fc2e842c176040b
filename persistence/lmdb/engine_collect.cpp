#include <algorithm>
#include <cerrno>

#include "persistence/lmdb/engine.h"

namespace perdure::persistence::lmdb {

namespace {

/// Records removed in one call, and ended runs or entities looked at.
constexpr std::size_t removals_max = 1000;

}  // namespace

bool engine::collect(timestamp now) {
  if (dead_) return false;
  std::vector<garbage> picked;
  std::vector<garbage> finished;
  std::size_t work = 0;
  try {
    std::optional<journal_file::change> change;
    int code = 0;
    while (code == 0 && work < removals_max && (removing_ || pick_removal(now))) {
      if (picked.empty() || picked.back() != removing_->what) picked.push_back(removing_->what);
      auto& records = removing_->records;
      if (!records.empty() && !change) change.emplace(*log_);
      // The oldest first: whatever is left after a crash ends with the newest, which tells what the
      // rest was.
      for (; code == 0 && work < removals_max && !records.empty(); ++work) {
        code = change->remove(records.back());
        records.pop_back();
      }
      ++work;
      if (records.empty()) {
        finished.push_back(removing_->what);
        removing_.reset();
      }
    }
    if (code == 0 && change) code = change->set_next(next_);
    if (code == 0 && change) code = commit(*change);
    if (code != 0) {
      put_back(picked);
      if (!is_full(code)) die("removing records", code);
      return false;
    }
  } catch (const failure& failed) {
    put_back(picked);
    mark_index_damaged();  // Which of the two it was is not known; a new index costs little.
    die(failed.what(), EIO);
    return false;
  }
  for (auto& ended : finished) finish_removal(ended);
  overlay_.trim();
  return work >= removals_max;
}

bool engine::pick_removal(timestamp now) {
  auto picked = pick_garbage(now);
  if (picked) removing_.emplace(removal{*picked, records_of(*picked)});
  return picked.has_value();
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
  bool alive =
      state && state->last == ended.last &&
      (ended.what == garbage::kind::run || state->summary.status != entity_status::terminated);
  if (alive) return records;
  read_transaction txn(log_->env());
  for (auto number = ended.last; number != 0;) {
    auto [how, entry] = log_->read(txn, number);
    if (how != journal_file::presence::intact) break;
    auto head = decode_header(entry.encoded);
    if (!head || head->entity != entity) break;
    records.push_back(number);
    if (entry.begins_run && ended.what == garbage::kind::run) break;
    number = entry.back;
  }
  return records;
}

void engine::finish_removal(const garbage& ended) {
  if (ended.what == garbage::kind::entity) {
    auto* row = overlay_.row(hash_of(ended.key), ended.key, [&] { return read_state(ended.key); });
    index_reader_.reset();
    if (row->exists && row->state.last == ended.last) {
      overlay_.set(*row, std::nullopt);
      snapshots_.forget(ended.key);
    }
  }
  std::lock_guard lock(lists_mutex_);
  garbage_gone_.push_back(ended);
}

void engine::put_back(std::span<const garbage> picked) {
  removing_.reset();
  std::lock_guard lock(lists_mutex_);
  for (auto& ended : picked) garbage_passed_.erase(ended.last);
  garbage_from_ = {};
}

}  // namespace perdure::persistence::lmdb
