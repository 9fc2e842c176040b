#include "persistence/lmdb/journal_file.h"

#include <algorithm>
#include <cstring>

#include "persistence/check.h"
#include "persistence/lmdb/directory.h"

namespace perdure::persistence::lmdb {

namespace {

constexpr std::size_t creation_map_bytes = std::size_t{64} << 20;
constexpr const char* log_table = "log";
constexpr const char* meta_table = "meta";
constexpr std::string_view format_key = "format";
constexpr std::string_view shards_key = "shards";
constexpr std::string_view id_key = "id";
constexpr std::string_view epochs_key = "epochs";
constexpr std::string_view next_key = "next";
constexpr std::string_view schema_prefix = "schema:";

std::string schema_key(std::string_view type) { return std::string(schema_prefix).append(type); }

template <class T>
bytes_view view_of(const T& value) {
  return std::as_bytes(std::span{&value, 1});
}

/// Returns the value under `key` when it is there and has the size of a T.
template <class T>
std::optional<T> get_value(const read_transaction& in, MDB_dbi table, std::string_view key) {
  auto found = in.get(table, as_bytes_view(key));
  if (!found || found->size() != sizeof(T)) return std::nullopt;
  T value;
  std::memcpy(&value, found->data(), sizeof value);
  return value;
}

error not_whole(const char* part) {
  return {errc::internal, std::string("the journal's ") + part + " is missing or damaged"};
}

}  // namespace

result<nothing> journal_file::create(const std::filesystem::path& data_directory,
                                     const journal_creation& with) {
  check(with.shard_count > 0, "a journal has a shard");
  return make_whole(data_directory / journal_name, [&](const auto& temporary) -> result<nothing> {
    auto env = environment::open({.directory = temporary, .map_bytes = creation_map_bytes});
    if (!env) return env.error();
    auto log = (*env)->table(log_table);
    if (!log) return log.error();
    auto meta = (*env)->table(meta_table);
    if (!meta) return meta.error();
    std::vector<sharding::epoch_number> epochs(with.shard_count, 0);
    write_transaction txn(**env);
    auto put = [&](std::string_view key, bytes_view value) {
      return txn.put(*meta, as_bytes_view(key), value);
    };
    int code = put(format_key, view_of(format_version));
    if (code == 0) code = put(shards_key, view_of(with.shard_count));
    if (code == 0) code = put(id_key, with.id);
    if (code == 0) code = put(epochs_key, std::as_bytes(std::span{epochs}));
    if (code == 0) code = put(next_key, view_of(lsn{1}));
    if (code == 0) code = txn.commit();
    if (code != 0) return lmdb_error(code, "making the journal");
    return nothing{};
  });
}

result<std::unique_ptr<journal_file>> journal_file::open(
    const std::filesystem::path& data_directory, std::size_t map_bytes, bool read_only) {
  std::unique_ptr<journal_file> opening(new journal_file);
  auto env = environment::open(
      {.directory = data_directory / journal_name, .map_bytes = map_bytes, .read_only = read_only});
  if (!env) return env.error();
  opening->env_ = std::move(*env);
  auto log = opening->env_->table(log_table);
  if (!log) return log.error();
  auto meta = opening->env_->table(meta_table);
  if (!meta) return meta.error();
  opening->log_ = *log;
  opening->meta_ = *meta;
  try {
    if (auto read = opening->read_meta(); !read) return read.error();
  } catch (const failure& failed) {
    return failed.why();
  }
  return opening;
}

result<nothing> journal_file::read_meta() {
  read_transaction txn(*env_);
  auto format = get_value<std::uint32_t>(txn, meta_, format_key);
  if (!format) return not_whole("format number");
  if (*format != format_version) {
    return error{errc::internal, "the journal has format " + std::to_string(*format) +
                                     ", this program reads format " +
                                     std::to_string(format_version)};
  }
  auto shards = get_value<std::uint32_t>(txn, meta_, shards_key);
  if (!shards || *shards == 0) return not_whole("number of shards");
  auto id = get_value<journal_id>(txn, meta_, id_key);
  if (!id) return not_whole("id");
  auto epochs = txn.get(meta_, as_bytes_view(epochs_key));
  if (!epochs || epochs->size() != *shards * sizeof(sharding::epoch_number)) {
    return not_whole("list of epochs");
  }
  auto next = get_value<lsn>(txn, meta_, next_key);
  if (!next) return not_whole("next number");
  shard_count_ = *shards;
  id_ = *id;
  epochs_.resize(*shards);
  std::memcpy(epochs_.data(), epochs->data(), epochs->size());
  cursor at(txn.raw(), log_);
  next_ = at.last() ? std::max(*next, big_endian::read(at.key()) + 1) : *next;
  measure(txn.raw());
  return nothing{};
}

void journal_file::measure(MDB_txn* txn) {
  MDB_stat stat{};
  if (mdb_stat(txn, log_, &stat) != 0) return;
  records_.store(stat.ms_entries, std::memory_order_relaxed);
  auto pages = stat.ms_branch_pages + stat.ms_leaf_pages + stat.ms_overflow_pages;
  used_bytes_.store(pages * env_->page_bytes(), std::memory_order_relaxed);
}

std::uint64_t journal_file::spare_bytes() const {
  auto file = env_->file_pages() * env_->page_bytes();
  auto used = used_bytes();
  return file > used ? file - used : 0;
}

journal_file::lookup journal_file::read(const read_transaction& in, lsn number) const {
  auto value = in.get(log_, big_endian(number).view());
  if (!value) return {};
  auto entry = read_log_entry(number, *value);
  if (!entry) return {.how = presence::damaged, .entry = {}};
  return {.how = presence::intact, .entry = *entry};
}

std::optional<bytes> journal_file::schema(const read_transaction& in, std::string_view type) const {
  auto found = in.get(meta_, as_bytes_view(schema_key(type)));
  auto intact = found ? read_checked(*found) : std::nullopt;
  if (!intact) return std::nullopt;
  return bytes(intact->begin(), intact->end());
}

std::vector<std::string> journal_file::damaged_schemas(const read_transaction& in) const {
  std::vector<std::string> types;
  cursor at(in.raw(), meta_);
  for (bool more = at.seek(as_bytes_view(schema_prefix)); more; more = at.next()) {
    auto key = as_text(at.key());
    if (!key.starts_with(schema_prefix)) break;
    if (!read_checked(at.value())) types.emplace_back(key.substr(schema_prefix.size()));
  }
  return types;
}

// -- change --------------------------------------------------------------------------------------

journal_file::change::change(journal_file& of) : of_(of), txn_(of.env()) {}

int journal_file::change::append(const log_entry& entry) {
  big_endian key(entry.number);
  MDB_val at{key.view().size(), const_cast<std::byte*>(key.view().data())};
  MDB_val room{log_head_bytes + entry.encoded.size(), nullptr};
  if (!log_) log_.emplace(txn_.raw(), of_.log_);
  int code = mdb_cursor_put(log_->raw(), &at, &room, MDB_APPEND | MDB_RESERVE);
  if (code == 0) write_log_entry(entry, static_cast<std::byte*>(room.mv_data));
  return code;
}

int journal_file::change::remove(lsn number) {
  return txn_.remove(of_.log_, big_endian(number).view());
}

int journal_file::change::set_next(lsn next) {
  return txn_.put(of_.meta_, as_bytes_view(next_key), view_of(next));
}

int journal_file::change::set_schema(std::string_view type, bytes_view what) {
  return txn_.put(of_.meta_, as_bytes_view(schema_key(type)), write_checked(what));
}

int journal_file::change::set_epochs(const std::vector<sharding::epoch_number>& epochs) {
  return txn_.put(of_.meta_, as_bytes_view(epochs_key), std::as_bytes(std::span{epochs}));
}

int journal_file::change::commit() {
  log_.reset();
  auto records = of_.records();
  auto used_bytes = of_.used_bytes();
  of_.measure(txn_.raw());
  int code = txn_.commit();
  if (code != 0) {
    of_.records_.store(records, std::memory_order_relaxed);
    of_.used_bytes_.store(used_bytes, std::memory_order_relaxed);
  }
  return code;
}

}  // namespace perdure::persistence::lmdb
