#pragma once

/// HTTP requests to one node, on an event loop in a thread of its own, over connections that are
/// kept and used again. Knows nothing of entities; nothing is tried twice here.
///
/// Threads: all members from any thread; callbacks come on the transport's thread, must not block,
/// and may send again. Each is called once, on destruction at the latest.

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <perdure/errors.h>
#include <perdure/types.h>

#include "gateway/url.h"

namespace perdure::gateway {

enum class http_verb : std::uint8_t { get, post, del };

struct http_message {
  http_verb verb = http_verb::get;
  std::string path;  ///< With its query string, percent-encoded.
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string body = {};
};

struct http_response {
  unsigned status = 0;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;

  /// Returns a header's value, or "".
  std::string_view header(std::string_view name) const;
  bool succeeded() const { return status >= 200 && status < 300; }
};

class http_transport {
public:
  http_transport(http_address server, std::size_t connections_max);
  ~http_transport();

  using answered = std::function<void(result<http_response>)>;

  /// Sends. Errors: unavailable when the node cannot be reached or the connection breaks, timeout.
  void send(http_message what, duration timeout, answered done);

  /// As `send`, but waits. Not on the transport's thread.
  result<http_response> fetch(http_message what, duration timeout);

  /// As `send`, for an answer that goes on: a successful one's body is handed to `piece` as it
  /// comes, until that returns false or it ends; `done` gets the response with an empty body.
  void follow(http_message what, std::function<bool(std::string_view)> piece, answered done);

  /// Calls `then` after `time`; not at all when the transport ends before.
  void after(duration time, std::function<void()> then);

private:
  class loop;
  std::unique_ptr<loop> loop_;
};

}  // namespace perdure::gateway
