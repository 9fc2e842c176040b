#pragma once

/// One client's connection, as kj's server reads and writes it.
///
/// What kj writes in two pieces, an answer's headers and its body, leaves as one packet by one
/// system call. And a connection that shall end after an answer (the client said `Connection:
/// close`) reads as ended from then on, which kj takes for the client's own end.

#include <memory>
#include <string>
#include <string_view>

#include <perdure/capnp_compat.h>

#include <kj/async-io.h>
#include <kj/time.h>

#include "gateway/presence.h"

namespace perdure::gateway {

class connection final : public kj::AsyncIoStream {
public:
  explicit connection(kj::Own<kj::AsyncIoStream> inner)
      : inner_(kj::mv(inner)),
        presence_(std::make_shared<presence>(inner_->getFd().orDefault(-1))) {}
  ~connection() noexcept(false) { presence_->end(); }

  /// Whether the client is there; may be kept.
  std::shared_ptr<const presence> client() const { return presence_; }

  /// The answer under way is the last one.
  void end_after_answer() { ended_ = true; }

  /// Whether the client's first request was of HTTP/1.0, which takes the end of the connection for
  /// the end of an answer. kj does not say.
  bool is_old() const { return is_old_; }

  /// The client has begun to send a body at `now`, and has until body_time after it; see `is_late`.
  void body_began(kj::TimePoint now) { body_since_ = now; }
  void body_ended() { body_since_ = nullptr; }
  /// Whether a body began more than `time` ago and has not ended.
  bool is_late(kj::TimePoint now, kj::Duration time) const {
    KJ_IF_MAYBE (since, body_since_) return now - *since > time;
    return false;
  }

  /// Asks a client for the body that it holds back.
  kj::Promise<void> ask_for_body();

  /// What is written next is an answer's headers, and a body follows at once: keep them for it.
  void expect_body() { holds_ = true; }

  // -- kj::AsyncInputStream -----------------------------------------------------------------------

  kj::Promise<std::size_t> read(void* buffer, std::size_t least, std::size_t most) override;
  kj::Promise<std::size_t> tryRead(void* buffer, std::size_t least, std::size_t most) override;

  // -- kj::AsyncOutputStream ----------------------------------------------------------------------

  kj::Promise<void> write(const void* buffer, std::size_t size) override;
  kj::Promise<void> write(kj::ArrayPtr<const kj::ArrayPtr<const kj::byte>> pieces) override;
  kj::Promise<void> whenWriteDisconnected() override { return inner_->whenWriteDisconnected(); }

  // -- kj::AsyncIoStream --------------------------------------------------------------------------

  void shutdownWrite() override { inner_->shutdownWrite(); }
  void abortRead() override { inner_->abortRead(); }
  void getsockopt(int level, int option, void* value, kj::uint* length) override {
    inner_->getsockopt(level, option, value, length);
  }
  void setsockopt(int level, int option, const void* value, kj::uint length) override {
    inner_->setsockopt(level, option, value, length);
  }
  void getsockname(struct sockaddr* address, kj::uint* length) override {
    inner_->getsockname(address, length);
  }
  void getpeername(struct sockaddr* address, kj::uint* length) override {
    inner_->getpeername(address, length);
  }
  kj::Maybe<int> getFd() const override { return inner_->getFd(); }

private:
  void look_at(std::string_view read);

  kj::Own<kj::AsyncIoStream> inner_;
  const std::shared_ptr<presence> presence_;
  std::string first_line_;  ///< As far as it has come.
  bool first_line_ended_ = false;
  bool is_old_ = false;
  std::string held_;  ///< Headers that wait for their body, or leave with it.
  kj::ArrayPtr<const kj::byte> leaving_[2];
  kj::Maybe<kj::TimePoint> body_since_;
  bool holds_ = false;
  bool ended_ = false;
};

}  // namespace perdure::gateway
