#include <algorithm>
#include <set>

#include "persistence/limits.h"
#include "persistence/lmdb/chain.h"
#include "persistence/lmdb/engine.h"

namespace perdure::persistence::lmdb {

namespace {

error not_found(const entity_id& entity) {
  return {errc::entity_not_found, to_string(entity) + " does not exist"};
}

/// Entries of due times read in one transaction.
constexpr std::size_t due_page = 1000;

/// More entries than this are not noted for mending at a time.
constexpr std::size_t mending_max = 100'000;

}  // namespace

std::optional<entity_state> engine::state_of(const entity_id& entity) const {
  if (!is_key(entity)) return std::nullopt;
  entity_key key(entity);
  auto here = overlay_.find(key.hash(), key.text());
  if (here.known) return here.exists ? std::optional(here.state) : std::nullopt;
  read_transaction txn(index_->env());
  auto row = index_->row(txn, key.text());
  if (!row) return std::nullopt;
  return row->state;
}

std::optional<entity_summary> engine::find(const entity_id& entity) const {
  auto state = state_of(entity);
  if (!state) return std::nullopt;
  return state->summary;
}

result<loaded_entity> engine::load(const entity_id& entity, event_number at) const {
  try {
    auto state = state_of(entity);
    if (!state) return not_found(entity);
    entity_key key(entity);
    chain_reader chain(*log_, entity, *state);
    // A snapshot on its way to the index is younger than the one there.
    if (auto queued = snapshots_.find(key.text())) {
      chain.offer(*queued, std::nullopt);
    } else {
      read_transaction txn(index_->env());
      if (auto value = index_->snapshot_value(txn, key.text())) {
        if (auto stored = read_snapshot(*value)) chain.offer(stored->encoded, stored);
      }
    }
    return chain.load(at);
  } catch (const failure& failed) {
    return failed.why();
  }
}

result<std::vector<core::record>> engine::history(const entity_id& entity, event_number from,
                                                  std::size_t limit,
                                                  std::optional<run_number> run) const {
  try {
    auto state = state_of(entity);
    if (!state) return not_found(entity);
    return chain_reader(*log_, entity, *state).history(from, limit, run);
  } catch (const failure& failed) {
    return failed.why();
  }
}

// -- listing -------------------------------------------------------------------------------------

namespace {

/// The keys that a filter asks for: from `first` on, before `end` (empty: no end).
struct key_range {
  std::string first;
  std::string end;
};

key_range range_of(const list_filter& filter) {
  key_range range;
  if (!filter.type.empty()) {
    range.first = filter.type + '\0';
    range.end = filter.type + '\1';
  }
  if (filter.after) {
    // The least key that sorts after it.
    auto after = filter.after->type + '\0' + filter.after->id + '\0';
    range.first = std::max(range.first, after);
  }
  return range;
}

bool matches(const list_filter& filter, const entity_summary& summary) {
  return !filter.status || *filter.status == summary.status;
}

}  // namespace

std::vector<listed_entity> engine::list(const list_filter& filter) const {
  auto range = range_of(filter);
  std::vector<std::pair<std::string, overlay::lookup>> changed;
  overlay_.changed_between(range.first, range.end, changed);
  std::ranges::sort(changed, {}, [](auto& item) -> auto& { return item.first; });
  std::vector<listed_entity> page;
  auto add = [&](std::string_view key, const entity_summary& summary) {
    if (page.size() < filter.limit && matches(filter, summary)) {
      page.push_back({entity_of(key), summary});
    }
  };
  auto next = changed.begin();
  auto add_changed_until = [&](std::string_view key) {
    for (; next != changed.end() && next->first < key; ++next) {
      if (next->second.exists) add(next->first, next->second.state.summary);
    }
  };
  read_transaction txn(index_->env());
  index_->rows_from(txn, range.first, [&](std::string_view key, const index_row& row) {
    if (!range.end.empty() && key >= range.end) return false;
    add_changed_until(key);
    if (next == changed.end() || next->first != key) add(key, row.state.summary);
    return page.size() < filter.limit;
  });
  for (; next != changed.end(); ++next) {
    if (next->second.exists) add(next->first, next->second.state.summary);
  }
  return page;
}

// -- due times -----------------------------------------------------------------------------------

void engine::due(timestamp until,
                 const std::function<void(const entity_id&, timestamp)>& each) const {
  std::vector<std::pair<std::string, timestamp>> found;
  overlay_.due(until, found);
  std::set<std::string, std::less<>> told;
  for (auto& [key, next] : found) {
    each(entity_of(key), next);
    told.insert(key);
  }
  auto from = timestamp::min();
  std::string after;
  for (bool more = true; more;) {
    found.clear();
    std::size_t seen = 0;
    more = false;
    {
      read_transaction txn(index_->env());
      index_->due_from(txn, from, after, [&](timestamp entry, std::string_view key) {
        if (entry >= until) return false;
        if (seen++ == due_page) {
          from = entry;
          after = key;
          more = true;
          return false;
        }
        note_due(txn, entry, key, until, found);
        return true;
      });
    }
    for (auto& [key, next] : found) {
      if (!told.contains(key)) each(entity_of(key), next);
    }
  }
}

void engine::note_due(const read_transaction& in, timestamp entry, std::string_view key,
                      timestamp until,
                      std::vector<std::pair<std::string, timestamp>>& found) const {
  auto here = overlay_.find(hash_of(key), key);
  if (here.known && here.changed) return;  // The overlay's order of due times has it.
  std::optional<entity_state> state;
  if (here.known && here.exists) state = here.state;
  if (!here.known) {
    if (auto row = index_->row(in, key)) state = row->state;
  }
  auto next = state ? state->summary.next_due : std::nullopt;
  if (next && *next < until) found.emplace_back(key, *next);
  if (next == entry) return;
  std::lock_guard lock(lists_mutex_);
  if (due_to_mend_.size() < mending_max) due_to_mend_.emplace_back(entry, key);
}

// -- other figures -------------------------------------------------------------------------------

journal_stats engine::stats() const {
  auto published = published_.load(std::memory_order_acquire);
  return {
      .entities = index_->entities(),
      .records = log_->records(),
      .journal_bytes = log_->used_bytes(),
      .index_bytes = index_->used_bytes(),
      .commits = commits_,
      .unindexed_records = published - std::min(published, applied_.load()),
      .storage_full = storage_full_,
  };
}

result<nothing> engine::backup(const std::filesystem::path& target) const {
  std::error_code failed;
  if (std::filesystem::exists(target, failed)) {
    return error{errc::malformed, target.string() + " exists already"};
  }
  return make_whole(target, [&](const std::filesystem::path& temporary) -> result<nothing> {
    auto inside = temporary / journal_name;
    std::error_code unmade;
    std::filesystem::create_directory(inside, unmade);
    if (unmade) return error{errc::internal, "making " + inside.string() + ": " + unmade.message()};
    std::filesystem::permissions(inside, std::filesystem::perms::owner_all, unmade);
    int code = mdb_env_copy2(log_->env().raw(), inside.c_str(), MDB_CP_COMPACT);
    if (code != 0) return lmdb_error(code, "copying the journal to " + target.string());
    // LMDB leaves the mode to the umask; until here, the temporary directory's mode protects it.
    std::filesystem::permissions(
        inside / "data.mdb",
        std::filesystem::perms::owner_read | std::filesystem::perms::owner_write, unmade);
    if (unmade) return error{errc::internal, "protecting the copy: " + unmade.message()};
    return nothing{};
  });
}

}  // namespace perdure::persistence::lmdb
