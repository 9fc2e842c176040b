#include <algorithm>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "persistence/check.h"
#include "persistence/limits.h"
#include "persistence/lmdb/engine.h"

namespace perdure::persistence::lmdb {

namespace {

/// How much is appended between two looks at the free space of the disk.
constexpr std::uint64_t disk_check_bytes = std::uint64_t{8} << 20;

/// With so many times `flush_records` not in the index, the writer writes it itself.
constexpr std::uint64_t backlog_factor = 8;

std::uint64_t size_of(std::span<const batch> batches) {
  std::uint64_t size = 0;
  for (auto& next : batches) size += next.encoded.size() + log_head_bytes;
  return size;
}

bool begins_run(const batch& next) { return next.first_event == next.after.run_began; }

/// What a batch makes of its entity's attributes. Null: they stay as they are.
attributes_ptr attributes_after(const batch& next) {
  if (next.attributes) return std::make_shared<const core::attributes>(*next.attributes);
  return next.first_event == 1 ? no_attributes() : nullptr;
}

}  // namespace

// -- owning --------------------------------------------------------------------------------------

sharding::epoch_number engine::acquire(sharding::shard_number shard) {
  check(shard < shard_count(), "a shard is below shard_count");
  return store_epochs(shard, 1);
}

std::vector<sharding::epoch_number> engine::acquire_all() {
  store_epochs(0, shard_count());
  return {epochs_.begin(), epochs_.end()};
}

sharding::epoch_number engine::store_epochs(sharding::shard_number first, std::uint32_t count) {
  // Inside the write transaction: an append that begins after it sees the new epochs, and one that
  // began before it has ended.
  journal_file::change change(*log_);
  auto add = [&](sharding::epoch_number by) {
    for (auto shard = first; shard < first + count; ++shard) epochs_[shard] += by;
  };
  add(1);
  int code = dead_ ? EIO : change.set_epochs({epochs_.begin(), epochs_.end()});
  if (code == 0) code = commit(change);
  if (code == 0) return epochs_[first];
  if (is_full(code)) {
    add(~sharding::epoch_number{0});
  } else {
    die("taking ownership of a shard", code);
  }
  throw failure(lmdb_error(code, "taking ownership of a shard"));
}

void engine::keep_schema(std::string_view type, bytes what) {
  check(is_key({std::string(type), {}}), "a type fits a key");
  auto doing = "keeping the schema of " + std::string(type);
  int code = dead_ ? EIO : log_->env().make_room(what.size());
  if (code == 0) {
    journal_file::change change(*log_);
    code = change.set_schema(type, what);
    if (code == 0) code = commit(change);
  }
  if (code == 0) return;
  if (!is_full(code)) die(doing, code);
  throw failure(lmdb_error(code, doing));
}

// -- appending -----------------------------------------------------------------------------------

void engine::append(std::span<const batch> batches, std::span<append_outcome> outcomes) {
  check(batches.size() == outcomes.size(), "one outcome for each batch");
  if (batches.empty()) return;
  auto incoming_bytes = size_of(batches);
  int code = 0;
  try {
    bool room = has_room(incoming_bytes);
    journal_file::change change(*log_);
    admit(batches, outcomes);
    if (staged_.empty()) return;
    code = dead_ ? EIO : room ? write_staged(change, batches) : ENOSPC;
    if (code == 0) code = commit(change);
  } catch (const failure& failed) {
    index_reader_.reset();
    mark_index_damaged();  // Which of the two it was is not known; a new index costs little.
    die(failed.what(), EIO);
    std::ranges::fill(outcomes, append_outcome::unknown);
    return;
  }
  storage_full_ = is_full(code);
  if (code == 0) {
    publish(batches);
    unindexed_bytes_ += incoming_bytes;
    if (flush_wanted()) background_wake_.notify_one();
  } else if (is_full(code)) {
    refuse(outcomes, append_outcome::storage_full);
  } else {
    die("appending to the journal", code);
    refuse(outcomes, append_outcome::unknown);
  }
  overlay_.trim();
}

void engine::admit(std::span<const batch> batches, std::span<append_outcome> outcomes) {
  ++stages_;
  staged_.clear();
  for (std::size_t i = 0; i < batches.size(); ++i) outcomes[i] = stage(batches[i], i);
  index_reader_.reset();
}

append_outcome engine::stage(const batch& next, std::size_t place) {
  if (next.shard >= epochs_.size() || epochs_[next.shard] != next.epoch) {
    return append_outcome::fenced;
  }
  if (!is_key(next.entity)) return append_outcome::out_of_sequence;
  entity_key key(next.entity);
  auto* row = overlay_.row(key.hash(), key.text(), [&] { return read_state(key.text()); });
  if (row->stage != stages_) {
    row->stage = stages_;
    row->staged = row->exists ? row->state : entity_state{};
  }
  auto& before = row->staged.summary;
  if (next.first_event != before.last_event + 1) return append_outcome::out_of_sequence;
  if (!may_follow(before, next)) return append_outcome::out_of_sequence;
  if (has_ended(before.status) && !begins_run(next) && is_being_removed(row->staged.last)) {
    return append_outcome::out_of_sequence;
  }
  check(next.after.last_event >= next.first_event, "a batch ends where it begins, or later");
  auto number = next_ + staged_.size();
  staged_.push_back({place, row, number, row->staged.last});
  row->staged = {next.after, number};
  return append_outcome::ok;
}

std::optional<entity_state> engine::read_state(std::string_view key) {
  if (!index_reader_) index_reader_.emplace(index_->env());
  auto row = index_->row(*index_reader_, key);
  if (!row) return std::nullopt;
  return row->state;
}

int engine::write_staged(journal_file::change& change, std::span<const batch> batches) {
  for (auto& staged : staged_) {
    auto& next = batches[staged.place];
    int code = change.append({.number = staged.number,
                              .crc = 0,
                              .begins_run = begins_run(next),
                              .back = staged.back,
                              .encoded = next.encoded});
    if (code != 0) return code;
  }
  return 0;
}

void engine::publish(std::span<const batch> batches) {
  for (auto& staged : staged_) {
    auto& next = batches[staged.place];
    auto& row = *staged.row;
    bool had_ended = row.exists && has_ended(row.state.summary.status);
    if (had_ended) replace_garbage(row.key, row.state, begins_run(next));
    overlay_.set(row, entity_state{next.after, staged.number}, attributes_after(next));
    note_garbage(next.after, staged.number, begins_run(next) && !had_ended ? staged.back : 0,
                 row.key);
  }
  next_ += staged_.size();
  published_.store(next_ - 1, std::memory_order_release);
}

void engine::note_garbage(const entity_summary& after, lsn number, lsn ended_run,
                          std::string_view key) {
  bool ended = has_ended(after.status);
  if (ended_run == 0 && !ended) return;
  if (ended) drop_progress(key);
  std::lock_guard lock(lists_mutex_);
  auto add = [&](garbage::kind what, lsn last) {
    garbage_found_.push_back({what, after.last_active, last, std::string(key)});
  };
  if (ended_run != 0) add(garbage::kind::run, ended_run);
  if (ended) add(kind_of_end(after), number);
}

void engine::replace_garbage(std::string_view key, const entity_state& ended, bool lives_again) {
  garbage of{kind_of_end(ended.summary), ended.summary.last_active, ended.last, std::string(key)};
  bool held = of.what == garbage::kind::held;
  if (lives_again && !held) return;
  std::lock_guard lock(lists_mutex_);
  garbage_gone_.push_back(of);
  if (!held) garbage_passed_.insert(of.last);
  if (!lives_again) return;
  // What it owed is its new run's now.
  of.what = garbage::kind::entity;
  garbage_found_.push_back(std::move(of));
}

void engine::drop_progress(std::string_view key) {
  // What a flush takes from the queue is counted by the index before it leaves the queue.
  if (progress_.empty() && index_->progress_entries() == 0) return;
  progress_.clear(key);
}

void engine::refuse(std::span<append_outcome> outcomes, append_outcome why) {
  for (auto& staged : staged_) outcomes[staged.place] = why;
}

std::optional<std::uint64_t> engine::free_on_disk() const {
  return options_.faults.free_bytes ? options_.faults.free_bytes() : free_bytes(options_.directory);
}

bool engine::has_disk_for(std::uint64_t bytes) const {
  auto free = free_on_disk();
  return bytes == 0 || !free || *free >= options_.disk_reserve_bytes + 2 * bytes;
}

bool engine::has_room(std::uint64_t incoming_bytes) {
  auto used_bytes = log_->used_bytes() + index_->used_bytes();
  auto limit_bytes = options_.storage_limit_bytes;
  if (limit_bytes != 0 && used_bytes + incoming_bytes > limit_bytes) return false;
  auto unindexed = published_.load(std::memory_order_relaxed) - applied_;
  if (options_.background && unindexed > backlog_factor * options_.flush_records && !flush_once()) {
    return false;
  }
  if (storage_full_ || incoming_bytes >= bytes_until_disk_check_) {
    auto free = free_on_disk();
    auto needed = options_.disk_reserve_bytes + 2 * incoming_bytes;
    // A disk without room may still have some inside the file, where records were removed.
    if (free && *free < needed && log_->spare_bytes() < needed) return false;
    bytes_until_disk_check_ = disk_check_bytes;
  }
  bytes_until_disk_check_ -= std::min(bytes_until_disk_check_, incoming_bytes);
  return log_->env().make_room(incoming_bytes) == 0;
}

int engine::commit(journal_file::change& change) {
  if (options_.faults.journal_commit) {
    if (int code = options_.faults.journal_commit(); code != 0) return code;
  }
  int code = change.commit();
  if (code == 0) ++commits_;
  return code;
}

void engine::die(const std::string& doing, int code) const {
  if (dead_.exchange(true)) return;
  auto message = "perdure: data directory " + options_.directory.string() + ": " + doing +
                 " failed: " + mdb_strerror(code) + " (" + std::to_string(code) +
                 "); what is on disk is the truth, the process ends";
  if (options_.faults.fatal) {
    options_.faults.fatal(message);
    return;
  }
  std::fprintf(stderr, "%s\n", message.c_str());
  std::abort();
}

}  // namespace perdure::persistence::lmdb
