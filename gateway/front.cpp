#include "gateway/front.h"

#include <strings.h>

#include <algorithm>

#include <kj/time.h>
#include <spdlog/spdlog.h>

namespace perdure::gateway {

namespace {

constexpr std::size_t read_at_once = 16 * 1024;

double seconds_since(kj::TimePoint begin) {
  const auto taken = kj::systemPreciseMonotonicClock().now() - begin;
  return static_cast<double>(taken / kj::NANOSECONDS) * 1e-9;
}

bool says_close(const kj::HttpHeaders& headers) {
  KJ_IF_MAYBE (value, headers.get(kj::HttpHeaderId::CONNECTION)) {
    return strcasecmp(value->cStr(), "close") == 0;
  }
  return false;
}

}  // namespace

/// One request from its headers to the end of its answer.
struct front::exchange {
  kj::TimePoint began = kj::systemPreciseMonotonicClock().now();
  connection& client;
  kj::HttpMethod method;
  bool is_last = false;
  std::string_view endpoint_name = "none";
  http_request asked = {};
  reply answered = {};
  std::optional<std::size_t> left = {};  ///< Of the body, when its length is known.
};

/// Hands a client's requests to the front, with the client.
class front::conversation final : public kj::HttpService {
public:
  conversation(front& all, connection& client) : front_(all), client_(client) {}

  kj::Promise<void> request(kj::HttpMethod method, kj::StringPtr url,
                            const kj::HttpHeaders& headers, kj::AsyncInputStream& body,
                            Response& response) override {
    return front_.request(method, url, headers, body, response, client_);
  }

private:
  front& front_;
  connection& client_;
};

kj::Own<kj::HttpService> front::serve(connection& client) {
  return kj::heap<conversation>(*this, client);
}

kj::Promise<void> front::request(kj::HttpMethod method, kj::StringPtr url,
                                 const kj::HttpHeaders& headers, kj::AsyncInputStream& body,
                                 kj::HttpService::Response& response, connection& client) {
  auto owned = kj::heap<exchange>(exchange{.client = client, .method = method});
  auto& now = *owned;
  now.is_last = says_close(headers) || client.is_old();
  auto parsed = http_request::parse(method, url, headers, ids_);
  kj::Promise<reply> answered = nullptr;
  if (parsed) {
    now.asked = *std::move(parsed);
    now.asked.client = client.client();
    answered = kj::evalNow([&] { return answer(now, body); });
  } else {
    answered = refuse(problem(std::move(parsed).error()));
  }
  return answered
      .catch_([](kj::Exception&& thrown) -> reply {
        if (thrown.getType() == kj::Exception::Type::DISCONNECTED)
          kj::throwFatalException(kj::mv(thrown));
        spdlog::error("http: a handler failed: {}", thrown.getDescription().cStr());
        return refuse(errc::internal, "a handler failed; the node's log says why");
      })
      .then([this, &now, &response](reply given) {
        now.answered = std::move(given);
        return respond(now, response);
      })
      .attach(kj::mv(owned));
}

kj::Promise<reply> front::answer(exchange& now, kj::AsyncInputStream& body) {
  auto found = find_endpoint(now.asked);
  if (auto* refused = std::get_if<reply>(&found)) return std::move(*refused);
  auto& endpoint = *std::get<const gateway::endpoint*>(found);
  now.endpoint_name = endpoint.name;
  const auto state = service_.state.load();
  if (endpoint.available == availability::when_ready && state != readiness::ready) {
    return state == readiness::starting ? refuse(errc::unavailable, "the node is starting")
                                        : refuse(errc::draining, "the node is shutting down");
  }
  if (endpoint.method != kj::HttpMethod::GET && now.asked.is_cross_site) {
    return refuse(errc::forbidden, "requests from web pages of another origin are not taken");
  }
  if (endpoint.method == kj::HttpMethod::POST) return with_body(now, endpoint, body);
  return endpoint.handle(service_, now.asked);
}

kj::Promise<reply> front::with_body(exchange& now, const endpoint& found,
                                    kj::AsyncInputStream& body) {
  const auto limit = service_.options.body_bytes_max;
  auto too_large = [limit]() -> reply {
    return refuse(errc::too_large, "the body exceeds " + std::to_string(limit) + " bytes");
  };
  KJ_IF_MAYBE (length, body.tryGetLength()) {
    if (*length > limit) return too_large();
    now.left = *length;
  }
  now.client.body_began(service_.timer.now());
  enum class reading { whole, too_long, broken };
  // kj would leave such a client waiting (RFC 9110, 10.1.1).
  auto asked = now.asked.expects_continue ? now.client.ask_for_body() : kj::READY_NOW;
  return asked.then([this, &now, &body] { return read_more(now, body); })
      .then([](bool whole) { return whole ? reading::whole : reading::too_long; },
            [](kj::Exception&& thrown) {
              // What kj cannot make sense of is the client's mistake; a client that is gone is
              // none.
              if (thrown.getType() == kj::Exception::Type::DISCONNECTED) {
                kj::throwFatalException(kj::mv(thrown));
              }
              return reading::broken;
            })
      .then([this, &now, &found, too_large](reading outcome) -> kj::Promise<reply> {
        now.client.body_ended();
        if (outcome == reading::too_long) return too_large();
        if (outcome == reading::whole) return found.handle(service_, now.asked);
        now.is_last = true;
        return refuse(errc::malformed, "HTTP: the body is not what its headers say");
      });
}

/// Reads the rest of the body, behind what has been read. Returns whether it was within the limit.
/// Room is made for what has come, not for what a client says will come.
kj::Promise<bool> front::read_more(exchange& now, kj::AsyncInputStream& body) {
  if (now.left == 0u) return true;
  auto& text = now.asked.body;
  const auto limit = service_.options.body_bytes_max;
  const auto has = text.size();
  const auto room = std::min({now.left.value_or(read_at_once), read_at_once, limit + 1 - has});
  text.resize(has + room);
  return body.tryRead(text.data() + has, 1, room)
      .then([this, &now, &body, has, limit](std::size_t count) -> kj::Promise<bool> {
        now.asked.body.resize(has + count);
        if (now.asked.body.size() > limit) return false;
        if (count == 0) return true;
        if (now.left) *now.left -= count;
        return read_more(now, body);
      });
}

kj::Promise<void> front::respond(exchange& now, kj::HttpService::Response& response) {
  // Streams last as long as their clients like: the time to their beginning counts.
  service_.metrics.record(now.endpoint_name, now.answered.status, seconds_since(now.began));
  now.is_last = now.is_last || service_.state.load() == readiness::draining;
  const bool body_follows = !now.answered.stream && now.answered.status != 204 &&
                            now.method != kj::HttpMethod::HEAD && !now.answered.body.empty();
  if (body_follows) now.client.expect_body();
  if (now.is_last) now.client.end_after_answer();
  closing_ = now.is_last;
  auto sent = send(now.answered, response);
  closing_ = false;
  return sent;
}

kj::Promise<void> front::send(const reply& what, kj::HttpService::Response& response) {
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

// -- what kj refuses by itself -------------------------------------------------------------------

kj::Promise<void> front::send_problem(reply what, kj::HttpService::Response& response) {
  service_.metrics.record("none", what.status, 0);
  auto answered = kj::heap<reply>(std::move(what));
  auto& kept = *answered;
  return send(kept, response).attach(kj::mv(answered));
}

kj::Promise<void> front::handleClientProtocolError(kj::HttpHeaders::ProtocolError why,
                                                   kj::HttpService::Response& response) {
  // A method that HTTP does not know is the client's mistake like any other.
  const unsigned status = why.statusCode < 500 ? why.statusCode : 400;
  const error what{errc::malformed, std::string("HTTP: ") + why.description.cStr()};
  return send_problem(refuse(problem(what, status)), response);
}

/// Handlers' failures are answered by `request`, so this is what kj cannot make sense of.
kj::Promise<void> front::handleApplicationError(kj::Exception thrown,
                                                kj::Maybe<kj::HttpService::Response&> response) {
  if (thrown.getType() == kj::Exception::Type::DISCONNECTED) return kj::READY_NOW;
  spdlog::debug("http: {}", thrown.getDescription().cStr());
  KJ_IF_MAYBE (open, response) {
    return send_problem(refuse(errc::malformed,
                               "HTTP: the request's headers contradict each other "
                               "or its body"),
                        *open);
  }
  return kj::READY_NOW;
}

}  // namespace perdure::gateway
