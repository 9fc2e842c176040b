#pragma once

/// Whether the client of a connection is still there: has not closed its end. Any thread may ask,
/// also when the connection is gone.

#include <sys/socket.h>

#include <cerrno>
#include <mutex>

namespace perdure::gateway {

class presence {
public:
  /// `socket` is that of the connection, which calls `end` before it closes it; -1: not known, so
  /// that the client counts as there until then.
  explicit presence(int socket) : socket_(socket) {}

  void end() {
    std::lock_guard guard{mutex_};
    ended_ = true;
  }

  bool is_there() const {
    std::lock_guard guard{mutex_};
    if (ended_ || socket_ < 0) return !ended_;
    // A client that has closed, and not one that has nothing to say, is read as the end.
    char next = 0;
    const auto got = recv(socket_, &next, 1, MSG_PEEK | MSG_DONTWAIT);
    return got > 0 || (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR));
  }

private:
  mutable std::mutex mutex_;
  const int socket_;
  bool ended_ = false;
};

}  // namespace perdure::gateway
