#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <iterator>

#include "persistence/codec.h"
#include "persistence/limits.h"
#include "persistence/lmdb/engine.h"

namespace perdure::persistence::lmdb {

namespace {

/// One index transaction holds so much at most: a transaction that outgrows LMDB's list of dirty
/// pages spills them, which 0.9.24 does not do well.
constexpr std::size_t changes_per_commit = 20'000;
constexpr std::size_t bytes_per_commit = std::size_t{16} << 20;

/// A snapshot's record is looked for among so many records before the entity's last one.
constexpr int records_searched_max = 4096;

/// Thrown when the index cannot be written; the code says why.
struct index_write_failed {
  int code;
};

/// Writes to the index in transactions of bounded size.
class index_writer {
public:
  index_writer(index_file& index, const lmdb_faults& faults) : index_(index), faults_(faults) {}

  /// Does `work(change)`, which returns a code, within the current transaction.
  template <class Work>
  void step(std::size_t size_bytes, Work work) {
    if (changes_ >= changes_per_commit || bytes_ + size_bytes > bytes_per_commit) commit();
    if (!change_) {
      expect(index_.env().make_room(bytes_per_commit + size_bytes));
      change_.emplace(index_);
    }
    expect(work(*change_));
    ++changes_;
    bytes_ += size_bytes;
  }

  void commit() {
    if (!change_) return;
    expect(faults_.index_commit ? faults_.index_commit() : 0);
    int code = change_->commit();
    change_.reset();
    expect(code);
    committed_steps_ += changes_;
    changes_ = 0;
    bytes_ = 0;
  }

  std::size_t committed_steps() const { return committed_steps_; }

private:
  static void expect(int code) {
    if (code != 0) throw index_write_failed{code};
  }

  index_file& index_;
  const lmdb_faults& faults_;
  std::optional<index_file::change> change_;
  std::size_t changes_ = 0;
  std::size_t bytes_ = 0;
  std::size_t committed_steps_ = 0;
};

/// Finds the entity's record that ends with `event`, searching backwards from its last one.
std::optional<log_entry> find_record(const journal_file& log, const read_transaction& in, lsn last,
                                     event_number event) {
  auto number = last;
  for (int i = 0; i < records_searched_max && number != 0; ++i) {
    auto [how, entry] = log.read(in, number);
    if (how != journal_file::presence::intact) return std::nullopt;
    auto head = decode_header(entry.encoded);
    if (!head || head->after.last_event < event) return std::nullopt;
    if (head->after.last_event == event) return entry;
    number = entry.back;
  }
  return std::nullopt;
}

}  // namespace

/// What one flush has taken and writes; gives back what it could not write.
class engine::flush_job {
public:
  explicit flush_job(engine& of) : of_(of), writer_(*of.index_, of.options_.faults) {
    // Before all else: what is taken afterwards has at least what is published now.
    mark_.last = of_.published_.load(std::memory_order_acquire);
    bytes_ = of_.unindexed_bytes_.load();
    rows_ = of_.overlay_.changed_rows();
    {
      std::lock_guard lock(of_.lists_mutex_);
      found_.swap(of_.garbage_found_);
      gone_.swap(of_.garbage_gone_);
      mending_.swap(of_.due_to_mend_);
    }
    // They save time alone, and what is left of the disk is for what cannot be done without.
    if (of_.has_disk_for(of_.snapshots_.bytes_held()))
      snapshots_ = of_.snapshots_.all();
    else
      of_.snapshots_.clear();
    progress_ = of_.progress_.all();
    // The order of the keys, so that neighbours share their pages.
    std::ranges::sort(rows_, {}, [](auto& taken) -> auto& { return taken.row->key; });
  }

  bool has_work() const {
    return !rows_.empty() || !found_.empty() || !gone_.empty() || !mending_.empty() ||
           !snapshots_.empty() || !progress_.empty() || mark_.last != of_.applied_;
  }

  void write() {
    for (auto& taken : rows_) {
      writer_.step(0, [&](auto& change) {
        return taken.exists ? change.put_entity(taken.row->key, taken.state, taken.attributes.get())
                            : change.remove_entity(taken.row->key);
      });
    }
    for (auto& item : snapshots_) write_snapshot_of(item);
    for (auto& item : progress_) write_progress_of(item);
    for (auto& [entry, key] : mending_) {
      writer_.step(0, [&](auto& change) { return change.mend_due(entry, key); });
    }
    for (auto& ended : found_) {
      writer_.step(0, [&](auto& change) { return change.put_garbage(ended); });
    }
    // The rows of entities that are gone have left in this transaction or one before it.
    for (auto& ended : gone_) {
      writer_.step(0, [&](auto& change) { return change.remove_garbage(ended); });
    }
    writer_.step(0, [&](auto& change) { return change.set_applied(mark()); });
    writer_.commit();
  }

  /// To be called once, after `write` has returned (`all`) or has thrown.
  void end(bool all) {
    of_.overlay_.written(rows_, all ? rows_.size() : std::min(rows_.size(), committed()));
    std::lock_guard lock(of_.lists_mutex_);
    if (!all) {
      give_back(found_, of_.garbage_found_);
      give_back(gone_, of_.garbage_gone_);
      give_back(mending_, of_.due_to_mend_);
      return;
    }
    for (auto& item : written_) of_.snapshots_.done(item);
    for (auto* item : progress_written_) of_.progress_.done(*item);
    for (auto& ended : gone_) {
      if (ended.what != garbage::kind::held) of_.garbage_passed_.erase(ended.last);
    }
    ++of_.flushes_;
    of_.applied_ = mark_.last;
    of_.unindexed_bytes_ -= bytes_;
  }

private:
  std::size_t committed() const { return writer_.committed_steps(); }

  template <class List>
  static void give_back(List& from, List& to) {
    to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
  }

  applied_mark mark() const {
    read_transaction txn(of_.log_->env());
    auto [how, entry] = of_.log_->read(txn, mark_.last);
    return {mark_.last, how == journal_file::presence::intact ? entry.crc : 0};
  }

  void write_snapshot_of(const snapshot_queue::item& item) {
    writer_.step(item.encoded->size(), [&](index_file::change& change) {
      auto row = change.row(item.key);
      // Not yet in the index: the next flush has it.
      if (row && row->state.summary.last_event < item.event) return 0;
      if (!row && of_.overlay_.find(hash_of(item.key), item.key).exists) return 0;
      written_.push_back(item);
      if (!row || item.event < row->snapshot_event) return 0;
      read_transaction txn(of_.log_->env());
      auto record = find_record(*of_.log_, txn, row->state.last, item.event);
      if (!record) return 0;
      auto value = write_snapshot({record->number, record->crc, *item.encoded});
      return change.put_snapshot(item.key, item.event, value);
    });
  }

  void write_progress_of(const progress_queue::item& item) {
    auto size_bytes = std::size_t{0};
    for (auto& next : item.entries) {
      if (next.latest)
        size_bytes += next.latest->last_failure.size() + next.latest->heartbeat.size();
    }
    writer_.step(size_bytes, [&](index_file::change& change) {
      auto row = change.row(item.key);
      auto here = of_.overlay_.find(hash_of(item.key), item.key);
      bool exists = here.known ? here.exists : row.has_value();
      bool is_over =
          !exists || has_ended(here.known ? here.state.summary.status : row->state.summary.status);
      if (!is_over && !row) return 0;  // Not yet in the index: the next flush has it.
      progress_written_.push_back(&item);
      int code = is_over || item.cleared != 0 ? change.clear_progress(item.key) : 0;
      for (auto next = item.entries.begin(); !is_over && code == 0 && next != item.entries.end();
           ++next) {
        code = next->latest ? change.put_progress(item.key, *next->latest)
                            : change.remove_progress(item.key, next->activity);
      }
      return code;
    });
  }

  engine& of_;
  index_writer writer_;
  applied_mark mark_;
  std::uint64_t bytes_ = 0;
  std::vector<overlay::taken_row> rows_;
  std::vector<garbage> found_;
  std::vector<garbage> gone_;
  std::vector<std::pair<timestamp, std::string>> mending_;
  std::vector<snapshot_queue::item> snapshots_;
  std::vector<snapshot_queue::item> written_;
  std::vector<progress_queue::item> progress_;
  std::vector<const progress_queue::item*> progress_written_;
};

bool engine::flush_once() {
  std::lock_guard one(flush_mutex_);
  if (dead_) return false;
  flush_job job(*this);
  int code = 0;
  try {
    if (job.has_work()) job.write();
  } catch (const index_write_failed& failed) {
    code = failed.code;
  } catch (const failure&) {
    code = MDB_CORRUPTED;
  }
  job.end(code == 0);
  index_full_ = is_full(code);
  if (code != 0 && !is_full(code)) {
    mark_index_damaged();
    die("writing the index", code);
  }
  return code == 0;
}

void engine::mark_index_damaged() const {
  // The next start builds the index again. Should this fail, it finds out itself, or fails again.
  if (auto* file = std::fopen((options_.directory / index_damaged_name).c_str(), "we")) {
    std::fclose(file);
  }
}

void engine::flush() { flush_once(); }

bool engine::flush_wanted() const {
  auto unindexed = published_.load(std::memory_order_relaxed) - applied_;
  return unindexed >= options_.flush_records || unindexed_bytes_ >= options_.flush_bytes ||
         snapshots_.bytes_held() >= options_.flush_bytes ||
         progress_.bytes_held() >= options_.flush_bytes;
}

void engine::start() {
  if (options_.background) background_ = std::thread([this] { run_background(); });
}

void engine::run_background() {
  std::unique_lock lock(background_mutex_);
  for (bool last = false; !last;) {
    background_wake_.wait_for(lock, options_.flush_interval, [this] {
      return stopping_ || (flush_wanted() && !index_full_ && !dead_);
    });
    last = stopping_;
    lock.unlock();
    flush_once();
    lock.lock();
  }
}

engine::engine(lmdb_options options, engine_parts parts)
    : options_(std::move(options)),
      lock_(std::move(parts.lock)),
      log_(std::move(parts.log)),
      index_(std::move(parts.index)),
      overlay_(options_.rows_kept),
      snapshots_(options_.snapshot_queue_bytes),
      progress_(options_.progress_queue_bytes),
      epochs_(log_->shard_count()),
      next_(log_->stored_next()),
      published_(next_ - 1),
      applied_(index_->applied().last) {
  auto& stored = log_->stored_epochs();
  for (std::size_t shard = 0; shard < stored.size(); ++shard) epochs_[shard] = stored[shard];
}

engine::~engine() {
  {
    std::lock_guard lock(background_mutex_);
    stopping_ = true;
  }
  background_wake_.notify_one();
  if (background_.joinable()) background_.join();
}

void engine::keep(snapshot taken) {
  if (!is_key(taken.entity)) return;
  snapshots_.put(entity_key(taken.entity).text(), taken);
}

}  // namespace perdure::persistence::lmdb
