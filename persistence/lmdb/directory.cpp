#include "persistence/lmdb/directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace perdure::persistence::lmdb {

namespace {

constexpr mode_t directory_mode = 0700;
constexpr mode_t file_mode = 0600;

error system_error_of(int code, const std::string& doing) {
  return {code == ENOSPC || code == EDQUOT ? errc::storage_full : errc::internal,
          doing + ": " + std::generic_category().message(code)};
}

}  // namespace

result<directory_lock> directory_lock::take(const std::filesystem::path& directory) {
  std::error_code failed;
  auto parent = directory.parent_path();
  if (!parent.empty()) std::filesystem::create_directories(parent, failed);
  if (::mkdir(directory.c_str(), directory_mode) != 0 && errno != EEXIST) {
    return system_error_of(errno, "making the data directory " + directory.string());
  }
  auto path = directory / lock_name;
  int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, file_mode);
  if (file < 0) {
    return system_error_of(errno,
                           "the data directory " + directory.string() + " cannot be written to");
  }
  directory_lock lock(file);
  if (::flock(file, LOCK_EX | LOCK_NB) == 0) return lock;
  if (errno != EWOULDBLOCK) return system_error_of(errno, "locking " + path.string());
  return error{errc::unavailable,
               "another node is running on this directory: " + directory.string()};
}

bool directory_lock::is_taken(const std::filesystem::path& directory) {
  int file = ::open((directory / lock_name).c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  directory_lock probe(file);
  return ::flock(file, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

directory_lock::directory_lock(directory_lock&& from) noexcept
    : file_(std::exchange(from.file_, -1)) {}

directory_lock::~directory_lock() {
  if (file_ >= 0) ::close(file_);
}

result<nothing> sync_path(const std::filesystem::path& path) {
  int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return system_error_of(errno, "opening " + path.string());
  int code = ::fsync(file) == 0 ? 0 : errno;
  ::close(file);
  if (code != 0) return system_error_of(code, "syncing " + path.string());
  return nothing{};
}

result<nothing> make_whole(
    const std::filesystem::path& to,
    const std::function<result<nothing>(const std::filesystem::path& temporary)>& fill) {
  std::error_code failed;
  auto target = std::filesystem::absolute(to, failed).lexically_normal();
  if (!target.has_filename()) target = target.parent_path();
  auto temporary = target;
  temporary += ".new";
  std::filesystem::remove_all(temporary, failed);
  if (::mkdir(temporary.c_str(), directory_mode) != 0) {
    return system_error_of(errno, "making " + temporary.string());
  }
  auto undo = [&](error why) {
    std::filesystem::remove_all(temporary, failed);
    return why;
  };
  if (auto filled = fill(temporary); !filled) return undo(filled.error());
  for (auto& entry : std::filesystem::recursive_directory_iterator(temporary, failed)) {
    if (auto synced = sync_path(entry.path()); !synced) return undo(synced.error());
  }
  if (auto synced = sync_path(temporary); !synced) return undo(synced.error());
  if (::rename(temporary.c_str(), target.c_str()) != 0) {
    return undo(system_error_of(errno, "naming " + target.string()));
  }
  return sync_path(target.parent_path());
}

std::optional<std::uint64_t> free_bytes(const std::filesystem::path& path) {
  struct statvfs found{};
  if (::statvfs(path.c_str(), &found) != 0) return std::nullopt;
  return std::uint64_t{found.f_bavail} * found.f_frsize;
}

}  // namespace perdure::persistence::lmdb
