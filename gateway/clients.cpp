#include "gateway/clients.h"

#include <sys/socket.h>

#include <spdlog/spdlog.h>

namespace perdure::gateway {

namespace {

constexpr auto look_every = 500 * kj::MILLISECONDS;
constexpr auto pause_after_failure = 100 * kj::MILLISECONDS;

/// Whether the peer has closed its side and everything it sent has been read.
bool has_closed(int socket) {
  char next = 0;
  return socket >= 0 && ::recv(socket, &next, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

int descriptor_of(kj::AsyncIoStream& stream) {
  KJ_IF_MAYBE (fd, stream.getFd()) return *fd;
  return -1;
}

}  // namespace

clients::clients(service& shared, kj::HttpServer& server)
    : service_(shared),
      server_(server),
      conversations_(*this),
      looking_(look_around().eagerlyEvaluate(nullptr)) {}

kj::Promise<void> clients::accept(kj::ConnectionReceiver& receiver) {
  return receiver.accept()
      .then([this](kj::Own<kj::AsyncIoStream> stream) -> kj::Promise<void> {
        if (clients_.size() < service_.options.connections_max) {
          welcome(kj::mv(stream));
        } else {
          turn_away(kj::mv(stream));
        }
        return kj::READY_NOW;
      })
      .catch_([this](kj::Exception&& thrown) -> kj::Promise<void> {
        // Out of descriptors, most likely: others will be closed.
        spdlog::warn("http: cannot accept a connection: {}", thrown.getDescription().cStr());
        return service_.timer.afterDelay(pause_after_failure);
      })
      .then([this, &receiver] { return accept(receiver); });
}

void clients::welcome(kj::Own<kj::AsyncIoStream> stream) {
  const int on = 1;
  kj::runCatchingExceptions([&] { stream->setsockopt(SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on); });
  auto pair = kj::newPromiseAndFulfiller<void>();
  const auto socket = descriptor_of(*stream);
  auto client = kj::heap<connection>(kj::mv(stream));
  const auto place =
      clients_.insert(clients_.end(), {client.get(), socket, false, kj::mv(pair.fulfiller)});
  service_.metrics.connection_opened();
  // The entry goes with the stream that it points to.
  auto entry = kj::heap(kj::defer([this, place] {
    clients_.erase(place);
    service_.metrics.connection_closed();
  }));
  conversations_.add(
      server_.listenHttp(client.attach(kj::mv(entry))).exclusiveJoin(kj::mv(pair.promise)));
}

void clients::turn_away(kj::Own<kj::AsyncIoStream> stream) {
  service_.metrics.connection_refused();
  const error why{errc::overloaded, "too many connections; the node serves at most " +
                                        std::to_string(service_.options.connections_max)};
  const auto body = problem(why).to_json();
  auto text = kj::heap<std::string>(
      "HTTP/1.1 429 Too Many Requests\r\nConnection: close\r\nRetry-After: 1\r\n"
      "Content-Type: application/problem+json\r\nContent-Length: " +
      std::to_string(body.size()) + "\r\n\r\n" + body);
  // It fits into the socket's buffer, so this does not wait for the client.
  conversations_.add(
      stream->write(text->data(), text->size()).attach(kj::mv(stream), kj::mv(text)));
}

kj::Promise<void> clients::look_around() {
  return service_.timer.afterDelay(look_every).then([this] {
    const auto now = service_.timer.now();
    const auto body_time = service_.options.body_time.count() * kj::MILLISECONDS;
    for (auto& client : clients_) {
      const bool closed = has_closed(client.socket);
      const bool late = client.stream->is_late(now, body_time);
      if (late || (closed && client.closed_before)) client.give_up->fulfill();
      client.closed_before = closed;
    }
    return look_around();
  });
}

void clients::taskFailed(kj::Exception&& thrown) {
  if (thrown.getType() == kj::Exception::Type::DISCONNECTED) return;
  spdlog::debug("http: a connection failed: {}", thrown.getDescription().cStr());
}

}  // namespace perdure::gateway
