#include "persistence/lmdb/index_file.h"

#include <sys/stat.h>

#include <cstring>

#include "persistence/codec.h"

namespace perdure::persistence::lmdb {

namespace {

constexpr std::string_view format_key = "format";
constexpr std::string_view journal_key = "journal";
constexpr std::string_view applied_key = "applied";

error unusable(const std::string& why) { return {errc::internal, "the index " + why}; }

bytes due_key(timestamp time, std::string_view key) {
  big_endian head(sortable(time));
  bytes whole(head.view().begin(), head.view().end());
  auto tail = as_bytes_view(key);
  whole.insert(whole.end(), tail.begin(), tail.end());
  return whole;
}

struct packed_mark {
  lsn last;
  std::uint32_t crc;
  std::uint32_t reserved;
};

template <class T>
std::optional<T> value_of(std::optional<bytes_view> found) {
  if (!found || found->size() != sizeof(T)) return std::nullopt;
  T value;
  std::memcpy(&value, found->data(), sizeof value);
  return value;
}

template <class T>
bytes_view view_of(const T& value) {
  return std::as_bytes(std::span{&value, 1});
}

index_row require(std::optional<index_row> row) {
  if (!row) throw failure(unusable("has a damaged row"));
  return *row;
}

}  // namespace

// -- opening -------------------------------------------------------------------------------------

result<std::unique_ptr<index_file>> index_file::open(const std::filesystem::path& directory,
                                                     std::size_t map_bytes,
                                                     const journal_id& journal, bool read_only) {
  std::error_code failed;
  if (!read_only && ::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) {
    return lmdb_error(errno, "making " + directory.string());
  }
  std::unique_ptr<index_file> opening(new index_file);
  auto env =
      environment::open({.directory = directory, .map_bytes = map_bytes, .read_only = read_only});
  if (!env) return env.error();
  opening->env_ = std::move(*env);
  // A file that ends before its last page would be read past its end: the process would be killed.
  auto size = std::filesystem::file_size(directory / "data.mdb", failed);
  if (failed || size < opening->env_->file_pages() * opening->env_->page_bytes()) {
    return unusable("is cut short");
  }
  try {
    if (auto known = opening->check_format(); !known) return known.error();
    if (auto opened = opening->open_tables(); !opened) return opened.error();
    if (auto bound = opening->bind(journal, read_only); !bound) return bound.error();
  } catch (const failure& failed_read) {
    return failed_read.why();
  }
  return opening;
}

/// Asked before any other table is opened: another version's index may lack it.
result<nothing> index_file::check_format() {
  auto meta = env_->table("meta");
  if (!meta) return meta.error();
  meta_table_ = *meta;
  read_transaction txn(*env_);
  auto format = value_of<std::uint32_t>(txn.get(meta_table_, as_bytes_view(format_key)));
  if (format && *format != index_format_version) {
    return error{errc::malformed, "the index has format " + std::to_string(*format) + ", not " +
                                      std::to_string(index_format_version)};
  }
  return nothing{};
}

result<nothing> index_file::open_tables() {
  const std::pair<const char*, MDB_dbi*> tables[] = {
      {"entities", &entities_table_}, {"attributes", &attributes_table_},
      {"pending", &pending_table_},   {"progress", &progress_table_},
      {"due", &due_table_},           {"snapshots", &snapshots_table_},
      {"garbage", &garbage_table_}};
  for (auto& [name, handle] : tables) {
    auto table = env_->table(name);
    if (!table) return table.error();
    *handle = *table;
  }
  return nothing{};
}

result<nothing> index_file::bind(const journal_id& journal, bool read_only) {
  {
    read_transaction txn(*env_);
    auto format = value_of<std::uint32_t>(txn.get(meta_table_, as_bytes_view(format_key)));
    auto bound = value_of<journal_id>(txn.get(meta_table_, as_bytes_view(journal_key)));
    auto applied = value_of<packed_mark>(txn.get(meta_table_, as_bytes_view(applied_key)));
    if (format && bound && applied) {
      if (*bound != journal) return unusable("belongs to another journal");
      applied_ = {applied->last, applied->crc};
      measure(txn.raw());
      return nothing{};
    }
    if (cursor(txn.raw(), entities_table_).first() || format || bound || applied || read_only) {
      return unusable("is not whole");
    }
  }
  write_transaction making(*env_);
  int code = making.put(meta_table_, as_bytes_view(format_key), view_of(index_format_version));
  if (code == 0) code = making.put(meta_table_, as_bytes_view(journal_key), journal);
  if (code == 0) code = making.put(meta_table_, as_bytes_view(applied_key), view_of(packed_mark{}));
  if (code == 0) code = making.commit();
  if (code != 0) return lmdb_error(code, "making the index");
  return nothing{};
}

void index_file::measure(MDB_txn* txn) {
  std::uint64_t pages = 0;
  for (auto table : {entities_table_, attributes_table_, pending_table_, progress_table_,
                     due_table_, snapshots_table_, garbage_table_}) {
    MDB_stat stat{};
    if (mdb_stat(txn, table, &stat) != 0) continue;
    pages += stat.ms_branch_pages + stat.ms_leaf_pages + stat.ms_overflow_pages;
    if (table == entities_table_) entities_.store(stat.ms_entries, std::memory_order_relaxed);
    if (table == progress_table_) {
      progress_entries_.store(stat.ms_entries, std::memory_order_release);
    }
  }
  used_bytes_.store(pages * env_->page_bytes(), std::memory_order_relaxed);
}

// -- reading -------------------------------------------------------------------------------------

std::optional<index_row> index_file::row(const read_transaction& in, std::string_view key) const {
  auto value = in.get(entities_table_, as_bytes_view(key));
  if (!value) return std::nullopt;
  return require(read_row(*value));
}

std::optional<bytes_view> index_file::snapshot_value(const read_transaction& in,
                                                     std::string_view key) const {
  return in.get(snapshots_table_, as_bytes_view(key));
}

void index_file::rows_from(
    const read_transaction& in, std::string_view key,
    const std::function<bool(std::string_view, const index_row&)>& each) const {
  cursor at(in.raw(), entities_table_);
  for (bool more = key.empty() ? at.first() : at.seek(as_bytes_view(key)); more; more = at.next()) {
    if (!each(as_text(at.key()), require(read_row(at.value())))) return;
  }
}

core::attributes index_file::attributes_reader::find(std::string_view key) {
  if (where_ == where::before || (where_ == where::entry && as_text(at_.key()) < key)) {
    where_ = at_.seek(as_bytes_view(key)) ? where::entry : where::end;
  }
  if (where_ == where::end || as_text(at_.key()) != key) return {};
  auto encoded = read_checked(at_.value());
  auto values = encoded ? decode_attributes(*encoded) : unusable("has damaged attributes");
  if (!values) throw failure(values.error());
  return std::move(*values);
}

void index_file::pending_from(const read_transaction& in, std::string_view key,
                              const std::function<bool(std::string_view)>& each) const {
  cursor at(in.raw(), pending_table_);
  for (bool more = key.empty() ? at.first() : at.seek(as_bytes_view(key)); more; more = at.next()) {
    if (!each(as_text(at.key()))) return;
  }
}

std::vector<activity_progress> index_file::progress_of(const read_transaction& in,
                                                       std::string_view key) const {
  std::vector<activity_progress> found;
  cursor at(in.raw(), progress_table_);
  for (bool more = at.seek(progress_key(key, 0)); more; more = at.next()) {
    if (!as_text(at.key()).starts_with(key)) break;
    if (!is_progress_of(key, at.key())) continue;
    auto encoded = read_checked(at.value());
    if (!encoded) continue;
    if (auto progress = decode_progress(*encoded)) found.push_back(std::move(*progress));
  }
  return found;
}

void index_file::due_from(const read_transaction& in, timestamp time, std::string_view key,
                          const std::function<bool(timestamp, std::string_view)>& each) const {
  auto start = due_key(time, key);
  cursor at(in.raw(), due_table_);
  for (bool more = at.seek(start); more; more = at.next()) {
    if (at.key().size() <= 8) throw failure(unusable("has a damaged due time"));
    auto entry = from_sortable(big_endian::read(at.key()));
    if (!each(entry, as_text(at.key().subspan(8)))) return;
  }
}

std::optional<garbage> index_file::next_garbage(const read_transaction& in, garbage::kind what,
                                                const garbage_position& from, timestamp until,
                                                const std::set<lsn>& passed) const {
  auto start = garbage_key(what, from.ended, from.last);
  cursor at(in.raw(), garbage_table_);
  for (bool more = at.seek(start); more; more = at.next()) {
    auto found = read_garbage(at.key(), at.value());
    if (!found) throw failure(unusable("has a damaged list of garbage"));
    if (found->what != what || found->ended > until) return std::nullopt;
    if (!passed.contains(found->last)) return found;
  }
  return std::nullopt;
}

// -- change --------------------------------------------------------------------------------------

std::optional<index_row> index_file::change::row(std::string_view key) const {
  auto value = txn_.get(of_.entities_table_, as_bytes_view(key));
  if (!value) return std::nullopt;
  return require(read_row(*value));
}

int index_file::change::put_row(std::string_view key, const index_row& row) {
  return txn_.put(of_.entities_table_, as_bytes_view(key), write_row(row));
}

int index_file::change::move_due(std::string_view key, index_row& row,
                                 std::optional<timestamp> to) {
  if (row.due_indexed == to) return 0;
  if (row.due_indexed) {
    if (int code = txn_.remove(of_.due_table_, due_key(*row.due_indexed, key)); code != 0) {
      return code;
    }
  }
  row.due_indexed = to;
  return to ? txn_.put(of_.due_table_, due_key(*to, key), {}) : 0;
}

int index_file::change::put_entity(std::string_view key, const entity_state& state,
                                   const core::attributes* attributes) {
  auto found = row(key);
  auto before = found.value_or(index_row{});
  index_row after{state, before.due_indexed, before.snapshot_event};
  auto& next = state.summary.next_due;
  // A later time leaves the earlier entry, a lower bound, until that time has come.
  bool bounded = before.due_indexed && *before.due_indexed > state.summary.last_active &&
                 (!next || *before.due_indexed <= *next);
  if (!bounded) {
    if (int code = move_due(key, after, next); code != 0) return code;
  }
  if (after.snapshot_event != 0 && after.snapshot_event < state.summary.run_began) {
    if (int code = txn_.remove(of_.snapshots_table_, as_bytes_view(key)); code != 0) return code;
    after.snapshot_event = 0;
  }
  if (state.summary.pending != before.state.summary.pending) {
    int code = state.summary.pending ? txn_.put(of_.pending_table_, as_bytes_view(key), {})
                                     : txn_.remove(of_.pending_table_, as_bytes_view(key));
    if (code != 0) return code;
  }
  if (attributes != nullptr && !attributes->empty()) {
    auto value = write_checked(encode_attributes(*attributes));
    int code = txn_.put(of_.attributes_table_, as_bytes_view(key), value);
    if (code != 0) return code;
  } else if (attributes != nullptr && found) {
    int code = txn_.remove(of_.attributes_table_, as_bytes_view(key));
    if (code != 0) return code;
  }
  return put_row(key, after);
}

int index_file::change::remove_entity(std::string_view key) {
  auto before = row(key);
  if (!before) return 0;
  if (int code = move_due(key, *before, std::nullopt); code != 0) return code;
  for (auto table : {of_.snapshots_table_, of_.attributes_table_, of_.pending_table_}) {
    if (int code = txn_.remove(table, as_bytes_view(key)); code != 0) return code;
  }
  if (int code = clear_progress(key); code != 0) return code;
  return txn_.remove(of_.entities_table_, as_bytes_view(key));
}

int index_file::change::put_snapshot(std::string_view key, event_number event, bytes_view value) {
  auto before = row(key);
  if (!before) return MDB_NOTFOUND;
  before->snapshot_event = event;
  if (int code = put_row(key, *before); code != 0) return code;
  return txn_.put(of_.snapshots_table_, as_bytes_view(key), value);
}

int index_file::change::mend_due(timestamp entry, std::string_view key) {
  auto before = row(key);
  if (!before || before->due_indexed != entry) {
    return txn_.remove(of_.due_table_, due_key(entry, key));
  }
  if (int code = move_due(key, *before, before->state.summary.next_due); code != 0) return code;
  return put_row(key, *before);
}

int index_file::change::put_progress(std::string_view key, const activity_progress& progress) {
  return txn_.put(of_.progress_table_, progress_key(key, progress.activity),
                  write_checked(encode_progress(progress)));
}

int index_file::change::remove_progress(std::string_view key, event_number activity) {
  return txn_.remove(of_.progress_table_, progress_key(key, activity));
}

int index_file::change::clear_progress(std::string_view key) {
  std::vector<bytes> found;
  {
    cursor at(txn_.raw(), of_.progress_table_);
    for (bool more = at.seek(progress_key(key, 0)); more; more = at.next()) {
      if (!as_text(at.key()).starts_with(key)) break;
      if (is_progress_of(key, at.key())) found.emplace_back(at.key().begin(), at.key().end());
    }
  }
  for (auto& entry : found) {
    if (int code = txn_.remove(of_.progress_table_, entry); code != 0) return code;
  }
  return 0;
}

int index_file::change::put_garbage(const garbage& ended) {
  return txn_.put(of_.garbage_table_, garbage_key(ended.what, ended.ended, ended.last),
                  as_bytes_view(ended.key));
}

int index_file::change::remove_garbage(const garbage& ended) {
  return txn_.remove(of_.garbage_table_, garbage_key(ended.what, ended.ended, ended.last));
}

int index_file::change::set_applied(applied_mark mark) {
  return txn_.put(of_.meta_table_, as_bytes_view(applied_key),
                  view_of(packed_mark{mark.last, mark.crc, 0}));
}

int index_file::change::commit() {
  of_.measure(txn_.raw());
  return txn_.commit();
}

}  // namespace perdure::persistence::lmdb
