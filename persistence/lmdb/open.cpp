#include <spdlog/spdlog.h>
#include <sys/random.h>

#include <utility>

#include "persistence/lmdb/engine.h"

namespace perdure::persistence {

namespace lmdb {

namespace {

journal_id system_random_id() {
  journal_id id{};
  if (::getrandom(id.data(), id.size(), 0) != static_cast<ssize_t>(id.size())) {
    throw failure({errc::internal, "the system gives no random bytes"});
  }
  return id;
}

result<std::unique_ptr<journal_file>> open_log(const lmdb_options& options) {
  auto& directory = options.directory;
  std::error_code failed;
  if (!std::filesystem::exists(directory / journal_name / "data.mdb", failed)) {
    if (std::filesystem::exists(directory / index_name, failed)) {
      return error{errc::internal, directory.string() +
                                       " has an index and no journal: the journal " +
                                       "is lost; restore a backup, or remove the index to begin"};
    }
    std::filesystem::remove_all(directory / journal_name, failed);
    journal_creation with{.shard_count = options.shard_count != 0
                                             ? options.shard_count
                                             : lmdb_options::default_shard_count,
                          .id = options.random_id ? options.random_id() : system_random_id()};
    if (auto made = journal_file::create(directory, with); !made) return made.error();
  }
  auto log = journal_file::open(directory, options.journal_map_bytes);
  if (!log) return log.error();
  if (options.shard_count != 0 && (*log)->shard_count() != options.shard_count) {
    return error{errc::malformed, directory.string() + " has " +
                                      std::to_string((*log)->shard_count()) + " shards, not " +
                                      std::to_string(options.shard_count) +
                                      ": their number is fixed when it is made"};
  }
  return log;
}

/// Whether the index says of its last record what the log says.
bool agrees(const index_file& index, const journal_file& log) {
  auto mark = index.applied();
  if (mark.last >= log.stored_next()) return false;
  read_transaction txn(log.env());
  auto [how, entry] = log.read(txn, mark.last);
  return how != journal_file::presence::intact || mark.crc == 0 || entry.crc == mark.crc;
}

result<std::unique_ptr<index_file>> open_index(const lmdb_options& options,
                                               const journal_file& log) {
  auto path = options.directory / index_name;
  auto mark = options.directory / index_damaged_name;
  std::error_code failed;
  std::string why;
  if (std::filesystem::exists(mark, failed)) {
    why = "it was found damaged";
  } else if (std::filesystem::exists(path, failed)) {
    auto index = index_file::open(path, options.index_map_bytes, log.id());
    if (index && agrees(**index, log)) return index;
    why = index ? "it does not follow this journal" : index.error().detail;
  } else if (log.records() != 0) {
    why = "it is missing";
  }
  if (!why.empty()) {
    spdlog::warn("{}: built again from the journal: {}", path.string(), why);
  }
  std::filesystem::remove_all(path, failed);
  auto index = index_file::open(path, options.index_map_bytes, log.id());
  if (index) std::filesystem::remove(mark, failed);
  return index;
}

result<std::unique_ptr<journal>> open_engine(lmdb_options options) {
  auto lock = directory_lock::take(options.directory);
  if (!lock) return lock.error();
  auto log = open_log(options);
  if (!log) return log.error();
  auto index = open_index(options, **log);
  if (!index) return index.error();
  auto opened = std::make_unique<engine>(
      std::move(options), engine_parts{std::move(*lock), std::move(*log), std::move(*index)});
  if (auto read = opened->catch_up(); !read) return read.error();
  opened->start();
  return std::unique_ptr<journal>(std::move(opened));
}

}  // namespace

}  // namespace lmdb

result<std::unique_ptr<journal>> open_lmdb_journal(lmdb_options options) {
  try {
    return lmdb::open_engine(std::move(options));
  } catch (const failure& failed) {
    return failed.why();
  }
}

}  // namespace perdure::persistence
