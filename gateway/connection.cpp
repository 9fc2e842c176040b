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
  return inner_->tryRead(buffer, least, most);
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
