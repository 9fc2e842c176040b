#pragma once

/// A plain TCP connection to the server under test, for what a proper client never sends.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace perdure::gateway {

class raw_socket {
public:
  explicit raw_socket(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    if (::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
      throw std::runtime_error("cannot connect");
    }
    timeval limit{30, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  }
  explicit raw_socket(int accepted, std::nullptr_t) : fd_(accepted) {}
  raw_socket(raw_socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  ~raw_socket() {
    if (fd_ >= 0) ::close(fd_);
  }

  /// Sends; what the peer does not take any more is dropped.
  void write(std::string_view text) {
    while (!text.empty()) {
      const auto sent = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
  }

  /// Says that nothing more will be sent.
  void finish() { ::shutdown(fd_, SHUT_WR); }

  /// Returns what comes until the peer closes.
  std::string read_all() {
    std::string all;
    while (read_some(all)) {
    }
    return all;
  }

  /// Returns one HTTP message with a Content-Length or without a body; "" when there is none.
  std::string read_message() {
    std::string text;
    while (text.find("\r\n\r\n") == std::string::npos) {
      if (!read_some(text)) return {};
    }
    const auto head = text.find("\r\n\r\n") + 4;
    const auto length = text.find("Content-Length: ");
    const auto body = length < head ? std::stoul(text.substr(length + 16)) : 0;
    while (text.size() < head + body) {
      if (!read_some(text)) return {};
    }
    return text;
  }

private:
  bool read_some(std::string& into) {
    char buffer[4096];
    const auto count = ::recv(fd_, buffer, sizeof buffer, 0);
    if (count <= 0) return false;
    into.append(buffer, static_cast<std::size_t>(count));
    return true;
  }

  int fd_;
};

}  // namespace perdure::gateway
