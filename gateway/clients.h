#pragma once

/// The connections of a server: how many there may be, and when one is given up. Lives on the event
/// loop.
///
/// A client that has closed its side while its request is under way is noticed within a second, and
/// its wait is dropped; so is one whose body is late. A client that dies without a word is noticed
/// by TCP.

#include <list>

#include <perdure/capnp_compat.h>

#include <kj/compat/http.h>

#include "gateway/connection.h"
#include "gateway/service.h"

namespace perdure::gateway {

class clients final : private kj::TaskSet::ErrorHandler {
public:
  /// REQUIRES: both outlive this.
  clients(service& shared, kj::HttpServer& server);

  /// Accepts connections and lets the server converse with each, until the promise is dropped.
  /// Conversations go on then, as long as this lives.
  kj::Promise<void> accept(kj::ConnectionReceiver& receiver);

private:
  struct client {
    connection* stream = nullptr;  ///< Lives as long as this.
    int socket = -1;
    bool closed_before = false;  ///< It had closed its side when last looked at.
    kj::Own<kj::PromiseFulfiller<void>> give_up;
  };

  void welcome(kj::Own<kj::AsyncIoStream> stream);
  void turn_away(kj::Own<kj::AsyncIoStream> stream);
  kj::Promise<void> look_around();
  void taskFailed(kj::Exception&& thrown) override;

  service& service_;
  kj::HttpServer& server_;
  std::list<client> clients_;
  kj::TaskSet conversations_;  ///< After `clients_`, which they use.
  kj::Promise<void> looking_;
};

}  // namespace perdure::gateway
