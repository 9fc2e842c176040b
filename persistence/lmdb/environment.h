#pragma once

/// LMDB's environments and transactions as owners that clean up after themselves.
///
/// An environment is opened once in a process (LMDB's locks would be lost otherwise); a second open
/// of the same files is refused. Read transactions are short, may move between threads and never
/// nest with a write transaction that grows the map. Failures of reads are thrown as `failure`
/// (internal, or unavailable when there are too many readers at once): they are bugs or a broken
/// disk. Codes of writes are returned: the caller tells a full disk from a broken one.

#include <lmdb.h>

#include <atomic>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

#include <perdure/errors.h>
#include <perdure/types.h>

namespace perdure::persistence::lmdb {

class environment;

/// Returns an error whose detail names what was being done and what LMDB or the system said.
error lmdb_error(int code, const std::string& doing);

/// Whether a code means that there is no room: of the map or of the disk.
bool is_full(int code);

/// A consistent view, held while it lives.
class read_transaction {
public:
  explicit read_transaction(const environment& of);
  ~read_transaction();
  read_transaction(const read_transaction&) = delete;
  read_transaction& operator=(const read_transaction&) = delete;

  /// Returns the value under `key`, borrowed until this transaction ends, or nothing.
  std::optional<bytes_view> get(MDB_dbi table, bytes_view key) const;

  MDB_txn* raw() const { return txn_; }

private:
  const environment& of_;
  std::shared_lock<std::shared_mutex> map_;
  MDB_txn* txn_ = nullptr;
};

/// Changes that become durable together at `commit`, or not at all.
class write_transaction {
public:
  explicit write_transaction(environment& of);
  ~write_transaction();
  write_transaction(const write_transaction&) = delete;
  write_transaction& operator=(const write_transaction&) = delete;

  /// Returns the value under `key`, borrowed until the next change, or nothing.
  std::optional<bytes_view> get(MDB_dbi table, bytes_view key) const;

  /// Each returns 0 or LMDB's code; after a code other than 0 only `abort` makes sense.
  int put(MDB_dbi table, bytes_view key, bytes_view value);
  int remove(MDB_dbi table, bytes_view key);  ///< 0 as well when there is no such key.
  int commit();
  void abort();

  MDB_txn* raw() const { return txn_; }

private:
  std::unique_lock<std::mutex> writing_;
  MDB_txn* txn_ = nullptr;
};

/// A position in a table, valid within its transaction.
class cursor {
public:
  cursor(MDB_txn* txn, MDB_dbi table);
  ~cursor() { mdb_cursor_close(cursor_); }
  cursor(const cursor&) = delete;
  cursor& operator=(const cursor&) = delete;

  /// Each moves and returns whether there is an entry there.
  bool first() { return move(MDB_FIRST); }
  bool last() { return move(MDB_LAST); }
  bool next() { return move(MDB_NEXT); }
  bool seek(bytes_view key);  ///< To the first entry that is not before `key`.

  bytes_view key() const { return view(key_); }
  bytes_view value() const { return view(value_); }

  MDB_cursor* raw() const { return cursor_; }

private:
  static bytes_view view(const MDB_val& from) {
    return {static_cast<const std::byte*>(from.mv_data), from.mv_size};
  }
  bool move(MDB_cursor_op to);

  MDB_cursor* cursor_ = nullptr;
  MDB_val key_{};
  MDB_val value_{};
};

struct environment_settings {
  std::filesystem::path directory;  ///< Exists.
  std::size_t map_bytes = 0;        ///< Address space, sparse; at least what the file has.
  bool read_only = false;
};

class environment {
public:
  /// Errors: internal with what LMDB said; unavailable when this process has it open already.
  static result<std::unique_ptr<environment>> open(const environment_settings& settings);
  ~environment();
  environment(const environment&) = delete;
  environment& operator=(const environment&) = delete;

  /// Opens a table, making it unless the environment is read-only. Errors: internal.
  result<MDB_dbi> table(const char* name);

  /// Doubles the map until `incoming` more bytes fit beside what the file has. Waits for readers.
  /// Returns 0 or LMDB's code.
  int make_room(std::size_t incoming);

  std::size_t file_pages() const;  ///< Pages of the file that are or were in use.
  std::size_t page_bytes() const { return page_bytes_; }
  const std::filesystem::path& directory() const { return settings_.directory; }
  MDB_env* raw() const { return env_; }

private:
  friend class read_transaction;
  friend class write_transaction;

  explicit environment(environment_settings settings) : settings_(std::move(settings)) {}
  int start();
  MDB_txn* take_reader() const;
  void give_back(MDB_txn* reader) const;

  environment_settings settings_;
  std::string registered_;
  MDB_env* env_ = nullptr;
  std::size_t page_bytes_ = 0;
  std::atomic<std::size_t> map_bytes_ = 0;
  std::mutex writing_;
  mutable std::shared_mutex map_;
  mutable std::mutex readers_mutex_;
  mutable std::vector<MDB_txn*> readers_;  ///< Reset, ready to be renewed.
};

}  // namespace perdure::persistence::lmdb
