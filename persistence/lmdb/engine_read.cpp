#include <spdlog/spdlog.h>

#include <algorithm>
#include <cerrno>
#include <map>

#include "persistence/limits.h"
#include "persistence/lmdb/chain.h"
#include "persistence/lmdb/engine.h"

namespace perdure::persistence::lmdb {

error engine::not_found(const entity_id& entity) const {
  if (dead_) return {errc::internal, "the process ends"};
  return {errc::entity_not_found, to_string(entity) + " does not exist"};
}

void engine::index_unreadable(const failure& failed) const {
  if (failed.why().code == errc::internal) mark_index_damaged();
  die(std::string("reading the index (") + failed.what() + ')', EIO);
}

std::optional<entity_state> engine::state_of(const entity_id& entity) const {
  if (!is_key(entity)) return std::nullopt;
  entity_key key(entity);
  auto here = overlay_.find(key.hash(), key.text());
  if (here.known) return here.exists ? std::optional(here.state) : std::nullopt;
  return from_index([&]() -> std::optional<entity_state> {
    read_transaction txn(index_->env());
    auto row = index_->row(txn, key.text());
    if (!row) return std::nullopt;
    return row->state;
  });
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
      from_index([&] {
        read_transaction txn(index_->env());
        auto value = index_->snapshot_value(txn, key.text());
        auto stored = value ? read_snapshot(*value) : std::nullopt;
        if (stored) chain.offer(stored->encoded, stored);
        return nothing{};
      });
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

// -- progress of activities ----------------------------------------------------------------------

void engine::note(const entity_id& entity, const activity_progress& progress) {
  auto state = state_of(entity);
  if (!state || has_ended(state->summary.status)) return;
  progress_.note(entity_key(entity).text(), progress);
}

void engine::forget(const entity_id& entity, event_number activity) {
  if (is_key(entity)) progress_.forget(entity_key(entity).text(), activity);
}

std::vector<activity_progress> engine::noted(const entity_id& entity) const {
  auto state = state_of(entity);
  if (!state || has_ended(state->summary.status)) return {};
  entity_key key(entity);
  // The queue first: what leaves it meanwhile is in the index.
  auto waiting = progress_.find(key.text());
  std::map<event_number, activity_progress> all;
  if (waiting.cleared == 0) {
    auto stored = from_index([&] {
      read_transaction txn(index_->env());
      return index_->progress_of(txn, key.text());
    });
    for (auto& progress : stored) all.emplace(progress.activity, std::move(progress));
  }
  for (auto& next : waiting.entries) {
    if (next.latest) {
      all.insert_or_assign(next.activity, *next.latest);
    } else {
      all.erase(next.activity);
    }
  }
  std::vector<activity_progress> found;
  for (auto& [activity, progress] : all) found.push_back(std::move(progress));
  return found;
}

// -- schemas of states ---------------------------------------------------------------------------

std::optional<bytes> engine::schema(std::string_view type) const {
  try {
    read_transaction txn(log_->env());
    return log_->schema(txn, type);
  } catch (const failure& failed) {
    spdlog::error("{}: reading a schema: {}", options_.directory.string(), failed.what());
    return std::nullopt;
  }
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
