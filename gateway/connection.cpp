#include "gateway/connection.h"

#include <utility>

#include <kj/debug.h>

namespace perdure::gateway {

kj::Promise<std::size_t> connection::read(void* buffer, std::size_t least, std::size_t most) {
  if (ended_) return kj::Promise<std::size_t>(KJ_EXCEPTION(DISCONNECTED, "ended"));
  return inner_->read(buffer, least, most);
}

kj::Promise<std::size_t> connection::tryRead(void* buffer, std::size_t least, std::size_t most) {
  if (ended_) return std::size_t{0};
  auto read = inner_->tryRead(buffer, least, most);
  if (first_line_ended_) return read;
  return read.then([this, buffer](std::size_t count) {
    look_at({static_cast<const char*>(buffer), count});
    return count;
  });
}

kj::Promise<void> connection::ask_for_body() {
  static constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
  return inner_->write(go_on.data(), go_on.size());
}

void connection::look_at(std::string_view read) {
  constexpr std::size_t longest = 64 * 1024;  // More than kj takes.
  if (first_line_ended_) return;
  const auto end = read.find('\n');
  first_line_ += read.substr(0, end);
  if (end == std::string_view::npos && first_line_.size() < longest) return;
  if (first_line_.ends_with('\r')) first_line_.pop_back();
  is_old_ = first_line_.ends_with(" HTTP/1.0");
  first_line_ended_ = true;
  first_line_ = {};
}

kj::Promise<void> connection::write(const void* buffer, std::size_t size) {
  const auto* bytes = static_cast<const char*>(buffer);
  if (std::exchange(holds_, false)) {
    held_.assign(bytes, size);
    return kj::READY_NOW;
  }
  if (held_.empty()) return inner_->write(buffer, size);
  leaving_[0] = kj::arrayPtr(held_.data(), held_.size()).asBytes();
  leaving_[1] = kj::arrayPtr(bytes, size).asBytes();
  return inner_->write(kj::arrayPtr(leaving_, 2)).then([this] { held_.clear(); });
}

kj::Promise<void> connection::write(kj::ArrayPtr<const kj::ArrayPtr<const kj::byte>> pieces) {
  KJ_REQUIRE(held_.empty() && !holds_, "an answer's body is written in one piece");
  return inner_->write(pieces);
}

}  // namespace perdure::gateway
