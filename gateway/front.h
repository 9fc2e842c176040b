#pragma once

/// What kj calls for each request: takes it apart, finds its endpoint, reads its body, lets the
/// handler answer, and counts it. Lives on the event loop.

#include <perdure/capnp_compat.h>

#include <kj/compat/http.h>

#include "gateway/connection.h"
#include "gateway/router.h"
#include "gateway/service.h"

namespace perdure::gateway {

class front final : public kj::HttpServerErrorHandler, public kj::HttpServerCallbacks {
public:
  front(service& shared, const header_ids& ids) : service_(shared), ids_(ids) {}

  /// Returns what serves one client. REQUIRES: both outlive it.
  kj::Own<kj::HttpService> serve(connection& client);

  // -- kj::HttpServerErrorHandler -----------------------------------------------------------------

  kj::Promise<void> handleClientProtocolError(kj::HttpHeaders::ProtocolError why,
                                              kj::HttpService::Response& response) override;
  kj::Promise<void> handleApplicationError(kj::Exception thrown,
                                           kj::Maybe<kj::HttpService::Response&> response) override;

  // -- kj::HttpServerCallbacks --------------------------------------------------------------------

  /// Whether the answer that is being sent shall say that it is the last one.
  bool shouldClose() override { return closing_ || service_.state.load() == readiness::draining; }

private:
  struct exchange;
  class conversation;

  kj::Promise<void> request(kj::HttpMethod method, kj::StringPtr url,
                            const kj::HttpHeaders& headers, kj::AsyncInputStream& body,
                            kj::HttpService::Response& response, connection& client);
  kj::Promise<reply> answer(exchange& now, kj::AsyncInputStream& body);
  kj::Promise<reply> with_body(exchange& now, const endpoint& found, kj::AsyncInputStream& body);
  kj::Promise<bool> read_more(exchange& now, kj::AsyncInputStream& body);
  kj::Promise<void> respond(exchange& now, kj::HttpService::Response& response);
  kj::Promise<void> send(const reply& what, kj::HttpService::Response& response);
  kj::Promise<void> send_problem(reply what, kj::HttpService::Response& response);

  service& service_;
  const header_ids& ids_;
  bool closing_ = false;
};

}  // namespace perdure::gateway
