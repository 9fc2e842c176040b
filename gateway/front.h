#pragma once

/// What kj calls for each request: takes it apart, finds its endpoint, reads its body, lets the
/// handler answer, and counts it. Lives on the event loop.

#include <perdure/capnp_compat.h>

#include <kj/compat/http.h>

#include "gateway/router.h"
#include "gateway/service.h"

namespace perdure::gateway {

class front final : public kj::HttpService, public kj::HttpServerErrorHandler {
public:
  front(service& shared, const header_ids& ids) : service_(shared), ids_(ids) {}

  kj::Promise<void> request(kj::HttpMethod method, kj::StringPtr url,
                            const kj::HttpHeaders& headers, kj::AsyncInputStream& body,
                            Response& response) override;

  // -- what kj refuses by itself, and what went wrong
  // -----------------------------------------------

  kj::Promise<void> handleClientProtocolError(kj::HttpHeaders::ProtocolError why,
                                              kj::HttpService::Response& response) override;
  kj::Promise<void> handleApplicationError(kj::Exception thrown,
                                           kj::Maybe<kj::HttpService::Response&> response) override;

private:
  struct exchange;

  kj::Promise<reply> answer(exchange& now, kj::AsyncInputStream& body);
  kj::Promise<bool> read_body(exchange& now, kj::AsyncInputStream& body);
  kj::Promise<bool> read_more(exchange& now, kj::AsyncInputStream& body);
  kj::Promise<void> send(const reply& what, Response& response);

  service& service_;
  const header_ids& ids_;
};

}  // namespace perdure::gateway
