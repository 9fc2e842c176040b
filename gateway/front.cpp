#include "gateway/front.h"

#include <kj/time.h>
#include <spdlog/spdlog.h>

namespace perdure::gateway {

namespace {

constexpr std::size_t read_at_once = 16 * 1024;

double seconds_since(kj::TimePoint begin) {
  const auto taken = kj::systemPreciseMonotonicClock().now() - begin;
  return static_cast<double>(taken / kj::NANOSECONDS) * 1e-9;
}

error too_large(std::size_t limit) {
  return {errc::too_large, "the body exceeds " + std::to_string(limit) + " bytes"};
}

}  // namespace

/// One request from its headers to the end of its answer.
struct front::exchange {
  kj::TimePoint began = kj::systemPreciseMonotonicClock().now();
  std::string_view endpoint_name = "none";
  http_request asked;
  reply answered;
  std::unique_ptr<char[]> buffer;
};

kj::Promise<void> front::request(kj::HttpMethod method, kj::StringPtr url,
                                 const kj::HttpHeaders& headers, kj::AsyncInputStream& body,
                                 Response& response) {
  auto owned = kj::heap<exchange>();
  auto& now = *owned;
  auto answered = [&]() -> kj::Promise<reply> {
    auto parsed = http_request::parse(method, url, headers, ids_);
    if (!parsed) return refuse(problem(std::move(parsed).error()));
    now.asked = *std::move(parsed);
    return answer(now, body);
  }();
  return answered
      .then([this, &now, &response](reply given) {
        now.answered = std::move(given);
        // Streams last as long as their clients like: that is no latency.
        service_.metrics.record(now.endpoint_name, now.answered.status, seconds_since(now.began));
        return send(now.answered, response);
      })
      .attach(kj::mv(owned));
}

kj::Promise<reply> front::answer(exchange& now, kj::AsyncInputStream& body) {
  auto found = find_endpoint(now.asked);
  if (auto* refused = std::get_if<reply>(&found)) return std::move(*refused);
  auto* endpoint = std::get<const gateway::endpoint*>(found);
  now.endpoint_name = endpoint->name;
  const auto state = service_.state.load();
  if (endpoint->available == availability::when_ready && state != readiness::ready) {
    return state == readiness::starting ? refuse(errc::unavailable, "the node is starting")
                                        : refuse(errc::draining, "the node is shutting down");
  }
  if (now.asked.method != kj::HttpMethod::POST) return endpoint->handle(service_, now.asked);
  auto length = body.tryGetLength();
  KJ_IF_MAYBE (known, length) {
    if (*known > service_.options.body_bytes_max) {
      return refuse(problem(too_large(service_.options.body_bytes_max)));
    }
    now.asked.body.reserve(*known);
  }
  return read_body(now, body).then([this, &now, endpoint](bool whole) -> kj::Promise<reply> {
    if (!whole) return refuse(problem(too_large(service_.options.body_bytes_max)));
    return endpoint->handle(service_, now.asked);
  });
}

/// Returns whether the body was within the limit.
kj::Promise<bool> front::read_body(exchange& now, kj::AsyncInputStream& body) {
  now.buffer = std::make_unique_for_overwrite<char[]>(read_at_once);
  auto late = service_.timer.afterDelay(service_.options.body_time.count() * kj::MILLISECONDS)
                  .then([]() -> bool {
                    kj::throwFatalException(
                        kj::Exception(kj::Exception::Type::DISCONNECTED, __FILE__, __LINE__,
                                      kj::str("the body was not sent in time")));
                  });
  return read_more(now, body).exclusiveJoin(kj::mv(late));
}

kj::Promise<bool> front::read_more(exchange& now, kj::AsyncInputStream& body) {
  return body.tryRead(now.buffer.get(), 1, read_at_once)
      .then([this, &now, &body](std::size_t count) -> kj::Promise<bool> {
        if (count == 0) return true;
        if (now.asked.body.size() + count > service_.options.body_bytes_max) return false;
        now.asked.body.append(now.buffer.get(), count);
        return read_more(now, body);
      });
}

kj::Promise<void> front::send(const reply& what, Response& response) {
  kj::HttpHeaders headers(*ids_.table);
  const bool empty = what.status == 204;
  if (!empty) headers.set(kj::HttpHeaderId::CONTENT_TYPE, what.content_type);
  for (auto& [name, value] : what.headers) headers.add(name, kj::StringPtr(value.c_str()));
  const std::string phrase(reason_phrase(what.status));
  if (what.stream) {
    auto out = response.send(what.status, phrase.c_str(), headers);
    return what.stream(*out).attach(kj::mv(out));
  }
  auto out = response.send(what.status, phrase.c_str(), headers, what.body.size());
  if (empty || what.body.empty()) return kj::READY_NOW;
  return out->write(what.body.data(), what.body.size()).attach(kj::mv(out));
}

kj::Promise<void> front::handleClientProtocolError(kj::HttpHeaders::ProtocolError why,
                                                   kj::HttpService::Response& response) {
  service_.metrics.record("none", why.statusCode, 0);
  const error what{errc::malformed, std::string("HTTP: ") + why.description.cStr()};
  auto answered = kj::heap<reply>(refuse(problem(what, why.statusCode)));
  auto& kept = *answered;
  return send(kept, response).attach(kj::mv(answered));
}

kj::Promise<void> front::handleApplicationError(kj::Exception thrown,
                                                kj::Maybe<kj::HttpService::Response&> response) {
  if (thrown.getType() == kj::Exception::Type::DISCONNECTED) return kj::READY_NOW;
  spdlog::warn("http: {}", thrown.getDescription().cStr());
  KJ_IF_MAYBE (open, response) {
    service_.metrics.record("none", 500, 0);
    auto answered = kj::heap<reply>(refuse(errc::internal, thrown.getDescription().cStr()));
    auto& kept = *answered;
    return send(kept, *open).attach(kj::mv(answered));
  }
  return kj::READY_NOW;
}

}  // namespace perdure::gateway
