#include "persistence/lmdb/environment.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <set>

#include "persistence/check.h"

namespace perdure::persistence::lmdb {

namespace {

constexpr unsigned readers_max = 512;
constexpr std::size_t readers_kept = 64;
constexpr unsigned tables_max = 16;
constexpr mode_t file_mode = 0600;

MDB_val val(bytes_view from) { return {from.size(), const_cast<std::byte*>(from.data())}; }

/// The environments this process has open, by device and inode of their directory.
struct registry {
  std::mutex mutex;
  std::set<std::string> open;
};

registry& opened() {
  static registry all;
  return all;
}

std::optional<std::string> identity_of(const std::filesystem::path& directory) {
  struct stat found{};
  if (::stat(directory.c_str(), &found) != 0) return std::nullopt;
  return std::to_string(found.st_dev) + ':' + std::to_string(found.st_ino);
}

[[noreturn]] void fail(int code, const char* doing) { throw failure(lmdb_error(code, doing)); }

std::optional<bytes_view> get_value(MDB_txn* txn, MDB_dbi table, bytes_view key) {
  MDB_val at = val(key);
  MDB_val found{};
  int code = mdb_get(txn, table, &at, &found);
  if (code == MDB_NOTFOUND) return std::nullopt;
  if (code != 0) fail(code, "reading a value");
  return bytes_view{static_cast<const std::byte*>(found.mv_data), found.mv_size};
}

}  // namespace

error lmdb_error(int code, const std::string& doing) {
  auto what = code == MDB_READERS_FULL ? errc::unavailable
              : is_full(code)          ? errc::storage_full
                                       : errc::internal;
  return {what, doing + ": " + mdb_strerror(code) + " (" + std::to_string(code) + ")"};
}

bool is_full(int code) { return code == MDB_MAP_FULL || code == ENOSPC || code == EDQUOT; }

// -- transactions --------------------------------------------------------------------------------

read_transaction::read_transaction(const environment& of)
    : of_(of), map_(of.map_), txn_(of.take_reader()) {}

read_transaction::~read_transaction() { of_.give_back(txn_); }

std::optional<bytes_view> read_transaction::get(MDB_dbi table, bytes_view key) const {
  return get_value(txn_, table, key);
}

write_transaction::write_transaction(environment& of) : writing_(of.writing_) {
  int code = mdb_txn_begin(of.env_, nullptr, 0, &txn_);
  if (code != 0) fail(code, "beginning to write");
}

write_transaction::~write_transaction() { abort(); }

std::optional<bytes_view> write_transaction::get(MDB_dbi table, bytes_view key) const {
  return get_value(txn_, table, key);
}

int write_transaction::put(MDB_dbi table, bytes_view key, bytes_view value) {
  MDB_val at = val(key);
  MDB_val content = val(value);
  return mdb_put(txn_, table, &at, &content, 0);
}

int write_transaction::remove(MDB_dbi table, bytes_view key) {
  MDB_val at = val(key);
  int code = mdb_del(txn_, table, &at, nullptr);
  return code == MDB_NOTFOUND ? 0 : code;
}

int write_transaction::commit() {
  check(txn_ != nullptr, "a transaction ends once");
  return mdb_txn_commit(std::exchange(txn_, nullptr));
}

void write_transaction::abort() {
  if (txn_ != nullptr) mdb_txn_abort(std::exchange(txn_, nullptr));
}

cursor::cursor(MDB_txn* txn, MDB_dbi table) {
  int code = mdb_cursor_open(txn, table, &cursor_);
  if (code != 0) fail(code, "opening a cursor");
}

bool cursor::seek(bytes_view key) {
  key_ = val(key);
  return move(MDB_SET_RANGE);
}

bool cursor::move(MDB_cursor_op to) {
  int code = mdb_cursor_get(cursor_, &key_, &value_, to);
  if (code == MDB_NOTFOUND) return false;
  if (code != 0) fail(code, "moving a cursor");
  return true;
}

// -- environment ---------------------------------------------------------------------------------

result<std::unique_ptr<environment>> environment::open(const environment_settings& settings) {
  std::unique_ptr<environment> opening(new environment(settings));
  auto& directory = settings.directory;
  auto identity = identity_of(directory);
  if (!identity) return lmdb_error(errno, "opening " + directory.string());
  {
    std::lock_guard lock(opened().mutex);
    if (!opened().open.insert(*identity).second) {
      return error{errc::unavailable, directory.string() + " is open in this process already"};
    }
    opening->registered_ = *identity;
  }
  int code = opening->start();
  if (code != 0) return lmdb_error(code, "opening " + directory.string());
  return opening;
}

int environment::start() {
  if (int code = mdb_env_create(&env_); code != 0) return code;
  if (int code = mdb_env_set_maxreaders(env_, readers_max); code != 0) return code;
  if (int code = mdb_env_set_maxdbs(env_, tables_max); code != 0) return code;
  if (int code = mdb_env_set_mapsize(env_, settings_.map_bytes); code != 0) return code;
  unsigned flags = MDB_NOTLS | MDB_NORDAHEAD | (settings_.read_only ? MDB_RDONLY : 0U);
  if (int code = mdb_env_open(env_, settings_.directory.c_str(), flags, file_mode); code != 0) {
    return code;
  }
  int file = -1;
  if (int code = mdb_env_get_fd(env_, &file); code != 0) return code;
  ::fcntl(file, F_SETFD, ::fcntl(file, F_GETFD) | FD_CLOEXEC);
  MDB_stat stat{};
  if (int code = mdb_env_stat(env_, &stat); code != 0) return code;
  page_bytes_ = stat.ms_psize;
  MDB_envinfo info{};
  if (int code = mdb_env_info(env_, &info); code != 0) return code;
  map_bytes_ = info.me_mapsize;
  return 0;
}

environment::~environment() {
  for (auto* reader : readers_) mdb_txn_abort(reader);
  if (env_ != nullptr) mdb_env_close(env_);
  if (registered_.empty()) return;
  std::lock_guard lock(opened().mutex);
  opened().open.erase(registered_);
}

result<MDB_dbi> environment::table(const char* name) {
  MDB_txn* txn = nullptr;
  std::lock_guard lock(writing_);
  unsigned flags = settings_.read_only ? MDB_RDONLY : 0U;
  int code = mdb_txn_begin(env_, nullptr, flags, &txn);
  if (code != 0) return lmdb_error(code, std::string("opening table ") + name);
  MDB_dbi table = 0;
  code = mdb_dbi_open(txn, name, settings_.read_only ? 0U : MDB_CREATE, &table);
  if (code == 0) {
    code = mdb_txn_commit(txn);
  } else {
    mdb_txn_abort(txn);
  }
  if (code != 0) return lmdb_error(code, std::string("opening table ") + name);
  return table;
}

std::size_t environment::file_pages() const {
  MDB_envinfo info{};
  mdb_env_info(env_, &info);
  return info.me_last_pgno + 1;
}

int environment::make_room(std::size_t incoming) {
  // What a commit copies of the tree's inner pages and of its free list.
  constexpr std::size_t overhead_pages = 1024;
  auto needed = (file_pages() + overhead_pages) * page_bytes_ + 2 * incoming;
  if (needed <= map_bytes_) return 0;
  std::lock_guard writing(writing_);
  std::lock_guard readers(map_);
  auto wanted = map_bytes_.load();
  while (wanted < needed) wanted *= 2;
  int code = mdb_env_set_mapsize(env_, wanted);
  if (code == 0) map_bytes_ = wanted;
  return code;
}

MDB_txn* environment::take_reader() const {
  MDB_txn* reader = nullptr;
  {
    std::lock_guard lock(readers_mutex_);
    if (!readers_.empty()) {
      reader = readers_.back();
      readers_.pop_back();
    }
  }
  int code =
      reader != nullptr ? mdb_txn_renew(reader) : mdb_txn_begin(env_, nullptr, MDB_RDONLY, &reader);
  if (code != 0) fail(code, "beginning to read");
  return reader;
}

void environment::give_back(MDB_txn* reader) const {
  mdb_txn_reset(reader);
  {
    std::lock_guard lock(readers_mutex_);
    if (readers_.size() < readers_kept) {
      readers_.push_back(reader);
      return;
    }
  }
  mdb_txn_abort(reader);
}

}  // namespace perdure::persistence::lmdb
