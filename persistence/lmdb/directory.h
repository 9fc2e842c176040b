#pragma once

/// The data directory: one process at a time, and its parts made whole or not at all.

#include <filesystem>
#include <functional>
#include <optional>

#include <perdure/errors.h>

namespace perdure::persistence::lmdb {

/// Names inside a data directory.
inline constexpr const char* lock_name = "LOCK";
inline constexpr const char* journal_name = "journal";
inline constexpr const char* index_name = "index";
inline constexpr const char* index_damaged_name = "index.damaged";

/// Held while a node runs on a directory. The system lets go of it when the process ends, however
/// it ends.
class directory_lock {
public:
  /// Makes the directory (0700) when it does not exist. Errors: unavailable when another process
  /// holds it; internal when it cannot be made or written to.
  static result<directory_lock> take(const std::filesystem::path& directory);

  /// Whether someone, this process included, holds the directory.
  static bool is_taken(const std::filesystem::path& directory);

  directory_lock(directory_lock&& from) noexcept;
  directory_lock& operator=(directory_lock&&) = delete;
  ~directory_lock();

private:
  explicit directory_lock(int file) : file_(file) {}

  int file_ = -1;
};

/// Makes `to` by `fill`ing a temporary directory beside it, syncing all of it and renaming it:
/// after a crash `to` is whole or absent. What an earlier crash left half made is removed first.
/// Errors: those of `fill`, and internal.
result<nothing> make_whole(
    const std::filesystem::path& to,
    const std::function<result<nothing>(const std::filesystem::path& temporary)>& fill);

/// Makes the file durable, or the directory's list of names.
result<nothing> sync_path(const std::filesystem::path& path);

/// Returns the bytes free for this process on the file system of `path`, or nothing when unknown.
std::optional<std::uint64_t> free_bytes(const std::filesystem::path& path);

}  // namespace perdure::persistence::lmdb
